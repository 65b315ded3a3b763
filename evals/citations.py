"""Whether citations open stored bytes, and whether those bytes carry what the citing sentence says.

It shares no code with the bot's own gate. A figure that was computed from a series (a ratio, a rate) stands in no answer
as such, so a sentence counts as carried when any of its values or names is found in what it cites; one without values and
names, when one of its words is. A sentence on an absence ("no rollout of auth") is carried by any answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from evals.told import Sentence

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TIME = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_NAME = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)+\b")
_WORD = re.compile(r"\b[A-Za-z][A-Za-z0-9]{3,}\b")
_ABSENCE = re.compile(r"\b(?:no|not|none|never|nothing|without)\b", re.IGNORECASE)
_MARK = re.compile(r"\[\d+\]")
_SCALES = (
    1.0,
    1e2,
    1e3,
    1e-3,
    1e6,
    1e-6,
    1e-9,
    60.0,
    1 / 60,
    1 / 3600,
    2.0**-10,
    2.0**-20,
    2.0**-30,
    2.0**-40,
)
"""Between the units of vendors and those of people: percent, milli, bytes in GiB and GB, minutes, hours."""
_EPOCHS = (1.4e9, 2.2e9)


@dataclass(frozen=True)
class Stored:
    """A stored answer, looked into by value."""

    text: str

    def carries(self, sentence: str) -> bool:
        """Whether a value or a name of the sentence is in it."""
        said = _MARK.sub(" ", sentence)
        times = {(int(h), int(m)) for h, m in _TIME.findall(said)}
        said = _TIME.sub(" ", said)
        names = _NAME.findall(said)
        numbers = _NUMBER.findall(said)
        if any(name in self.text for name in names) or times & self._minutes:
            return True
        if any(self._has(written) for written in numbers) or _ABSENCE.search(said):
            return True
        if names or times or numbers:
            return False
        return any(word in self._lowered for word in map(str.lower, _WORD.findall(said)))

    @cached_property
    def _lowered(self) -> str:
        return self.text.lower()

    @cached_property
    def _numbers(self) -> list[float]:
        return sorted({float(n) for n in _NUMBER.findall(self.text)})

    @cached_property
    def _minutes(self) -> set[tuple[int, int]]:
        written = {(int(h), int(m)) for h, m in _TIME.findall(self.text)}
        seconds = [n / 1e3 if n > _EPOCHS[1] else n for n in self._numbers]
        moments = [datetime.fromtimestamp(s, UTC) for s in seconds if _EPOCHS[0] < s < _EPOCHS[1]]
        return written | {(m.hour, m.minute) for m in moments}

    def _has(self, written: str) -> bool:
        value = float(written)
        places = len(written.partition(".")[2])
        slack = 0.5 * 10.0**-places if "e" not in written.lower() else abs(value) * 1e-6
        return any(
            self._between((value - slack) / scale, (value + slack) / scale) for scale in _SCALES
        )

    def _between(self, low: float, high: float) -> bool:
        at = bisect_left(self._numbers, low)
        return at < len(self._numbers) and self._numbers[at] <= high


@dataclass(frozen=True)
class Checked:
    """What became of a finding's citations."""

    total: int = 0
    invented: tuple[int, ...] = ()
    """Citations that open nothing."""
    uncarried: tuple[str, ...] = ()
    """Sentences of whose values and names nothing is in what they cite."""


def check(sentences: Iterable[Sentence], opens: Callable[[int], str | None]) -> Checked:
    """Open every citation.

    Args:
        sentences: of the finding.
        opens: the stored bytes behind a citation as text; None when there are none.
    """
    told = list(sentences)
    numbers = sorted({n for s in told for n in s.citations})
    stored = {n: Stored(text) for n in numbers if (text := opens(n))}
    uncarried = [
        s.text
        for s in told
        if s.citations and not any(stored[n].carries(s.text) for n in s.citations if n in stored)
    ]
    invented = tuple(n for n in numbers if n not in stored)
    return Checked(len(numbers), invented, tuple(uncarried))
