"""What of a round's answers is shown to a model: a bounded number of characters, the telling lines first.

A pure function of the round's steps and of words known from the start, so that a round is shown with the same bytes in
every call. What is left out stays in the store, where ``inspect`` finds it by the step's handle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from agent.analysis.logs import mask
from agent.model import Step
from agent.reasoning.relevance import worth
from agent.redaction import redact

ROUND_CHARACTERS = 6_000
"""Of the answers of one round together."""
LEAST_CHARACTERS = 160
"""Of one answer, however many there are."""
LONGEST_LINE = 320
_COMMON, _TOLD, _LEAST = 1.5, 4.0, -2.0
"""What a line loses that many answers have, that was shown before; and what it must be worth at least."""
_FEW = 2
"""A line that more answers of the round have is common."""


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
    masks = {number: [mask(line) for line in lines] for number, lines in whole.items()}
    common = Counter(m for known in masks.values() for m in set(known))
    told: set[str] = set()
    shown = {}
    for number, lines in whole.items():
        worths = [
            worth(line, terms)
            - (_COMMON if common[known] > _FEW else 0.0)
            - (_TOLD if known in told else 0.0)
            for line, known in zip(lines, masks[number], strict=True)
        ]
        shown[number] = _picked(lines, worths, room[number], number)
        told.update(masks[number][1:])
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


def _picked(lines: Sequence[str], worths: Sequence[float], room: int, number: int) -> str:
    """The first line and the most telling ones that fit, in their own order, and how many there are besides."""
    if sum(len(line) + 1 for line in lines) <= room and min(worths, default=0.0) > _LEAST:
        return "\n".join(lines)
    kept: set[int] = set()
    for place in sorted(range(len(lines)), key=lambda p: (p > 0, -worths[p], p)):
        size = len(lines[place]) + 1
        if not kept or (worths[place] > _LEAST and size <= room):
            kept.add(place)
            room -= size
    text = "\n".join(lines[p] for p in sorted(kept))
    left = len(lines) - len(kept)
    return f"{text}\n+{left} lines: inspect s{number}" if left else text
