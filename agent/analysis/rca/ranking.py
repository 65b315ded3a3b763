"""Entities by how much speaks for each being the cause.

Indicators of several families are added as log-likelihoods are: families answer different questions (is it starved? is it
slow by itself? does it run otherwise? does its traffic not fit?), and within one family only the loudest counts, so that
many series of one fact are one fact. Time within traces replaces latency metrics where there are traces: it is the same
question, answered exactly. No family can outweigh all others, as each is bounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.analysis.rca import logs, metrics, traces
from agent.analysis.rca.evidence import MOST, Indicator
from agent.analysis.rca.graph import Graph, is_endpoint
from agent.analysis.rca.reading import Case

_QUESTIONS = {
    "latency": "duration",
    "time": "duration",
    "structure": "behaviour",
    "errors": "behaviour",
    "logs": "behaviour",
}
"""Families that answer the same question; the others stand for themselves."""
_ENDPOINT_WEIGHT = 0.25


@dataclass(frozen=True)
class Ranked:
    """One entity with what speaks for it, loudest first."""

    entity: str
    score: float
    """Nats."""
    indicators: tuple[Indicator, ...]

    @property
    def onset(self) -> float | None:
        """When the first of its indicators departed; unix seconds."""
        return min((i.onset for i in self.indicators if i.onset is not None), default=None)


def rank(case: Case) -> list[Ranked]:
    """All entities of the case, the likeliest cause first; those of which nothing speaks keep the case's order, last."""
    graph = Graph(case.calls)
    found = metrics.indicators(case, graph) + logs.indicators(case)
    if case.spans is not None:
        found += traces.indicators(case.spans, case.calls)
    return fuse(found, case.entities)


def fuse(indicators: Iterable[Indicator], entities: Sequence[str]) -> list[Ranked]:
    """Rank the entities by their indicators."""
    found = [i for i in indicators if i.strength > 0]
    if any(i.family == "time" for i in found):
        found = [i for i in found if i.family != "latency"]
    by_entity: dict[str, list[Indicator]] = defaultdict(list)
    for indicator in sorted(found, key=lambda i: -i.strength):
        by_entity[indicator.entity].append(indicator)
    ranked = [
        Ranked(e, _score(e, by_entity[e]), tuple(by_entity[e])) for e in dict.fromkeys(entities)
    ]
    return sorted(ranked, key=lambda r: -r.score)


def _score(entity: str, found: list[Indicator]) -> float:
    answers: dict[str, float] = defaultdict(float)
    times = min(MOST, sum(i.strength for i in found if i.family == "time"))
    for indicator in found:
        question = _QUESTIONS.get(indicator.family, indicator.family)
        strength = times if indicator.family == "time" else indicator.strength
        answers[question] = max(answers[question], min(MOST, strength))
    return sum(answers.values()) * (_ENDPOINT_WEIGHT if is_endpoint(entity) else 1.0)
