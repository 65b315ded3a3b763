"""The grounding gate: what an outgoing sentence claims must be found, by value, in the stored answers of tools.

Numbers are compared by value with the rounding they were written in and the units they may be in (12.8 GB is found in
13743895347 bytes); ratios and percentages may also be those of two values that belong together, in one record of an answer
or in the sentence itself. Times are compared in UTC by the minute, or as exactly as they are written; names as whole
names, quotations as text. What a record says of one thing does not carry a sentence that names another of its kind.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from agent.investigation.facts import Facts, Part
from agent.investigation.keys import is_common_key, key_of, keys_beside
from agent.investigation.names import is_named, known_names, occurs, plain_names, subjects_of
from agent.investigation.records import Answer, times_of
from agent.investigation.tokens import tokens_of
from agent.investigation.units import COUNT, RATIO
from agent.investigation.values import Number, Values, numbers_of
from agent.investigation.words import words
from agent.model import Claim, Evidence, Step

__all__ = ["Grounds", "Pool", "is_carried", "known_names", "struck", "unfounded", "ungrounded"]

_FEW = 3
_ESCAPES = re.compile(r"\\[nrt]|[\s\\]+")
_PURPOSE = re.compile(
    r"\b(?:to|by|for|every|within|least|most|than|until|after|in|of|another)\s+[-+~≈<>≤≥]{0,2}$"
)
_PROPOSING = re.compile(
    r"(?:^\W*|\b(?:and|or|then|to|please|should|could|would|can|must|may|might|we|you|not|by|also|first|next|[a-z]+ly)\s+)"
    rf"(?:{'|'.join(sorted(words('proposing')))})\b"
)
"""A verb of advice where a verb stands, not the noun (``reaches its limit of``)."""
_CLAUSE = re.compile(r"[.;,:]\s|\b(?:because|since|as|which|that|where|when|whose|while)\b")
_LINE = re.compile(r"\"[^\"\n]*\s[^\"\n]*\"|`[^`\n]*\s[^`\n]*`")
"""A quoted line: what it names is not what the sentence is about."""
_COMMAND = re.compile(r"`([^`\n]+)`")


class Source:
    """One answered step, taken apart when it is first asked for."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.subjects, self.look = subjects_of(step.check)

    @cached_property
    def answer(self) -> Answer:
        """Its numbers and times; of an answer that several investigations share, taken apart once."""
        step = self.step
        if (reading := step.reading) is None:
            return Answer(step)
        title = f"grounds {step.check.key} {step.started_at.isoformat()}"
        rests_on = (reading.data, reading.observation)
        return reading.notebook.kept(title, rests_on, lambda: Answer(step))

    def is_on(self, sentence: str) -> bool:
        """Whether it looked at something that a sentence (lower case) names."""
        return any(is_named(n, sentence) for n in self.subjects)

    def part(self, sentence: str, named: dict[int, int], *, whole: bool) -> Part:
        """What it gives to a sentence that names these records of it: those alone, or all but their siblings."""
        answer = self.answer
        out = answer.out_of_place(sentence, named)
        only = None if whole else named
        borne = (p for p, r in enumerate(answer.records) if r.names and p not in named)
        unnamed = frozenset(borne if named else ())
        lesser, closer = answer.overruled(_CLAUSE.split(sentence), named)
        return Part(
            answer.values,
            answer.ratios,
            answer.lapses,
            answer.times,
            out,
            only,
            unnamed,
            lesser=lesser,
            closer=closer,
        )

    @cached_property
    def shown(self) -> str:
        """What of it a reasoner reads, for names and quotations."""
        reading = self.step.reading
        shown = "" if reading is None else f"{reading.observation} {reading.query}"
        return normal(f"{self.step.check.key} {self.step.error} {shown}")

    @cached_property
    def whole(self) -> str:
        """The rest of it: the data, and the answer as it was."""
        if (reading := self.step.reading) is None:
            return ""
        return normal(f"{json.dumps(reading.data, default=str, ensure_ascii=False)} {reading.raw}")


