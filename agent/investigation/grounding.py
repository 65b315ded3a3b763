"""The grounding gate: what an outgoing sentence claims must be found, by value, in the stored answers of tools.

Numbers are compared by value with the rounding they were written in and the units they may be in (12.8 GB is found in
13743895347 bytes); ratios and percentages may also be those of two values that belong together, in one record of an answer
or in the sentence itself. Times are compared in UTC by the minute, or as exactly as they are written; names as whole
names, quotations as text. What a record says of one thing does not carry a sentence that names another of its kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.investigation.records import Answer, Time, available, facts_of, is_named
from agent.investigation.tokens import Moment, Quantity, Tokens, tokens_of
from agent.model import Case, Claim, Evidence, Step

_SLACK = 1e-6
_ESCAPES = re.compile(r"\\[nrt]|[\s\\]+")
_WORD = re.compile(r"(?<![\w./-])[a-z][a-z0-9]+(?![\w-])")
_KEY_BEFORE = re.compile(r"([a-z]{5,})(?:\s+(?:is|was|of|at))?:?\s+$")
_KEY_AFTER = re.compile(r"\s+([a-z]{5,})\b")
_PURPOSE = re.compile(
    r"\b(?:to|by|for|every|within|least|most|than|until|after|in|at|of|the last|another)\s+[-+~≈<>≤≥]{0,2}$"
)
"""Before a number: it is a target that is proposed, not a fact that is told."""


class Source:
    """One answered step, taken apart when it is first asked for."""

    def __init__(self, step: Step) -> None:
        self.step = step

    @cached_property
    def answer(self) -> Answer:
        """Its numbers and times."""
        return Answer(self.step)

    @cached_property
    def text(self) -> str:
        """All of it as text, for names and quotations."""
        step, reading = self.step, self.step.reading
        parts = [step.check.key, step.error]
        if reading is not None:
            data = json.dumps(reading.data, default=str, ensure_ascii=False)
            parts += [reading.observation, data, reading.raw, reading.query]
        return _normal(" ".join(parts))


@dataclass(frozen=True)
class Pool:
    """What sentences may be grounded in: answers of tools, and statements that were admitted as evidence."""

    sources: tuple[Source, ...]
    statements: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    """Names of the company's things that are made of plain words: where a sentence has one, it names that thing."""

    @classmethod
    def of(
        cls,
        steps: Iterable[Step],
        evidence: Iterable[Evidence] = (),
        known: frozenset[str] = frozenset(),
    ) -> Pool:
        """A pool of answered steps and admitted evidence."""
        return cls(
            tuple(Source(s) for s in steps if s.reading is not None),
            tuple(e.statement for e in evidence),
            known,
        )

    @cached_property
    def said(self) -> tuple[list[float], list[Moment]]:
        """The values and times of the statements."""
        facts = [facts_of(s) for s in self.statements]
        return [v for values, _ in facts for v in values], [m for _, times in facts for m in times]

    def holds(self, name: str) -> bool:
        """Whether the name occurs, as a whole name."""
        low = name.casefold()
        return any(
            is_named(low, s.casefold()) or f"{low}-" in s.casefold() for s in self.statements
        ) or any(_occurs(low, s.text) for s in self.sources)

    def quotes(self, text: str) -> bool:
        """Whether the text occurs word by word."""
        wanted = _normal(text)
        return any(wanted in _normal(s) for s in self.statements) or any(
            wanted in s.text for s in self.sources
        )


class Grounds:
    """A case's steps and evidence, each step taken apart once however many sentences cite it."""

    def __init__(
        self,
        steps: Iterable[Step],
        evidence: Sequence[Evidence],
        known: frozenset[str] = frozenset(),
    ) -> None:
        self._known = known
        self._sources = {s.number: Source(s) for s in steps if s.reading is not None}
        self._evidence = {e.number: e for e in evidence}

    def pool(self, citations: Iterable[int]) -> Pool:
        """What those pieces of evidence rest on."""
        cited = [self._evidence[n] for n in dict.fromkeys(citations) if n in self._evidence]
        numbers = dict.fromkeys(e.step for e in cited)
        sources = tuple(self._sources[n] for n in numbers if n in self._sources)
        return Pool(sources, tuple(e.statement for e in cited), self._known)

    @cached_property
    def whole(self) -> Pool:
        """All of it."""
        statements = tuple(e.statement for e in self._evidence.values())
        return Pool(tuple(self._sources.values()), statements, self._known)

    def carry(self, claim: Claim) -> bool:
        """Whether the evidence that a claim cites exists and holds every fact in it."""
        if not claim.citations or not set(claim.citations) <= self._evidence.keys():
            return False
        return not ungrounded(claim.text, self.pool(claim.citations))

    def struck(self, claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], int]:
        """The claims that their own citations carry, and how many were struck."""
        kept = tuple(c for c in claims if self.carry(c))
        return kept, len(claims) - len(kept)


def known_names(case: Case) -> frozenset[str]:
    """The names of things around a case that are plain words, such as ``cart``, or several of them."""
    keys = (key for r in case.relations for key in (r.source, r.target))
    names = {e.name for e in case.entities} | {key.rpartition("/")[2] for key in keys}
    return frozenset(n for n in names if " " in n or _WORD.fullmatch(n))


def ungrounded(sentence: str, pool: Pool) -> tuple[str, ...]:
    """The numbers, times, names and quotations of a sentence that are not in the pool."""
    tokens = tokens_of(sentence)
    said = set(_WORD.findall(sentence)) if pool.known else set()
    plain = [n for n in pool.known if n in said or (" " in n and n in sentence)]
    missing = [n for n in (*tokens.names, *sorted(plain)) if not pool.holds(n)]
    missing += [q for q in tokens.quotes if not pool.quotes(q)]
    if tokens.quantities or tokens.moments:
        facts = _Facts(sentence, pool)
        missing += [m.text for m in tokens.moments if not facts.have_moment(m)]
        missing += [q.text for q in _without_ground(tokens, facts)]
    return tuple(missing)


