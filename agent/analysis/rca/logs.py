"""Serious log lines that came with the incident: templates of errors, new or far more frequent than before it.

Only lines that call themselves warnings or errors, or hold a stack trace, are mined: the others' rates follow the traffic.
A template's rate is compared by the lower end of a one-sigma interval of a ratio of Poisson counts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np

from agent.analysis.logs import mask
from agent.analysis.rca.evidence import Indicator
from agent.analysis.rca.reading import Case, Line

_SERIOUS = re.compile(
    r"\b(ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|\"(error|fatal|critical)\"|\w(Exception|Error)\b",
    re.I,
)
_LEAST_LINES = 5
_WEIGHT = 0.5
"""Of logs against measurements: lines are written by victims as well."""
_MOST = 2.0
_COMPARED = 300


def indicators(case: Case) -> list[Indicator]:
    """What logs say of each entity; nothing without lines of both times."""
    known = [line.at for line in case.lines if line.at > case.start - 86_400]
    before, during = (
        case.start - min(known, default=case.start),
        max(known, default=case.start) - case.start,
    )
    if before <= 0 or during <= 0:
        return []
    counts: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    first: dict[tuple[str, str], float] = {}
    for line in case.lines:
        if line.at > case.start - 86_400 and _SERIOUS.search(line.text):
            key = line.entity, _template(line)
            counts[key][line.at >= case.start] += 1
            first.setdefault(key, line.at)
    found = []
    for (entity, template), seen in counts.items():
        strength = min(
            _WEIGHT * _rise(seen[False] / before, seen[False], seen[True] / during, seen[True]),
            _MOST,
        )
        if strength > 0:
            text = f"{seen[True]} lines within {during:.0f} s, {seen[False]} within {before:.0f} s before: {template[:160]}"
            found.append(
                Indicator(entity, template, "logs", strength, text, first[entity, template])
            )
    return found


def _template(line: Line) -> str:
    return mask(line.text[:_COMPARED])


def _rise(rate_before: float, count_before: int, rate: float, count: int) -> float:
    """Logarithm of the ratio of two rates, at the lower end of its interval; at most one line is taken for none before."""
    if count < _LEAST_LINES:
        return 0.0
    before = rate_before * (count_before + 1) / count_before if count_before else None
    if before is None:
        return float(np.log(count) - 1 / np.sqrt(count))
    noise = np.sqrt(1 / count + 1 / (count_before + 1))
    return max(0.0, float(np.log(rate / before) - noise))
