"""The grounding gate: what an outgoing sentence claims must be found, by value, in the stored answers of tools.

Numbers are compared by value with the rounding they were written in and the units they may be in (12.8 GB is found in
13743895347 bytes); ratios and percentages may also be those of two decisive values of the same answers. Times of day are
compared by the minute, names and quotations as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from agent.investigation.tokens import Moment, Quantity, Tokens, tokens_of
from agent.investigation.words import words
from agent.model import Claim, Evidence, Step

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_DECISIVE = words("decisive_keys")
"""Keys whose values may be set against each other in a ratio or a percentage."""
_SLACK = 1e-6


@dataclass(frozen=True)
class Pool:
    """What sentences may be grounded in: answers of tools, and evidence that code computed from them."""

    steps: tuple[Step, ...]
    statements: tuple[str, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], evidence: Iterable[Evidence] = ()) -> Pool:
        """A pool of answered steps and admitted evidence."""
        return cls(
            tuple(s for s in steps if s.reading is not None), tuple(e.statement for e in evidence)
        )

    @cached_property
    def _parsed(self) -> list[Tokens]:
        observed = [s.reading.observation for s in self.steps if s.reading is not None]
        return [tokens_of(_ISO.sub(" ", text)) for text in (*observed, *self.statements)]

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """All values: of the data, of the observation, and the lengths of lists."""
        found = {
            abs(q.value) * scale
            for t in self._parsed
            for q in t.quantities
            for scale in _as_base(q)
        }
        for step in self.steps:
            if step.reading is not None:
                found.update(abs(n) for _, n in _numbers("", step.reading.data))
            found.update(abs(n) for _, n in _numbers("", step.check.arguments))
        return tuple(sorted(found))

    @cached_property
    def decisive(self) -> tuple[float, ...]:
        """The values that may be set against each other."""
        found = {
            abs(n)
            for step in self.steps
            if step.reading is not None
            for key, n in _numbers("", step.reading.data)
            if key in _DECISIVE and n
        }
        return tuple(sorted(found))

    @cached_property
    def ratios(self) -> tuple[float, ...]:
        """Quotients of two decisive values, and shares of a written fraction such as 95/100."""
        return tuple({a / b for a in self.decisive for b in self.decisive if a != b})

    @cached_property
    def minutes(self) -> frozenset[tuple[int, int]]:
        """Times of day (hour, minute) that occur, each also rounded up."""
        found = {(m.hour, m.minute) for t in self._parsed for m in t.moments}
        for at in self._times():
            for moment in (at, at + timedelta(seconds=30)):
                found.add((moment.hour, moment.minute))
        return frozenset(found)

    @cached_property
    def text(self) -> str:
        """Everything as text, for names and quotations."""
        parts = list(self.statements)
        for step in self.steps:
            parts += [step.check.key, step.error]
            if step.reading is not None:
                reading = step.reading
                data = json.dumps(reading.data, default=str, ensure_ascii=False)
                parts += [reading.observation, data, reading.raw, reading.query]
        return _normal(" ".join(parts))

    def _times(self) -> Iterator[datetime]:
        for step in self.steps:
            yield step.started_at
            if step.reading is None:
                continue
            data = json.dumps(step.reading.data, default=str)
            for text in _ISO.findall(data + step.reading.observation):
                try:
                    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
                except ValueError:
                    continue
                yield at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def ungrounded(sentence: str, pool: Pool) -> tuple[str, ...]:
    """The numbers, times, names and quotations of a sentence that are not in the pool."""
    tokens = tokens_of(sentence)
    missing = [q.text for q in tokens.quantities if not _has_quantity(q, pool)]
    missing += [m.text for m in tokens.moments if not _has_moment(m, pool)]
    missing += [n for n in tokens.names if n.lower() not in pool.text]
    missing += [q for q in tokens.quotes if _normal(q) not in pool.text]
    return tuple(missing)


def struck(
    claims: Sequence[Claim], steps: Sequence[Step], evidence: Sequence[Evidence]
) -> tuple[tuple[Claim, ...], int]:
    """The claims that their own citations carry, and how many were struck.

    A claim without a valid citation, or with a fact that is not in what it cites, is struck.
    """
    kept = [c for c in claims if is_carried(c, steps, evidence)]
    return tuple(kept), len(claims) - len(kept)


def is_carried(claim: Claim, steps: Sequence[Step], evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence that a claim cites exists and holds every fact in it."""
    cited = [e for e in evidence if e.number in claim.citations]
    if not cited or len(cited) != len(set(claim.citations)):
        return False
    numbers = {e.step for e in cited}
    pool = Pool.of([s for s in steps if s.number in numbers], cited)
    return not ungrounded(claim.text, pool)


def _has_quantity(quantity: Quantity, pool: Pool) -> bool:
    if any(_found(quantity, scale, pool.numbers) for scale in quantity.scales):
        return True
    if quantity.is_ratio:
        return _found(quantity, 1.0, pool.ratios)
    if quantity.is_percent:
        shares = pool.ratios
        return _found(quantity, 0.01, shares) or _found(
            quantity, 0.01, tuple(abs(r - 1.0) for r in shares)
        )
    return False


def _found(quantity: Quantity, scale: float, values: Sequence[float]) -> bool:
    low = (quantity.value - quantity.half_step) * scale
    high = (quantity.value + quantity.half_step) * scale
    slack = _SLACK * max(abs(low), abs(high))
    return any(low - slack <= v <= high + slack for v in values)


def _has_moment(moment: Moment, pool: Pool) -> bool:
    return (moment.hour, moment.minute) in pool.minutes


def _as_base(quantity: Quantity) -> tuple[float, ...]:
    """The values that a written number stands for: as written, and in its base unit."""
    return tuple(dict.fromkeys((1.0, *quantity.scales)))


def _numbers(key: str, data: object) -> Iterator[tuple[str, float]]:
    if isinstance(data, bool):
        return
    if isinstance(data, (int, float)):
        yield key, float(data)
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _numbers(str(name), value)
    elif isinstance(data, (list, tuple)):
        yield "length", float(len(data))
        for value in data:
            yield from _numbers(key, value)
    elif isinstance(data, str) and not _ISO.match(data) and len(data) < 400:
        for quantity in tokens_of(data).quantities:
            yield "text", quantity.value


def _normal(text: str) -> str:
    return re.sub(r"[\s\\]+", " ", text).replace('"', "").casefold().strip()
