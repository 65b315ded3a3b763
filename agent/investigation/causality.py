"""The causality gate: a cause begins no later than its symptom, and something leads from it to the symptom.

Two rules, applied to the board after every round. A hypothesis whose entity showed its first trouble after the symptom
began, or that lies beyond every dependency of what was alerted on (its callers, the victims), cannot rank first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import networkx as nx

from agent.model import Case, Hypothesis, HypothesisStatus, Json, Step
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.view import View, time_of

TOLERANCE = timedelta(minutes=10)
"""Onsets closer than this are simultaneous: metrics come by the minute, monitors by five."""
DEMOTED_BELOW = 0.5
"""Log-odds by which a demoted hypothesis stays below the best that is in order."""
MOST_WHEN_DEMOTED = -0.5


def causally_ordered(case: Case) -> tuple[Hypothesis, ...]:
    """The board, with those that cannot be the cause lowered below the best that can."""
    view = View.of(case)
    suspects = {h.id for h in case.hypotheses if _reason(h, view)}
    if not suspects:
        return case.hypotheses
    sound = [h.log_odds for h in case.hypotheses if h.id not in suspects]
    ceiling = min(MOST_WHEN_DEMOTED, max(sound, default=0.0) - DEMOTED_BELOW)
    return tuple(_demoted(h, ceiling) if h.id in suspects else h for h in case.hypotheses)


def _demoted(hypothesis: Hypothesis, ceiling: float) -> Hypothesis:
    if hypothesis.log_odds <= ceiling:
        return hypothesis
    return hypothesis.model_copy(update={"log_odds": ceiling, "status": HypothesisStatus.OPEN})


def reason_against(hypothesis: Hypothesis, case: Case) -> str:
    """Why a hypothesis cannot be the cause, in a sentence; empty when nothing speaks against it."""
    return _reason(hypothesis, View.of(case))


def _reason(hypothesis: Hypothesis, view: View) -> str:
    symptom = view.case.signal.service
    if not hypothesis.entity or not symptom or hypothesis.entity == symptom:
        return ""
    graph = view.graph
    if (
        _wants_a_path(hypothesis)
        and hypothesis.entity in graph
        and symptom in graph
        and not reaches(graph, symptom, hypothesis.entity)
    ):
        return f"nothing leads from {hypothesis.entity} to {symptom}"
    began, felt = onset_of(hypothesis.entity, view.case), view.symptom_onset
    if began is not None and began > felt + TOLERANCE:
        return f"{hypothesis.entity} began at {began:%H:%M}, after {symptom} at {felt:%H:%M}"
    return ""


def _wants_a_path(hypothesis: Hypothesis) -> bool:
    """Whether it takes a dependency to be felt: not where the mode itself says where to look, such as beside it on a node."""
    mode = CATALOGUE.get(hypothesis.mode)
    return mode is None or mode.elsewhere is None


def reaches(graph: nx.DiGraph[str], symptom: str, entity: str) -> bool:
    """Whether trouble at ``entity`` can be felt at ``symptom``.

    It can when the symptom depends on it, or when both load the same thing that the symptom depends on and the entity
    itself is no dependant of the symptom (a caller is a victim, never the cause).
    """
    below = nx.descendants(graph, symptom)
    if entity in below:
        return True
    if symptom in nx.descendants(graph, entity):
        return graph.nodes[entity].get("kind") in ("cronjob", "job")
    return bool(below & set(graph.successors(entity)))


def onset_of(entity: str, case: Case) -> datetime | None:
    """When the first sign of trouble at an entity was seen in a metric or as a running job; None when none was."""
    return min((at for step in case.steps for at in _onsets(entity, step)), default=None)


def _onsets(entity: str, step: Step) -> Iterator[datetime]:
    if step.reading is None:
        return
    data = step.reading.data
    if step.check.tool == "datadog_metrics" and _concerns(entity, step):
        for series in data.get("series") or []:
            if (change := series.get("change")) and change.get("at"):
                yield from _at(change["at"])
    elif step.check.tool == "kubernetes_jobs":
        yield from _job_starts(entity, data)


def _job_starts(entity: str, data: Json) -> Iterator[datetime]:
    for job in data.get("cron_jobs") or []:
        if job["name"] == entity:
            for active in job.get("active") or []:
                yield from _at(active.get("started_at"))


def _at(text: object) -> Iterator[datetime]:
    if (at := time_of(text)) is not None:
        yield at


def _concerns(entity: str, step: Step) -> bool:
    return f":{entity}," in str(step.check.arguments.get("query")).replace("}", ",")
