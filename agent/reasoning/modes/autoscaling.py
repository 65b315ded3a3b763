"""Failure modes of autoscalers: one that may not add what it would, and one that cannot see what is needed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from agent.model import Change, Check, Json
from agent.reasoning.modes.changes import bounds_fix
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.pods import quoted, workload_check
from agent.reasoning.modes.releases import rollouts_of
from agent.reasoning.modes.rollouts import back_from
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock, times

_AT_MAXIMUM = "TooManyReplicas"
_SWITCHED_OFF = "ScalingDisabled"
"""Of a workload that was scaled to zero: nothing is wrong."""
_RISEN = 1.3
_CONTAINER = re.compile(r"in container (\S+) of Pod")


def _known(target: Target, view: View) -> tuple[int, Json] | None:
    """The step that read the workload, and its autoscaler there."""
    workload = view.workload(target)
    scaler = workload.data.get("autoscaler") if workload else None
    return (workload.step, scaler) if workload and scaler else None


def _scaler(target: Target, view: View) -> tuple[int, Json] | None:
    """The step that read the autoscaler with its conditions, and it."""
    found = view.answer("kubernetes_autoscaling", name=target.name)
    for scaler in (found.data.get("autoscalers") or []) if found else ():
        if found and scaler.get("workload") == target.name:
            return found.step, scaler
    return None


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from workload_check(target, view)
    yield target.ask(
        "kubernetes_autoscaling", "what its autoscaler sees and does", name=target.name
    )
    yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")


def _condition(scaler: Json, kind: str) -> Json:
    conditions = scaler.get("conditions") or []
    return next((c for c in conditions if c.get("type") == kind), {})


def _load_signs(target: Target, view: View, weight: float) -> Iterator[Sign]:
    load = view.load_of(target)
    if load is not None and load.onset is not None and load.rise >= _RISEN:
        text = (
            f"traffic of {target.name} is {times(load.rise)} its baseline since {clock(load.onset)}"
        )
        yield Sign(load.step, text, weight, onset=load.onset)


def _felt(view: View) -> Iterator[Sign]:
    """That what alerted has risen, as it does where pods are too few."""
    symptom = view.symptom
    if symptom is not None and symptom.risen and symptom.onset is not None:
        text = f"what alerted is {times(symptom.rise)} its baseline since {clock(symptom.onset)}"
        yield Sign(symptom.step, text, WEAK, Role.EFFECT)


# --- at its maximum -----------------------------------------------------------------------------


def _is_at_maximum(target: Target, view: View) -> bool:
    known = _known(target, view)
    return known is not None and known[1].get("limited") == _AT_MAXIMUM


def _maximum_signs(target: Target, view: View) -> Iterator[Sign]:
    known = _known(target, view)
    if known is None or not _is_at_maximum(target, view):
        return
    step, scaler = known
    text = f"the autoscaler of {target.name} is at its maximum of {scaler['max']} replicas and wants more"
    yield Sign(step, text, DECISIVE)
    measured, wanted = scaler.get("measured_percent"), scaler.get("target_percent")
    if measured and wanted and measured > wanted:
        text = f"its pods use {measured} % of the CPU that they request, it aims at {wanted} %"
        yield Sign(step, text, STRONG)
    found = _scaler(target, view)
    if found is not None:
        told = _condition(found[1], "ScalingLimited")
        since = time_of(told.get("at"))
        text = f'autoscaler {found[1]["name"]} reports {told.get("reason")}: "{quoted(told.get("message"))}"'
        yield Sign(found[0], text + (f", since {clock(since)}" if since else ""), STRONG)
    yield from _load_signs(target, view, STRONG)
    yield from _felt(view)


def _maximum_fixes(target: Target, view: View) -> Iterator[Change]:
    """As many as its own measure asks for: desired = ceil(current * measured / target)."""
    known = _known(target, view)
    if known is None or not _is_at_maximum(target, view):
        return
    scaler = known[1]
    measured, aim = scaler.get("measured_percent"), scaler.get("target_percent")
    wanted = math.ceil(int(scaler["max"]) * measured / aim) if measured and aim else 0
    yield from bounds_fix(target, view, wanted=wanted)


def _maximum_advice(target: Target, view: View) -> Iterator[str]:
    known = _known(target, view)
    if known is not None:
        yield (
            f"Raise maxReplicas of the autoscaler {known[1]['name']} above {known[1]['max']}; replicas that are"
            " set by hand it would take back"
        )


# --- blind --------------------------------------------------------------------------------------


def _is_blind(target: Target, view: View) -> bool:
    known = _known(target, view)
    return known is not None and known[1].get("inactive") not in (None, _SWITCHED_OFF)


def _blind_signs(target: Target, view: View) -> Iterator[Sign]:
    known = _known(target, view)
    if known is None or not _is_blind(target, view):
        return
    step, scaler = known
    text = (
        f"the autoscaler of {target.name} does not scale, its metrics are not there: {scaler['inactive']};"
        f" it stays at {scaler['current']} of at most {scaler['max']} replicas"
    )
    yield Sign(step, text, STRONG)
    found = _scaler(target, view)
    if found is not None:
        told = _condition(found[1], "ScalingActive")
        since = time_of(told.get("at"))
        text = f'autoscaler {found[1]["name"]}: "{quoted(told.get("message"))}"'
        yield Sign(found[0], text + (f", since {clock(since)}" if since else ""), DECISIVE)
        yield from _brought_signs(target, view)
    yield from _load_signs(target, view, STRONG)
    yield from _felt(view)
    load = view.load_of(target)
    if load is not None and load.rise < _RISEN:
        text = f"traffic of {target.name} has not risen: more replicas would not be needed"
        yield Sign(load.step, text, -STRONG - WEAK)


def _brought(target: Target, view: View) -> tuple[int, Json, str] | None:
    """The latest rollout, if it brought the container that blinds the autoscaler, and that one's name."""
    scaler, found = _scaler(target, view), rollouts_of(target, view)
    message = str(_condition(scaler[1], "ScalingActive").get("message")) if scaler else ""
    named = _CONTAINER.search(message)
    if named is None or found is None or not found[1]:
        return None
    for line in str(found[1][0].get("diff") or "").splitlines():
        if line.startswith("+") and f"name: {named[1]}" in line:
            return found[0], found[1][0], named[1]
    return None