class Said:
    """A statement that counts as known, such as one that was admitted as evidence."""

    def __init__(self, text: str, step: int = 0) -> None:
        self.step = step
        """The step that it is of; 0: of none."""
        self.text = normal(text)
        self._original = text

    @cached_property
    def part(self) -> Part:
        """Its numbers and times."""
        tokens, numbers = tokens_of(self._original, in_quotes=True), []
        for quantity in tokens.quantities:
            key = next(filter(is_common_key, keys_beside(quantity)), "")
            # ``restarted 8 times`` counts; only where nothing is called so are times a multiple as well.
            counts = bool(key) and any(m.dimension == COUNT for m in quantity.meanings)
            numbers += [
                n._replace(key=key)
                for n in numbers_of(quantity, ())
                if not (counts and n.unit is not None and n.unit.dimension == RATIO)
            ]
        return Part(Values(numbers), (), Values(()), times_of(tokens.moments, ()))


@dataclass(frozen=True)
class Pool:
    """What sentences may be grounded in: answers of tools, and statements that count as known."""

    sources: tuple[Source, ...]
    said: tuple[Said, ...] = ()
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
        sources = tuple(Source(s) for s in steps if s.reading is not None)
        return cls(sources, tuple(Said(e.statement, e.step) for e in evidence), known)

    def saying(self, texts: Iterable[str]) -> Pool:
        """The same with more that counts as known."""
        return replace(self, said=(*self.said, *map(Said, texts)))

    def holds(self, name: str) -> bool:
        """Whether the name occurs, as a whole name."""
        low = name.casefold()
        return any(is_named(low, s.text) or f"{low}-" in s.text for s in self.said) or any(
            occurs(low, text) for text in self._texts()
        )

    def quotes(self, text: str) -> bool:
        """Whether the text occurs word by word."""
        wanted = normal(text)
        said = (s.text for s in self.said)
        return any(wanted in known for known in chain(said, self._texts()))

    def facts(self, sentence: str, names: Sequence[str]) -> Facts:
        """The numbers and times that a sentence may state: of what it names, not of others of the kind."""
        low = _LINE.sub(" ", sentence).lower()
        parts = self._told(low, names)
        told = [n for p in parts for n in p.values]
        called: dict[str, list[tuple[int, Number]]] = defaultdict(list)
        elsewhere = self._elsewhere(low)
        for source in self.sources:
            if source.step.number in elsewhere:
                continue
            named = source.answer.named(low)
            part = source.part(low, named, whole=not self._is_wide or source.is_on(low))
            parts.append(part)
            for number in filter(part.counts, source.answer.called):
                key, rank = (
                    key_of(number.key),
                    max((named.get(p, 0) for p in number.path), default=0),
                )
                if rank or is_common_key(key):
                    called[key].append((rank, number))
        return Facts(
            sentence.lower(), parts, {key: _meant(key, some, told) for key, some in called.items()}
        )

    @property
    def _is_wide(self) -> bool:
        """Whether a sentence may rest on so many steps, as a headline may, that it has to name what its numbers are of."""
        return len(self.sources) > _FEW

    def _told(self, sentence: str, names: Sequence[str]) -> list[Part]:
        """What the statements give to a sentence."""
        if not self._is_wide:
            elsewhere = self._elsewhere(sentence)
            return [s.part for s in self.said if s.step not in elsewhere]
        on = {s.step.number for s in self.sources if s.is_on(sentence)}
        subjects = {n for s in self.sources for n in s.subjects if is_named(n, sentence)}
        said = subjects | {n.casefold() for n in names}
        return [
            s.part._replace(words=s.text)
            for s in self.said
            if not said or s.step in on or any(is_named(n, s.text) for n in said)
        ]

    def _elsewhere(self, sentence: str) -> frozenset[int]:
        """The steps that looked in the same way at others of the kind than the sentence names."""
        looks: dict[str, list[Source]] = defaultdict(list)
        for source in self.sources:
            looks[source.look].append(source)
        found: set[int] = set()
        for same in looks.values():
            on = {s.step.number for s in same if s.is_on(sentence)}
            if on:
                found |= {s.step.number for s in same if s.step.number not in on}
        return frozenset(found)

    def _texts(self) -> Iterator[str]:
        yield from (s.shown for s in self.sources)
        yield from (s.whole for s in self.sources)


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
        self._steps = {e.number: e.step for e in evidence}
        self._said = {e.number: Said(e.statement, e.step) for e in evidence}

    def pool(self, citations: Iterable[int]) -> Pool:
        """What those pieces of evidence rest on."""
        cited = [n for n in dict.fromkeys(citations) if n in self._said]
        numbers = dict.fromkeys(self._steps[n] for n in cited)
        sources = tuple(self._sources[n] for n in numbers if n in self._sources)
        return Pool(sources, tuple(self._said[n] for n in cited), self._known)

    @cached_property
    def whole(self) -> Pool:
        """All of it."""
        return Pool(tuple(self._sources.values()), tuple(self._said.values()), self._known)

    def carry(self, claim: Claim) -> bool:
        """Whether the evidence that a claim cites exists and holds every fact in it."""
        if not claim.citations or not set(claim.citations) <= self._said.keys():
            return False
        return not ungrounded(claim.text, self.pool(claim.citations))

    def struck(self, claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], int]:
        """The claims that their own citations carry, and how many were struck.

        A claim without a valid citation, or with a fact that is not in what it cites, is struck.
        """
        kept = tuple(c for c in claims if self.carry(c))
        return kept, len(claims) - len(kept)