def unfounded(advice: str, pool: Pool) -> tuple[str, ...]:
    """The same of a question or a next step, whose numbers may be targets (``raise it to 24 GiB``)."""
    missing = ungrounded(advice, pool)
    return tuple(m for m in missing if not _is_target(m, advice))


def _is_target(text: str, advice: str) -> bool:
    place = advice.find(text)
    is_number = re.match(r"[-+~≈<>≤≥]{0,2}\d", text) is not None and ":" not in text
    return is_number and _PURPOSE.search(advice[:place].lower()) is not None


def struck(
    claims: Sequence[Claim], steps: Sequence[Step], evidence: Sequence[Evidence]
) -> tuple[tuple[Claim, ...], int]:
    """The claims that their own citations carry, and how many were struck.

    A claim without a valid citation, or with a fact that is not in what it cites, is struck.
    """
    return Grounds(steps, evidence).struck(claims)


def is_carried(claim: Claim, steps: Sequence[Step], evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence that a claim cites exists and holds every fact in it."""
    return Grounds(steps, evidence).carry(claim)


class _Facts:
    """What of a pool may carry one sentence: not the records of others than it names."""

    def __init__(self, sentence: str, pool: Pool) -> None:
        values, moments = pool.said
        self._values = list(values)
        self._ratios: list[float] = []
        self._sentence = sentence.lower()
        self._said = values
        self._keyed: dict[str, list[float]] = {}
        self._times: list[Time] = [Time(m.hour, m.minute, m.second, m.date, ()) for m in moments]
        for source in pool.sources:
            answer = source.answer
            out = answer.out_of_place(sentence)
            self._values += available(answer.numbers, out)
            self._ratios += available(answer.ratios, out)
            self._times += [t for t in answer.times if out.isdisjoint(t.path)]
            named = answer.named(sentence)
            for number in answer.numbers:
                if number.key and not named.isdisjoint(number.path):
                    self._keyed.setdefault(_singular(number.key), []).append(number.value)

    def have_quantity(self, quantity: Quantity) -> bool:
        if (meant := self._meant(quantity)) is not None:
            return any(_found(quantity, scale, meant) for scale in quantity.scales)
        if any(_found(quantity, scale, self._values) for scale in quantity.scales):
            return True
        return self.have_ratio(quantity, self._ratios)

    def _meant(self, quantity: Quantity) -> list[float] | None:
        """What a quantity can only mean: where the sentence names a thing and the word of one of its values
        (``auth-1 has 3 restarts``), that value; None where it says no such thing."""
        start = self._sentence.find(quantity.text.lower())
        before = _KEY_BEFORE.search(self._sentence[:start])
        after = _KEY_AFTER.match(self._sentence[start + len(quantity.text) :])
        for word in (before, after):
            if word is not None and (values := self._keyed.get(_singular(word[1]))):
                return [*values, *self._said]
        return None

    def have_ratio(self, quantity: Quantity, ratios: Sequence[float]) -> bool:
        if quantity.is_ratio:
            return _found(quantity, 1.0, ratios)
        if quantity.is_percent:
            grown = [abs(r - 1.0) for r in ratios]
            return _found(quantity, 0.01, ratios) or _found(quantity, 0.01, grown)
        return False

    def have_moment(self, moment: Moment) -> bool:
        return any(_same_time(moment, t) for t in self._times)


def _without_ground(tokens: Tokens, facts: _Facts) -> list[Quantity]:
    """The quantities that are neither stored nor follow from what the sentence itself says."""
    known = [q for q in tokens.quantities if facts.have_quantity(q)]
    lost = [q for q in tokens.quantities if q not in known]
    if not lost:
        return []
    values = [q.value * q.scales[0] for q in known if not q.is_ratio and not q.is_percent]
    ratios = [a / b for a in values for b in values if b and a != b]
    minutes = [m.hour * 60 + m.minute for m in tokens.moments if facts.have_moment(m)]
    spans = [float((b - a) % 1440 * 60) for a in minutes for b in minutes if a != b]
    return [
        q
        for q in lost
        if not facts.have_ratio(q, ratios)
        and not (len(q.scales) > 1 and not q.is_percent and _found(q, q.scales[0], spans))
    ]


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _found(quantity: Quantity, scale: float, values: Iterable[float]) -> bool:
    low = (quantity.value - quantity.half_step) * scale
    high = (quantity.value + quantity.half_step) * scale
    slack = _SLACK * max(abs(low), abs(high))
    return any(low - slack <= v <= high + slack for v in values)


def _same_time(moment: Moment, stored: Time) -> bool:
    if moment.date is not None and stored.date is not None and moment.date != stored.date:
        return False
    said, known = moment.hour * 60 + moment.minute, stored.hour * 60 + stored.minute
    if moment.second is not None and stored.second is not None:
        return (said, moment.second) == (known, stored.second)
    rounds_up = stored.second is not None and stored.second >= 30
    return said == known or (rounds_up and said == (known + 1) % 1440)


def _occurs(name: str, text: str) -> bool:
    """Whether a text has the name, or one that begins or ends with it at a separator (a pod's has its workload's)."""
    start = text.find(name)
    while start >= 0:
        before = text[start - 1 : start] if start else ""
        after = text[start + len(name) : start + len(name) + 1]
        if not before.isalnum() and not (after.isalnum() or after == "_"):
            return True
        start = text.find(name, start + 1)
    return False


def _normal(text: str) -> str:
    return _ESCAPES.sub(" ", text).replace('"', "").casefold().strip()
