"""A job that takes the processors of a node from the pods beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from statistics import median
from typing import NamedTuple

from agent.model import Change, Check, Json
from agent.reasoning.modes.jobs import RunningJob, running_jobs, suspend
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import JOB, SERVICE, Target
from agent.reasoning.modes.traces import spans_check, traces_of
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, duration, plain

_NANO = 1e9
_MUCH = 0.4
"""Share of a node's processors from which a job is loud."""
_SLOWER, _ALIKE = 1.7, 1.25
_FEW_SPANS = 4
_MOST_JOBS = 3


class Loudest(NamedTuple):
    """Where a job takes most processor time."""

    step: int
    node: str
    cores: float


def _jobs(view: View) -> Iterator[Target]:
    """Jobs that run while a service with pods on nodes is in trouble."""
    if view.subject.flavour == SERVICE and _nodes(view):
        yield from (view.target(j.name) for j in running_jobs(view)[:_MOST_JOBS])


def _nodes(view: View) -> dict[str, int]:
    """The nodes of the subject's pods -> how many are there."""
    workload = view.workload(view.subject)
    found: dict[str, int] = {}
    for pod in workload.data.get("pods") or [] if workload else ():
        if pod.get("node"):
            found[str(pod["node"])] = found.get(str(pod["node"]), 0) + 1
    return found


def _query(job: Target) -> str:
    return f"sum:kubernetes.cpu.usage.total{{kube_cronjob:{job.name},env:{job.environment}}} by {{host}}"


def _checks(job: Target, view: View) -> Iterator[Check]:
    yield Check(
        tool="datadog_metrics",
        arguments={"query": _query(job), "minutes": 180},
        reason=f"on which node {job.name} works, and how hard",
    )
    loud = _loudest(job, view)
    if loud is not None and loud.node in _nodes(view):
        yield spans_check(view.subject)
        yield Check(tool="kubernetes_nodes", reason="how much the nodes have")


def _loudest(job: Target, view: View) -> Loudest | None:
    found = view.answer("datadog_metrics", query=_query(job))
    series = [s for s in found.data.get("series") or [] if s.get("last")] if found else []
    if found is None or not series:
        return None
    most = max(series, key=lambda s: float(s["last"]))
    return Loudest(found.step, str(most["tags"].get("host", "")), float(most["last"]) / _NANO)


def _signs(job: Target, view: View) -> Iterator[Sign]:
    loud, running = _loudest(job, view), _running(job, view)
    if loud is None or running is None:
        return
    if loud.node not in _nodes(view):
        text = f"no pod of {view.subject.name} is on {loud.node}, where {job.name} works"
        yield Sign(loud.step, text, -DECISIVE)
        return
    yield from _load(loud, running, view)
    yield from _elsewhere(loud, view)


def _load(loud: Loudest, job: RunningJob, view: View) -> Iterator[Sign]:
    nodes = view.answer("kubernetes_nodes")
    own = next((n for n in nodes.data["nodes"] if n["name"] == loud.node), None) if nodes else None
    cores = float(((own or {}).get("allocatable") or {}).get("cpu_cores") or 0.0)
    if nodes is None or not cores:
        return
    text = f"{job.name} takes {plain(loud.cores)} of the {plain(cores)} cores of {loud.node}"
    if loud.cores < _MUCH * cores:
        yield Sign(loud.step, text, -DECISIVE, also=(nodes.step,))
        return
    yield Sign(loud.step, text, STRONG, also=(nodes.step,))
    yield from _shared(loud, view, nodes.step)
    yield from _began(job, view, nodes.step)


def _shared(loud: Loudest, view: View, also: int) -> Iterator[Sign]:
    workload, each = view.workload(view.subject), _nodes(view)
    if workload is not None:
        text = f"{each[loud.node]} of {sum(each.values())} pods of {view.subject.name} are on {loud.node}"
        yield Sign(workload.step, text, WEAK, also=(loud.step, also))


def _began(job: RunningJob, view: View, also: int) -> Iterator[Sign]:
    symptom = view.symptom
    at: datetime | None = symptom.onset if symptom else None
    if symptom is not None and at is not None and at >= job.started_at:
        text = f"what alerted began at {clock(at)}, {job.name} started at {clock(job.started_at)}"
        yield Sign(job.step, text, FAIR, also=(symptom.step, also))


def _elsewhere(loud: Loudest, view: View) -> Iterator[Sign]:
    """How the pods on that node fare against those on others."""
    name = view.subject.name
    found = traces_of(name, view)
    hosts: list[Json] = [
        h for h in (found.data.get("hosts") or [] if found else ()) if h["count"] >= _FEW_SPANS
    ]
    beside = next((h for h in hosts if h["value"] == loud.node), None)
    others = [float(h["p50_seconds"]) for h in hosts if h["value"] != loud.node]
    if found is None or beside is None or not others:
        return
    slow, usual = float(beside["p50_seconds"]), median(others)
    text = (
        f"pods of {name} on {loud.node} take {duration(slow)} (median of {beside['count']} sampled requests),"
        f" those on other nodes {', '.join(duration(o) for o in sorted(others))}"
    )
    if slow >= _SLOWER * usual:
        yield Sign(found.step, text, DECISIVE)
    elif slow <= _ALIKE * usual:
        yield Sign(found.step, text, -DECISIVE)


def _running(job: Target, view: View) -> RunningJob | None:
    return next((j for j in running_jobs(view) if j.name == job.name), None)


def _fixes(job: Target, view: View) -> Iterator[Change]:
    if (running := _running(job, view)) is not None:
        yield suspend(running, view)


def _advice(job: Target, view: View) -> Iterator[str]:
    yield f"Give {job.name} a CPU limit, or nodes of its own, before it runs again"


ON_NODE = Mode(
    id="noisy_neighbour_on_node",
    short="a loud neighbour on a node",
    statement="{name} takes the processors of a node from the pods beside it",
    prior=-1.8,
    flavours=frozenset({JOB}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    elsewhere=_jobs,
)
MODES = (ON_NODE,)
