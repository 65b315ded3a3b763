"""Sentences that a model might make up: a true one with one of its facts replaced.

Nothing here knows how the gate works. Negations (``is not full``) and words without a value (``rises``) are no facts that
a value could ground; they are out of scope.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

NUMBER = re.compile(
    r"(?<![\w.:/@-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?= ?(?:[A-Za-z%×]|[.,;) ]|$))(?![.\d]*[:/-]\d)"
)
TIME = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?!\d)")
NAME = re.compile(r"(?<![\w./-])[a-z][a-z0-9]+(?:-[a-z0-9]+)+(?![\w-])")
_QUOTED = re.compile(r'"([^"]{12,})"|`([^`]{12,})`')
_UNIT = re.compile(
    r"(?<=\d)(\s?)(GB|GiB|Gi|MiB|MB|ms|milliseconds|microseconds|seconds|s|minutes|min|h|cores|CPUs|bytes)\b"
)
_RATE = re.compile(r"\b(an?|per|each|every) (hour|minute|second|day)\b")
_RELATIVE = re.compile(r"(?<=\d)( ?%|x\b| times\b)")
_SPAN = re.compile(r"(?<![\w:.])(\d+)(?= ?(?:minutes|min|h|hours|d|days|seconds)\b)")
_INVENTED = ("billing-worker", "orders-cache", "fraud-db", "mail-sender", "ip-10-9-9-9")
_INVENTED_WORDS = ("mailer", "ledger", "notifier")
_INVENTED_LINES = (
    "disk quota exceeded on volume data-3",
    "certificate of the upstream has expired",
    "could not elect a leader in time",
)
_WORDS = ("rejected", "eleven", "disk", "certificate", "leader", "quota", "unexpectedly")
_ENGLISH = frozenset(
    {
        "out-of-memory",
        "read-only",
        "long-running",
        "so-called",
        "non-zero",
        "up-to-date",
        "third-party",
    }
)
_OTHER_UNITS = {
    "GB": ("MB", "TB"), "GiB": ("MiB", "TiB"), "Gi": ("Mi", "Ti"), "MiB": ("GiB", "KiB"),
    "MB": ("GB", "KB"), "ms": ("s", "min"), "milliseconds": ("seconds", "microseconds"),
    "microseconds": ("milliseconds",), "seconds": ("ms", "minutes"), "s": ("ms", "min"),
    "minutes": ("seconds", "hours"), "min": ("s", "h"), "h": ("min", "d"), "cores": ("millicores",),
    "CPUs": ("millicores",), "bytes": ("KB", "MB"),
}  # fmt: skip
PLAIN_WORD = "name that is one plain word"
"""An invented one cannot be told from English without a dictionary; it is counted apart."""
Change = Callable[[str, random.Random], str]


class Told(NamedTuple):
    """A sentence with the numbers of the evidence (or, before it is admitted, of the step) that it rests on."""

    text: str
    rests_on: tuple[int, ...]
    kind: str
    """Of a falsehood: what is false in it. Of a truth: how it was said."""


def falsehoods(told: Told, generator: random.Random, others: Sequence[str]) -> Iterator[Told]:
    """The sentence with one fact replaced, one of each kind that it has facts for.

    Args:
        told: a true sentence.
        generator: chooses.
        others: names of things in the company that the sentence does not rest on.
    """
    for kind, change in _FALSE.items():
        text = change(told.text, generator)
        if text not in ("", told.text):
            yield told._replace(text=text, kind=kind)
    if others and (match := _any(NAME, told.text, generator)) is not None:
        text = _replaced(told.text, match, generator.choice(others))
        yield told._replace(text=text, kind="name of another one")


def _replaced(text: str, match: re.Match[str] | None, new: str) -> str:
    return "" if match is None else f"{text[: match.start()]}{new}{text[match.end() :]}"


def _any(pattern: re.Pattern[str], text: str, generator: random.Random) -> re.Match[str] | None:
    found = [m for m in pattern.finditer(text) if m[0] not in _ENGLISH]
    return generator.choice(found) if found else None


def _number(text: str, generator: random.Random) -> str:
    match = _any(NUMBER, text, generator)
    if match is None:
        return ""
    old = float(match[0].replace(",", ""))
    decimals = max(0, len(match[2] or "") - 1)
    factor = generator.choice((generator.uniform(1.15, 4.0), generator.uniform(0.3, 0.85)))
    new = f"{old * factor + (3 if old < 12 and not decimals else 0):.{decimals}f}"
    return "" if float(new) == old else _replaced(text, match, new)


def _last_digits(text: str, generator: random.Random) -> str:
    match = _any(NUMBER, text, generator)
    digits = re.sub(r"\D", "", match[0]) if match else ""
    if match is None or len(digits) < 3:
        return ""
    decimals = max(0, len(match[2] or "") - 1)
    moved = generator.choice((-1, 1)) * generator.randint(3, 9) * 10.0**-decimals
    return _replaced(text, match, f"{float(match[0].replace(',', '')) + moved:.{decimals}f}")


def _time(text: str, generator: random.Random) -> str:
    moved = generator.randint(4, 50) * generator.choice((1, -1))
    return _at_other_minute(text, _any(TIME, text, generator), moved)


def _hour(text: str, generator: random.Random) -> str:
    return _at_other_minute(text, _any(TIME, text, generator), generator.choice((60, -60)))


def _at_other_minute(text: str, match: re.Match[str] | None, minutes: int) -> str:
    if match is None:
        return ""
    at = datetime(2026, 1, 5, int(match[1]), int(match[2])) + timedelta(minutes=minutes)
    return _replaced(text, match, f"{at:%H:%M}")


def _span(text: str, generator: random.Random) -> str:
    match = _any(_SPAN, text, generator)
    if match is None:
        return ""
    old = int(match[1])
    return _replaced(text, match, str(old + generator.randint(3, max(4, old))))


def _unit(text: str, generator: random.Random) -> str:
    match = _any(_UNIT, text, generator)
    return (
        _replaced(text, match, f"{match[1]}{generator.choice(_OTHER_UNITS[match[2]])}")
        if match
        else ""
    )


def _rate(text: str, generator: random.Random) -> str:
    match = _any(_RATE, text, generator)
    if match is None:
        return ""
    return _replaced(text, match, "a minute" if match[2] == "hour" else "an hour")


def _relative(text: str, generator: random.Random) -> str:
    match = _any(_RELATIVE, text, generator)
    if match is None:
        return ""
    return _replaced(text, match, "x" if "%" in match[0] else " %")


def _other_name(text: str, generator: random.Random) -> str:
    return _replaced(text, _any(NAME, text, generator), generator.choice(_INVENTED))


def _other_word(text: str, generator: random.Random) -> str:
    return _replaced(text, _any(NAME, text, generator), generator.choice(_INVENTED_WORDS))


def _suffix(text: str, generator: random.Random) -> str:
    match = _any(NAME, text, generator)
    if match is None:
        return ""
    head, _, tail = match[0].rpartition("-")
    changed = (f"{match[0]}er", f"{head}-{tail[:-1]}x", f"{match[0]}-v2", f"{head}-{tail}9")
    return _replaced(text, match, generator.choice(changed))


def _quote(text: str, generator: random.Random) -> str:
    match = _QUOTED.search(text)
    if match is None:
        return ""
    words = (match[1] or match[2]).split()
    words[generator.randrange(len(words))] = generator.choice(_WORDS)
    return _replaced(text, match, f'"{" ".join(words)}"')


def _line(text: str, generator: random.Random) -> str:
    return _replaced(text, _QUOTED.search(text), f'"{generator.choice(_INVENTED_LINES)}"')


_FALSE: dict[str, Change] = {
    "number": _number,
    "last digits of a number": _last_digits,
    "time": _time,
    "time off by an hour": _hour,
    "duration": _span,
    "unit": _unit,
    "rate's span": _rate,
    "percentage for a multiple": _relative,
    "name": _other_name,
    PLAIN_WORD: _other_word,
    "name with another suffix": _suffix,
    "quotation with another word": _quote,
    "quotation made up": _line,
}
