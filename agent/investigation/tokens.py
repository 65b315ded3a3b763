"""What in a sentence claims a fact: its numbers with units, times, names of resources and quotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.investigation.words import words

_SCALES: dict[str, tuple[float, ...]] = {
    "": (1.0,),
    "b": (1.0,),
    "byte": (1.0,),
    "bytes": (1.0,),
    "kb": (1e3, 2.0**10),
    "mb": (1e6, 2.0**20),
    "gb": (1e9, 2.0**30),
    "tb": (1e12, 2.0**40),
    "kib": (2.0**10,),
    "mib": (2.0**20,),
    "gib": (2.0**30,),
    "tib": (2.0**40,),
    "ki": (2.0**10,),
    "mi": (2.0**20,),
    "gi": (2.0**30,),
    "ti": (2.0**40,),
    "us": (1.0, 1e-3, 1e-6),
    "ms": (1.0, 1e-3),
    "s": (1.0, 1e3),
    "sec": (1.0, 1e3),
    "second": (1.0, 1e3),
    "seconds": (1.0, 1e3),
    "min": (60.0, 6e4, 1.0),
    "minute": (60.0, 6e4, 1.0),
    "minutes": (60.0, 6e4, 1.0),
    "h": (3600.0, 36e5, 1.0),
    "hour": (3600.0, 36e5, 1.0),
    "hours": (3600.0, 36e5, 1.0),
    "d": (86400.0, 24.0, 1.0),
    "day": (86400.0, 24.0, 1.0),
    "days": (86400.0, 24.0, 1.0),
    "%": (1.0, 0.01),
    "percent": (1.0, 0.01),
    "k": (1e3,),
    "m": (1e-3, 1e6),
    "million": (1e6,),
    "core": (1.0, 1e9),
    "cores": (1.0, 1e9),
    "millicores": (1e-3, 1e6),
}
"""Unit as written (lower case) -> what one of it may be in a stored value's unit."""
_RATIO_WORDS = frozenset({"x", "×", "times", "fold", "-fold"})
_UNITS = sorted((u for u in _SCALES if u), key=len, reverse=True)

_TIME = re.compile(
    r"(?<![\d:.])(?:(\d{4})-(\d\d)-(\d\d)[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?(?![\d:])(?:Z|\+00:00)?"
)
_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_NUMBER = re.compile(
    r"(?<![\w.,:/@-])[-+−±~≈<>≤≥]{0,2}(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"\s?(" + "|".join(map(re.escape, _UNITS)) + r"|x|×|times|-?fold)?(?![\w%])"
    r"|(?<=\d[/–-])(\d+(?:\.\d+)?)(?![\w.])",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_QUOTES = re.compile(r"`([^`\n]{2,400})`|\"([^\"\n]{4,400})\"|“([^”\n]{4,400})”")
_NAME = re.compile(r"(?<![\w./-])[a-z0-9]+(?:[-._][a-z0-9]+)+(?![\w-])")
_NEVER_NAMES = words("never_names")
_PLAIN_PARTS = words("plain_parts")


class Quantity(NamedTuple):
    """A number as written; ``decimals`` are those shown, which is how far it was rounded."""

    text: str
    value: float
    decimals: int
    scales: tuple[float, ...]
    is_ratio: bool
    is_percent: bool

    @property
    def half_step(self) -> float:
        """Half of the last digit shown: how far the true value may be off."""
        return 0.5 * 10.0**-self.decimals


class Moment(NamedTuple):
    """A time of day as written, UTC, with its date if given."""

    text: str
    hour: int
    minute: int
    date: tuple[int, int, int] | None


class Tokens(NamedTuple):
    """The checkable parts of a sentence."""

    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    names: tuple[str, ...]
    quotes: tuple[str, ...]


def tokens_of(sentence: str) -> Tokens:
    """Take a sentence apart; numbers inside quotations, times and names are not numbers of their own."""
    quotes = [next(filter(None, m.groups())) for m in _QUOTES.finditer(sentence)]
    rest = _QUOTES.sub(" ", sentence)
    moments = tuple(_moments(rest))
    rest = _TIME.sub(" ", rest)
    dates = [f"{'-'.join(m.groups())}" for m in _DATE.finditer(rest)]
    rest = _DATE.sub(" ", rest)
    names = [n for n in _NAME.findall(rest) if _is_name(n)]
    for name in names:
        rest = rest.replace(name, " ")
    return Tokens(tuple(_quantities(rest)), moments, tuple(names + dates), tuple(quotes))


def _moments(text: str) -> Iterator[Moment]:
    for match in _TIME.finditer(text):
        year, month, day, hour, minute, _ = match.groups()
        date = (int(year), int(month), int(day)) if year else None
        yield Moment(match.group().strip(), int(hour), int(minute), date)


def _quantities(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        written = (match.group(1) or match.group(3)).replace(",", "")
        unit = (match.group(2) or "").lower()
        _, _, decimals = written.partition(".")
        yield Quantity(
            text=match.group().strip(),
            value=float(written),
            decimals=len(decimals),
            scales=_SCALES.get(unit, (1.0,)),
            is_ratio=unit in _RATIO_WORDS,
            is_percent=unit in ("%", "percent"),
        )


def _is_name(word: str) -> bool:
    if word in _NEVER_NAMES or _BARE_NUMBER.fullmatch(word):
        return False
    parts = re.split(r"[-._]", word)
    if all(p.isdigit() for p in parts):
        return False
    return not any(p in _PLAIN_PARTS for p in parts)
