"""Chooses the two or three signals that decide a finding, to be drawn with what to mark in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from agent.model import Case, Chart, Evidence, Finding, Json, Mark, Series, Step, Window

MOST_CHARTS = 3
MOST_MARKS = 3
_NEAR = timedelta(hours=2)
"""Changes so near to the onset are marked."""
_FEWEST_POINTS = 8
_SERVICE = re.compile(r"\bservice:([\w.-]{1,100})")
_LIMITS: Mapping[str, str] = {
    "redis.mem.used": "redis.mem.maxmemory",
    "kubernetes.memory.working_set": "kubernetes.memory.limits",
    "kubernetes.memory.usage": "kubernetes.memory.limits",
    "postgresql.connections": "postgresql.max_connections",
    "hikaricp.connections.active": "hikaricp.connections.max",
    "redis.pool.in_use": "redis.pool.size",
}
"""Metric -> the metric of the limit at which it saturates."""


class _Drawn(NamedTuple):
    """A series that evidence rests on."""

    step: Step
    position: int
    """Among the step's series."""
    series: Series
    data: Json
    """What was computed of it."""


def decisive(case: Case, finding: Finding) -> tuple[Chart, ...]:
    """The charts of a finding, the most telling first: series that its chain cites and that changed, one of each metric
    and entity, then other cited series. Empty when no cited answer is a time series."""
    cited = _cited(case, finding)
    found: dict[tuple[str, str], _Drawn] = {}
    for drawn in chain(
        _series_of(case, cited, changed=True), _series_of(case, cited, changed=False)
    ):
        found.setdefault((drawn.series.metric, _entity(drawn.series)), drawn)
    changes = tuple(_changes(case, finding))
    return tuple(_chart(case, drawn, changes) for drawn in list(found.values())[:MOST_CHARTS])


def _cited(case: Case, finding: Finding) -> list[Evidence]:
    """The evidence that the finding cites, the weightiest for its cause first."""
    claims = chain(finding.chain, finding.impact)
    numbers = dict.fromkeys(n for claim in claims for n in claim.citations)
    by_number = {e.number: e for e in case.evidence}
    leaders = {h.id for h in case.hypotheses if h.entity == finding.entity or h.log_odds > 0.0}
    evidence = [by_number[n] for n in numbers if n in by_number]
    return sorted(
        evidence, key=lambda e: -max((e.weights.get(h, 0.0) for h in leaders), default=0.0)
    )


def _series_of(case: Case, cited: Sequence[Evidence], *, changed: bool) -> Iterator[_Drawn]:
    steps = {s.number: s for s in case.steps}
    for evidence in cited:
        step = steps.get(evidence.step)
        if step is None or step.reading is None:
            continue
        described = _described(step)
        for index, series in enumerate(step.reading.series):
            data = described[index] if index < len(described) else {}
            if len(series.points) >= _FEWEST_POINTS and bool(data.get("change")) is changed:
                yield _Drawn(step, index, series, data)


def _described(step: Step) -> list[Json]:
    found = step.reading.data.get("series") if step.reading is not None else None
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []


def _chart(case: Case, drawn: _Drawn, changes: Sequence[Mark]) -> Chart:
    onset = _onset(drawn.data)
    first = datetime.fromtimestamp(drawn.series.points[0][0], UTC)
    entity = _entity(drawn.series) or _asked_about(drawn.step)
    return Chart(
        step=drawn.step.number,
        series=drawn.position,
        title=f"{drawn.series.metric} of {entity}" if entity else drawn.series.metric,
        baseline=Window(start=first, end=onset) if onset is not None and onset > first else None,
        onset=onset,
        limit=_limit(case, drawn.series),
        changes=_near(changes, onset, drawn.series),
    )


def _onset(data: Json) -> datetime | None:
    change = data.get("change")
    return _moment(change.get("at")) if isinstance(change, dict) else None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def _entity(series: Series) -> str:
    tags = series.tags
    names = ("service", "kube_deployment", "kube_stateful_set", "pod_name", "host")
    return next((tags[n] for n in names if tags.get(n)), "")


def _asked_about(step: Step) -> str:
    """The service that the query names, where the series carries no tag of it."""
    found = _SERVICE.search(step.reading.query) if step.reading is not None else None
    return found[1] if found else ""


def _limit(case: Case, series: Series) -> float | None:
    wanted = _LIMITS.get(series.metric)
    if wanted is None:
        return None
    everything = (s for step in case.steps if step.reading for s in step.reading.series)
    values = (
        s.points[-1][1]
        for s in everything
        if s.metric == wanted and s.points and _entity(s) == _entity(series)
    )
    return next(values, None)


def _changes(case: Case, finding: Finding) -> Iterator[Mark]:
    """Rollouts, settings and jobs that have to do with the finding, each once."""
    names = {finding.entity, case.signal.service} - {""}
    names |= {h.entity for h in case.hypotheses if h.log_odds > 0.0 and h.entity}
    seen: set[tuple[datetime, str]] = set()
    for step in case.steps:
        for at, name, label in _changes_in(step):
            if name in names and (at, label) not in seen:
                seen.add((at, label))
                yield Mark(at=at, label=label)


def _changes_in(step: Step) -> Iterator[tuple[datetime, str, str]]:
    """When, of what, and what it was."""
    data = step.reading.data if step.reading is not None else {}
    for item in _items(data, "rollouts"):
        name = str(item.get("workload", ""))
        if (at := _moment(item.get("at"))) is not None:
            yield at, name, f"rollout of {name}"
    for item in _items(data, "changes"):
        name = str(item.get("name", ""))
        if (at := _moment(item.get("at"))) is not None:
            yield at, name, f"{item.get('kind', 'change')} {name} changed"
    for item in _items(data, "cron_jobs"):
        for job in _items(item, "active"):
            name = str(item.get("name", ""))
            if (at := _moment(job.get("started_at"))) is not None:
                yield at, name, f"{name} started"


def _items(data: Json, key: str) -> list[Json]:
    found = data.get(key)
    return [i for i in found if isinstance(i, dict)] if isinstance(found, list) else []


def _near(changes: Sequence[Mark], onset: datetime | None, series: Series) -> tuple[Mark, ...]:
    """The changes nearest to the onset that lie within the drawn span, in order of time."""
    if onset is None:
        return ()
    first, last = series.points[0][0], series.points[-1][0]
    drawn = [m for m in changes if abs(m.at - onset) <= _NEAR and first <= m.at.timestamp() <= last]
    nearest = sorted(drawn, key=lambda m: abs(m.at - onset))[:MOST_MARKS]
    return tuple(sorted(nearest, key=lambda m: m.at))
