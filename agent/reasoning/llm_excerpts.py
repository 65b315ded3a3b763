"""What of a round's answers is shown to a model: a bounded number of characters, the telling lines first.

A pure function of the round's steps and of words known from the start, so that a round is shown with the same bytes in
every call. What is left out stays in the store, where ``inspect`` finds it by the step's handle.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files

import yaml

from agent.analysis.logs import mask
from agent.model import Step
from agent.redaction import redact

ROUND_CHARACTERS = 6_000
"""Of the answers of one round together."""
LEAST_CHARACTERS = 160
"""Of one answer, however many there are."""
LONGEST_LINE = 320
_LISTS: dict[str, str] = yaml.safe_load(
    files(__package__).joinpath("relevance.yaml").read_text(encoding="utf-8")
)
_PATTERNS = {
    name: re.compile("|".join(re.escape(w.replace("_", " ")) for w in text.split()))
    for name, text in _LISTS.items()
}
_WORTH = {"serious": 3.0, "changed": 2.0, "dull": -2.0}
_NAMED, _REPEATED, _HEAD = 1.5, -4.0, 100.0


def excerpts(
    steps: Sequence[Step], terms: Collection[str] = (), characters: int = ROUND_CHARACTERS
) -> dict[int, str]:
    """Step number -> what is shown of its answer.

    Args:
        steps: one round.
        terms: names whose lines matter more.
        characters: for all answers together; what one does not need goes to the others.
    """
    whole = {s.number: _lines(s) for s in steps if s.reading is not None}
    sizes = {number: sum(len(line) + 1 for line in lines) for number, lines in whole.items()}
    room = _shares(sizes, max(characters, LEAST_CHARACTERS * len(whole)))
    seen: Counter[str] = Counter()
    shown = {}
    for number, lines in whole.items():
        shown[number] = _picked(lines, room[number], terms, seen, number)
        seen.update({mask(line) for line in lines[1:]})
    return shown


def _lines(step: Step) -> list[str]:
    text = redact(step.reading.observation) if step.reading is not None else ""
    return [_cut(line) for line in text.splitlines() if line.strip()]


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _shares(sizes: Mapping[int, int], characters: int) -> dict[int, int]:
    """An equal share for each, what the small ones leave going to the large."""
    shares: dict[int, int] = {}
    left = characters
    for place, number in enumerate(sorted(sizes, key=lambda n: sizes[n])):
        shares[number] = min(sizes[number], left // (len(sizes) - place))
        left -= shares[number]
    return shares


def _picked(
    lines: Sequence[str], room: int, terms: Collection[str], seen: Mapping[str, int], number: int
) -> str:
    """The most telling lines that fit, in their own order, and how many there are besides."""
    if sum(len(line) + 1 for line in lines) <= room and not any(mask(x) in seen for x in lines):
        return "\n".join(lines)
    worth = {
        place: (_HEAD if place == 0 else _worth(line, terms, seen))
        for place, line in enumerate(lines)
    }
    kept: set[int] = set()
    for place in sorted(worth, key=lambda p: (-worth[p], p)):
        size = len(lines[place]) + 1
        if worth[place] > _REPEATED / 2 and (size <= room or not kept):
            kept.add(place)
            room -= size
    text = "\n".join(lines[p] for p in sorted(kept))
    left = len(lines) - len(kept)
    return f"{text}\n+{left} lines: inspect s{number}" if left else text


def _worth(line: str, terms: Collection[str], seen: Mapping[str, int]) -> float:
    """How much a line tells: trouble and change, names that matter; little when another answer shows the same."""
    low = line.lower()
    worth = sum(w for name, w in _WORTH.items() if _PATTERNS[name].search(low))
    worth += _NAMED * any(term in low for term in terms)
    return worth + (_REPEATED if mask(line) in seen else 0.0)
