"""Numbers as people write them: with units, grouped digits, a rounding, a rate, or as durations of several parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.investigation.units import RATIO, SECONDS, UNITS, Meaning, seconds_of
from agent.investigation.words import words

_UNIT_WORDS = sorted((u for u in UNITS if not u.startswith("ratio")), key=len, reverse=True)
_NUMBER = re.compile(
    r"(?<![\w.,:/@-])(?P<sign>[-+−±~≈<>≤≥]{0,2})(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<rest>\.\d+)?(?P<power>e[-+]?\d+)?"
    r"(?:[\s-]?(?P<unit>" + "|".join(map(re.escape, _UNIT_WORDS)) + r")(?![\w%]))?(?![\w%])"
    r"|\b(?P<ordinal>\d+)(?:st|nd|rd|th)\b|\bp(?P<percentile>\d\d)\b"
    r"|(?<=\d[/–-])(?P<second>\d+(?:\.\d+)?)(?![\w.])",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"\s?(?:/\s?|(?:per|an?|each|every)\s)(second|sec|s|minute|min|m|hour|h|day|d|week)\b|\s(hour|dai)ly\b",
    re.I,
)
_PARTS = (
    (86400.0, "d(?:ays?)?"),
    (3600.0, "h(?:ours?|rs?)?"),
    (60.0, "m(?:in(?:ute)?s?)?"),
    (1.0, "s(?:ec(?:ond)?s?)?"),
)
_DURATION = re.compile(
    r"(?<![\w.,:/@-])(?=\d+\s?[dhms])"
    + "".join(rf"(?:(\d+)\s?{p}(?:,? and |,? )?)?" for _, p in _PARTS)
    + r"(?!\w)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_HEDGE = re.compile(r"(?:about|around|roughly|nearly|almost|approximately|some|close to|~|≈)\s*$")
_FINEST_SPAN_SECONDS = 0.5
_AROUND = 40
_ROUND_DIGITS = 2
_MOST_HEDGED = 0.025
"""How far off a hedged round number may be, as a share of it: ``about 23,800``."""
_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_WORD_NUMBER = re.compile(
    rf"\b({'|'.join(_WORDS)})(?=\s(?:[a-z]+\s)?(?:{'|'.join(sorted(words('countable')))})\b)", re.I
)


class Quantity(NamedTuple):
    """A number as written."""

    text: str
    value: float
    half_step: float
    """How far the true value may be off, by the digits shown."""
    meanings: tuple[Meaning, ...] = ()
    """The ways to take its unit; none without one."""
    per_seconds: float | None = None
    """What it is a rate over, if said."""
    before: str = ""
    """What stands before it, lower case, as far as it matters."""
    after: str = ""

    @property
    def is_relative(self) -> bool:
        """Whether it may be the quotient of two values."""
        return any(m.dimension == RATIO for m in self.meanings)

    @property
    def is_multiple(self) -> bool:
        """Whether it is written as a multiple of something (``3x``), which is never the bare value itself."""
        return self.text.lower().endswith(("x", "×", "fold"))

    @property
    def is_round(self) -> bool:
        """Whether it is a whole number of at most two digits, or of those and zeros."""
        return self.value.is_integer() and len(str(int(self.value)).rstrip("0")) <= _ROUND_DIGITS

    @property
    def is_whole(self) -> bool:
        """Whether it is written without decimals and without a unit, as a number of things is."""
        return not self.meanings and self.half_step in (0.0, 0.5)

    @property
    def is_duration(self) -> bool:
        """Whether it may be a span between two moments: those are told in whole seconds at most."""
        return any(
            m.dimension == SECONDS and self.half_step * m.factor >= _FINEST_SPAN_SECONDS
            for m in self.meanings
        )


def quantities_in(text: str) -> Iterator[Quantity]:
    """The numbers of a text without times of day, names and quotations."""
    if _DIGIT.search(text) is not None:
        yield from _durations(text)
        text = _DURATION.sub(_without_durations, text)
        for match in _NUMBER.finditer(text):
            yield _quantity(match, text)
    for match in _WORD_NUMBER.finditer(text):
        value = float(_WORDS[match[1].lower()])
        yield Quantity(match[0], value, 0.0, (), None, *_around(match, text))


def _quantity(match: re.Match[str], text: str) -> Quantity:
    plain = match["second"] or match["ordinal"] or match["percentile"]
    written = plain or match["whole"].replace(",", "") + (match["rest"] or "")
    unit = (match["unit"] or "").lower()
    scale = float(f"1{match['power'] or ''}")
    value = float(written) * scale
    decimals = len(written.partition(".")[2])
    half_step = 0.5 * 10.0**-decimals * scale
    if not decimals and (match["sign"] or _HEDGE.search(text[: match.start()].lower())):
        zeros = len(written) - len(written.rstrip("0"))
        half_step = max(half_step, min(0.5 * 10.0**zeros, _MOST_HEDGED * value))
    rate = _RATE.match(text, match.end())
    per_seconds = seconds_of((rate[1] or rate[2]).replace("dai", "day")) if rate else None
    meanings, around = UNITS.get(unit, ()), _around(match, text)
    return Quantity(match[0].strip(), value, half_step, meanings, per_seconds, *around)


def _around(match: re.Match[str], text: str) -> tuple[str, str]:
    start, end = match.span()
    return text[max(0, start - _AROUND) : start].lower(), text[end : end + _AROUND].lower()


def _durations(text: str) -> Iterator[Quantity]:
    """Durations of several parts, such as 2h15m: in seconds, cut off or rounded at their smallest part."""
    for match in _DURATION.finditer(text):
        given = [(int(p), s) for p, (s, _) in zip(match.groups(), _PARTS, strict=True) if p]
        if len(given) > 1:
            total = sum(p * s for p, s in given)
            yield Quantity(match[0].strip(" ,"), total, given[-1][1], (Meaning(SECONDS, 1.0),))


def _without_durations(match: re.Match[str]) -> str:
    return " " if sum(p is not None for p in match.groups()) > 1 else match[0]
