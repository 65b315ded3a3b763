"""The sentences of a report said in other words: true as they were."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from benchmarks.fabrications import NAME, NUMBER, TIME, Told

Change = Callable[[str], str]


def paraphrases(told: Told, ways: Mapping[str, Change]) -> Iterator[Told]:
    """The sentence as it was and said in these ways, as far as they change it; what is quoted stays word by word."""
    yield told
    for kind, change in ways.items():
        parts = re.split(r'("[^"]*")', told.text)
        text = (
            change(told.text)
            if kind.endswith("whole")
            else "".join(p if p.startswith('"') else change(p) for p in parts)
        )
        if text not in ("", told.text):
            yield told._replace(text=text, kind=kind)


def _introduced(text: str) -> str:
    return f"The data show this much: {text}"


def _concluded(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}, which is why customers are affected."


def _reordered(text: str) -> str:
    head, comma, tail = text.rpartition("; ")
    return f"{tail}; {head}" if comma else ""


def _rounded(text: str) -> str:
    def shorter(match: re.Match[str]) -> str:
        if not match[2] or len(match[2]) < 3:
            return match[0]
        return f"{float(match[0].replace(',', '')):.{len(match[2]) - 2}f}"

    return NUMBER.sub(shorter, text)


def _roughly(text: str) -> str:
    def rough(match: re.Match[str]) -> str:
        whole = match[1].replace(",", "")
        if match[2] or len(whole) < 4:
            return match[0]
        return f"about {round(int(whole), 2 - len(whole)):,}"

    return NUMBER.sub(rough, text)


def _other_unit(text: str) -> str:
    text = re.sub(r"(?<![\w.])(\d+) ?Gi(?:B)?\b", lambda m: f"{int(m[1]) * 1024} MiB", text)
    text = re.sub(r"(?<![\w.])(\d{3,}) ?ms\b", lambda m: f"{int(m[1]) / 1000:.3f} s", text)
    return re.sub(r"(?<![\w.])(\d+)0 ?min\b", lambda m: f"{int(m[1]) * 600} seconds", text)


def _in_milli(text: str) -> str:
    return re.sub(r"(?<![\w.])(\d+\.\d+) GB\b", lambda m: f"{float(m[1]) * 1000:,.0f} MB", text)


def _with_zone(text: str) -> str:
    return TIME.sub(lambda m: f"{m[0]} UTC", text)


def _elsewhere(text: str) -> str:
    return TIME.sub(lambda m: f"{(int(m[1]) + 1) % 24:02d}:{m[2]} CET", text)


def _in_halves(text: str) -> str:
    def said(match: re.Match[str]) -> str:
        hour = int(match[1])
        return f"{hour % 12 or 12}:{match[2]} {'pm' if hour >= 12 else 'am'}"

    return TIME.sub(said, text)


def _marked(text: str) -> str:
    return NAME.sub(
        lambda m: f"`{m[0]}`" if any(c.isdigit() for c in m[0]) else m[0], text, count=1
    )


DEVELOPMENT: dict[str, Change] = {
    "introduced, whole": _introduced,
    "reordered, whole": _reordered,
    "rounded": _rounded,
    "another unit": _other_unit,
    "time with its zone": _with_zone,
}
HELD_OUT: dict[str, Change] = {
    "concluded, whole": _concluded,
    "roughly": _roughly,
    "another unit": _in_milli,
    "time of another zone": _elsewhere,
    "time by am and pm": _in_halves,
    "name marked": _marked,
}
"""Ways that the gate was not tuned with."""
