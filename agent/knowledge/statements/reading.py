"""Sentences read into statements."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.knowledge.statements import phrases
from agent.knowledge.statements.known import Known, Mention

PLAIN = 0.6
"""Confidence in what a person states plainly."""
_HEDGED = 0.5
_INEXACT = 0.8
_LONGEST_SENTENCE = 500
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_QUOTED_LINE = re.compile(r"^\s*(?:&gt;|>)")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+|(?<!\s)\s+(?:but|whereas|while)\s+|\s[–—]\s")
_MARKUP = re.compile(
    r"<@[^>]*>|<#[^|>]*\|?([^>]*)>|<(?:https?|mailto)[^|>]*\|([^>]*)>|<(?:https?|mailto)[^>]*>|[`*]|(?<!\w)_|_(?!\w)"
)
_NUMBER = re.compile(r"⟦(\d+)⟧")
_NOISE = re.compile(
    r"(?:\b(?:the|our|an?)\s+)?(?:\b(?:service|team|database|job|cronjob)\s+)?(⟦\d+⟧)(?:['’]s)?"
    r"(?:\s+(?:microservice|service|app|application|api|database|db|cache|queue|topic|cluster|team|cron\s?job|instance"
    r"|store|pods?|deployment|workload|backend|folks|people|squad|management|handling|state|data)(?![\w-]))?",
    re.I,
)


class Statement(NamedTuple):
    """What somebody said of two things, or of one and a value."""

    subject: str
    """The one that depends, calls, routes, owns, runs or is renamed: a known name."""
    kind: str
    """depends_on, calls, routes_to, owns, targets (a job works on a store), same_as, schedule."""
    object: str
    """A known name; of ``schedule`` a time of day (``02:00``); of ``same_as`` the new name, known or not."""
    holds: bool
    """False: said not (any more) to be so."""
    confidence: float
    """0..1: hedges lower it."""
    quote: str
    """The sentence, as it stands in the text."""


def statements_in(text: str, known: Known | Iterable[str]) -> list[Statement]:
    """What a text states about known things, in order of appearance, each once.

    Questions, conditions, plans, quoted lines and code state nothing.

    Args:
        text: prose in plain text, Slack's markup or Markdown.
        known: the names that may be spoken of; services, data stores, jobs and teams alike.
    """
    names = known if isinstance(known, Known) else Known(known)
    found: dict[tuple[str, str, str], Statement] = {}
    for sentence in _sentences(text):
        for statement in _read(sentence, names):
            found[statement[:3]] = statement
    return list(found.values())


def _sentences(text: str) -> Iterator[str]:
    prose = _FENCE.sub("\n", text)
    for line in prose.splitlines():
        if not _QUOTED_LINE.match(line):
            for part in _SENTENCE_END.split(line):
                if 0 < len(part.strip()) <= _LONGEST_SENTENCE:
                    yield part.strip()


class _Masked(NamedTuple):
    """A sentence in which each known name stands as ``⟦n⟧``."""

    text: str
    mentions: list[Mention]
    quote: str

    def names(self, masked: str) -> list[Mention]:
        return [self.mentions[int(n)] for n in _NUMBER.findall(masked)]


def _read(quote: str, known: Known) -> Iterator[Statement]:
    plain = (
        _MARKUP.sub(lambda m: m[1] or m[2] or "", quote).replace("⟦", "").replace("’", "'").strip()
    )
    if plain.endswith("?") or phrases.QUESTION.match(plain):
        return
    mentions = known.mentions(plain)
    if not mentions:
        return
    sentence = _Masked(_mask(plain, mentions), mentions, quote)
    yield from _clauses(sentence)
    yield from _arrows(sentence)
    yield from _moves(sentence)
    yield from _renames(sentence)
    yield from _schedules(sentence)


def _mask(text: str, mentions: list[Mention]) -> str:
    parts, position = [], 0
    for number, mention in enumerate(mentions):
        parts += [text[position : mention.start], f"⟦{number}⟧"]
        position = mention.end
    masked = phrases.POSSESSIVE.sub(
        lambda m: f"{m[1]} {'does not use' if m[2] else 'uses'} ", "".join(parts) + text[position:]
    )
    return _NOISE.sub(r"\1", masked)


def _clauses(sentence: _Masked) -> Iterator[Statement]:
    for phrase, pattern in phrases.CLAUSES:
        for match in pattern.finditer(sentence.text):
            said = _said(sentence, match)
            if said is None:
                continue
            holds, sure = said[0] != phrase.denies, said[1]
            denied = phrases.NOT_BUT.match(sentence.text, match.end())
            objects = [(o, holds) for o in sentence.names(match["object"])]
            objects += [(o, not holds) for o in sentence.names(denied["object"] if denied else "")]
            for one in _subjects(sentence, match):
                for other, is_so in objects:
                    pair = (other, one) if phrase.backwards else (one, other)
                    yield from _statement(sentence, pair, phrase.kind, is_so, sure)


def _subjects(sentence: _Masked, match: re.Match[str]) -> list[Mention]:
    """Those of whom a clause speaks: in ``A uses B and C calls D``, it is C alone that calls.

    In ``A, which uses B, is owned by C`` it is not B that is owned: nobody is told of then.
    """
    subjects = sentence.names(match["subject"])
    if not phrases.VERB_BEFORE.search(sentence.text[: match.start()]):
        return subjects
    return [] if match["aux"].startswith(",") else subjects[-1:]


def _arrows(sentence: _Masked) -> Iterator[Statement]:
    for match in phrases.ARROW.finditer(sentence.text):
        said = _said(sentence, match)
        if said is not None:
            [source], [target] = sentence.names(match["subject"]), sentence.names(match["object"])
            yield from _statement(sentence, (source, target), "depends_on", *said)


def _moves(sentence: _Masked) -> Iterator[Statement]:
    for pattern in (phrases.MOVED, phrases.MOVED_BY_ITSELF):
        for match in pattern.finditer(sentence.text):
            said = _said(sentence, match)
            if said is None:
                continue
            holds, sure = said
            [subject] = sentence.names(match["subject"])
            for group, is_so in (("old", not holds), ("new", holds)):
                for other in sentence.names(match[group] or ""):
                    yield from _statement(sentence, (subject, other), "depends_on", is_so, sure)


def _renames(sentence: _Masked) -> Iterator[Statement]:
    for match in phrases.RENAMED.finditer(sentence.text):
        said = _said(sentence, match)
        if said is None or not said[0]:
            continue
        [subject] = sentence.names(match["subject"])
        others = sentence.names(match["object"])
        name = others[0].name if others else match["object"]
        if name.lower() != subject.name.lower() and (others or re.search(r"[-_\d]", name)):
            yield Statement(subject.name, "same_as", name, True, said[1], sentence.quote)


def _schedules(sentence: _Masked) -> Iterator[Statement]:
    found = (p.finditer(sentence.text) for p in (phrases.RUNS, phrases.RESCHEDULED))
    for match in itertools.chain.from_iterable(found):
        said = _said(sentence, match)
        if said is None or not (match["minute"] or match["half"]):
            continue
        hour = int(match["hour"])
        if match["half"]:
            hour = hour % 12 + (12 if match["half"].lower().startswith("p") else 0)
        [subject] = sentence.names(match["subject"])
        time_of_day = f"{hour:02}:{match['minute'] or '00'}"
        yield Statement(subject.name, "schedule", time_of_day, *said, sentence.quote)


def _said(sentence: _Masked, match: re.Match[str]) -> tuple[bool, float] | None:
    """Whether it holds and how sure the speaker is; None for plans and conditions."""
    aux = match.groupdict().get("aux") or ""
    before = sentence.text[: match.start()]
    leading = f"{before} {aux}"
    if phrases.NOT_YET.search(leading) or phrases.UNTIL.match(sentence.text, match.end()):
        return None
    doubted = phrases.DOUBTED.search(leading) is not None
    denied = doubted or phrases.UNTRUE.search(leading) is not None
    negated = bool(phrases.NEGATED.search(aux)) or bool(
        phrases.ENDED.search(sentence.text[match.end() :][:40])
    )
    sure = PLAIN * (_HEDGED if doubted or phrases.HEDGED.search(leading) else 1.0)
    return negated == denied, round(sure, 3)


def _statement(
    sentence: _Masked, pair: tuple[Mention, Mention], kind: str, holds: bool, sure: float
) -> Iterator[Statement]:
    source, target = pair
    if source.name != target.name:
        sure *= _INEXACT if not (source.exact and target.exact) else 1.0
        yield Statement(source.name, kind, target.name, holds, round(sure, 3), sentence.quote)