def ungrounded(sentence: str, pool: Pool) -> tuple[str, ...]:
    """The numbers, times, names and quotations of a sentence that are not in the pool."""
    tokens = tokens_of(sentence)
    names = (*tokens.names, *plain_names(sentence, pool.known))
    missing = [n for n in names if not pool.holds(n)]
    missing += [q for q in tokens.quotes if not pool.quotes(q)]
    if tokens.quantities or tokens.moments or tokens.days:
        missing += pool.facts(sentence, names).lacking(tokens)
    return tuple(missing)


def unfounded(advice: str, pool: Pool) -> tuple[str, ...]:
    """The same of a question or a next step, which proposes as well as tells.

    A number that is proposed is a target (``raise it to 24 GiB``) and a command in backticks is a suggestion: its names must
    be known, its words and numbers are free.
    """
    missing = list(ungrounded(_COMMAND.sub(" ", advice), pool))
    for command in _COMMAND.findall(advice):
        parts = re.sub(r"[/=]", " ", command)
        missing += [n for n in tokens_of(parts, in_quotes=True).names if not pool.holds(n)]
    return tuple(m for m in missing if not _is_target(m, advice))


def struck(
    claims: Sequence[Claim], steps: Sequence[Step], evidence: Sequence[Evidence]
) -> tuple[tuple[Claim, ...], int]:
    """The claims that their own citations carry, and how many were struck."""
    return Grounds(steps, evidence).struck(claims)


def is_carried(claim: Claim, steps: Sequence[Step], evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence that a claim cites exists and holds every fact in it."""
    return Grounds(steps, evidence).carry(claim)


def normal(text: str) -> str:
    """Text as it is compared: lower case, one blank for any space, without quotation marks and escapes."""
    return _ESCAPES.sub(" ", text).replace('"', "").casefold().strip()


def _is_target(text: str, advice: str) -> bool:
    """Whether a number is what is proposed (``raise its limit to 24 GiB``), not a fact that is told."""
    clause = _CLAUSE.split(advice[: advice.find(text)].lower())[-1]
    is_number = re.match(r"[-+~≈<>≤≥]{0,2}\d", text) is not None and ":" not in text
    return is_number and bool(_PROPOSING.search(clause)) and bool(_PURPOSE.search(clause))


def _meant(key: str, some: Sequence[tuple[int, Number]], told: Iterable[Number]) -> Values:
    """The values that are called so: those of the records that the sentence names best, and what was said."""
    best = max(rank for rank, _ in some)
    said = (n for n in told if n.key in ("", key))
    return Values((*(n for rank, n in some if rank == best), *said))
