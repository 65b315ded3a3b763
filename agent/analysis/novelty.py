"""Log templates that are new, more frequent or gone, against a baseline window.

Counts of a template in two windows are compared by the exact conditional test of two Poisson rates (given their sum, the
later count is binomial); the expected ratio is that of the windows' lengths, or of the harmless lines where there are
enough, so that more traffic alone makes nothing novel. P-values are multiplied by the number of templates (Bonferroni).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agent.analysis.logs import LogLine, level_of, mask

_HARMLESS = ("info", "debug")
_ENOUGH = 50
_SURE = 0.01
_LEAST_FACTOR = 1.5


@dataclass(frozen=True)
class Novelty:
    """A template whose rate changed."""

    template: str
    service: str
    level: str
    change: Literal["new", "more", "fewer", "gone"]
    before: int
    after: int
    factor: float | None
    """Rate after to rate before, as traffic has it; None for a new one."""
    p_value: float
    example: str


def novelties(
    before: Iterable[LogLine],
    after: Iterable[LogLine],
    before_seconds: float,
    after_seconds: float,
) -> list[Novelty]:
    """Templates whose rate changed, the serious first, then the surest."""
    counts: tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]] = (
        Counter(),
        Counter(),
    )
    examples: dict[tuple[str, str, str], str] = {}
    for count, lines in zip(counts, (before, after), strict=True):
        for line in lines:
            key = line.service, level_of(line), mask(line.text)
            count[key] += 1
            examples.setdefault(key, line.text[:400])
    scale = _scale(*counts, before_seconds, after_seconds)
    found = []
    for key, example in examples.items():
        earlier, later = counts[0][key], counts[1][key]
        p = min(1.0, len(examples) * _p_value(earlier, later, scale))
        factor = later / (earlier * scale) if earlier else None
        changed = factor is None or factor >= _LEAST_FACTOR or factor <= 1 / _LEAST_FACTOR
        if p > _SURE or not changed:
            continue
        service, level, template = key
        found.append(
            Novelty(
                template,
                service,
                level,
                _kind(earlier, later, scale),
                earlier,
                later,
                factor,
                p,
                example,
            )
        )
    severity = {"error": 0, "warning": 1}
    return sorted(found, key=lambda n: (severity.get(n.level, 2), n.p_value))


def _scale(
    before: Counter[tuple[str, str, str]],
    after: Counter[tuple[str, str, str]],
    before_seconds: float,
    after_seconds: float,
) -> float:
    """How many lines after are expected for each before."""
    harmless = [sum(n for k, n in c.items() if k[1] in _HARMLESS) for c in (before, after)]
    if min(harmless) >= _ENOUGH:
        return harmless[1] / harmless[0]
    return after_seconds / before_seconds


def _p_value(earlier: int, later: int, scale: float) -> float:
    """Two-sided, exact."""
    from scipy.special import bdtr, bdtrc

    total, share = earlier + later, scale / (1.0 + scale)
    more = float(bdtrc(later - 1, total, share)) if later else 1.0
    fewer = float(bdtr(later, total, share))
    return min(1.0, 2.0 * min(more, fewer))


def _kind(earlier: int, later: int, scale: float) -> Literal["new", "more", "fewer", "gone"]:
    if not earlier:
        return "new"
    if not later:
        return "gone"
    return "more" if later > earlier * scale else "fewer"