def _brought_signs(target: Target, view: View) -> Iterator[Sign]:
    brought = _brought(target, view)
    at = time_of(brought[1].get("at")) if brought else None
    if brought is not None and at is not None:
        step, rollout, container = brought
        text = (
            f"revision {rollout['revision']} of {target.name}, rolled out at {clock(at)}, brought the container"
            f" {container}, which requests no CPU"
        )
        yield Sign(step, text, FAIR)


def _blind_fixes(target: Target, view: View) -> Iterator[Change]:
    if _brought(target, view):
        yield from back_from(target, view)


def _blind_advice(target: Target, view: View) -> Iterator[str]:
    brought = _brought(target, view)
    if brought is not None:
        yield (
            f"Give the container {brought[2]} of {target.name} a CPU request: without one in every container the"
            " autoscaler cannot measure"
        )
    elif _is_blind(target, view):
        yield f"Bring the metrics back that the autoscaler of {target.name} needs (metrics-server, or the adapter)"


HPA_AT_MAXIMUM = Mode(
    id="hpa_at_maximum",
    short="an autoscaler at its maximum",
    words=frozenset({"hpa", "autoscaler", "maxreplicas"}),
    statement="the autoscaler of {name} is at its maximum and may not add the pods that the load needs",
    prior=-1.4,
    flavours=frozenset({SERVICE}),
    arises=_is_at_maximum,
    checks=_checks,
    signs=_maximum_signs,
    fixes=_maximum_fixes,
    advice=_maximum_advice,
    below=True,
)
HPA_BLIND = Mode(
    id="hpa_blind",
    short="an autoscaler without metrics",
    words=frozenset({"hpa", "autoscaler", "metrics"}),
    statement="the autoscaler of {name} cannot see the load and adds no pods",
    prior=-1.6,
    flavours=frozenset({SERVICE}),
    arises=_is_blind,
    checks=_checks,
    signs=_blind_signs,
    fixes=_blind_fixes,
    advice=_blind_advice,
    below=True,
)
MODES = (HPA_AT_MAXIMUM, HPA_BLIND)
