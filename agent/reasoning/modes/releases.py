"""Failure modes that people bring in: rollouts and changes of configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, ChangeKind, Check, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_BEFORE = timedelta(minutes=45)
"""A symptom within this time after a change is suspicious."""
_AFTER = timedelta(minutes=5)
_LONG_BEFORE = timedelta(hours=2)


def _rollout_checks(target: Target, view: View) -> Iterator[Check]:
    if view.answer("kubernetes_rollouts") is None:
        yield target.ask("kubernetes_rollouts", "what was rolled out")
    query = f"service:{target.name} env:{target.environment} status:error"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason="which errors it logs",
    )


def rollouts_of(target: Target, view: View) -> tuple[int, list[Json]] | None:
    """The step that read the rollouts and an entity's own among them, the latest first; None when nobody asked."""
    found = view.answer("kubernetes_rollouts")
    if found is None:
        return None
    mine = [r for r in found.data.get("rollouts") or [] if r.get("workload") == target.name]
    return found.step, mine


def _rollout_signs(target: Target, view: View) -> Iterator[Sign]:
    found = rollouts_of(target, view)
    if found is None:
        return
    step, mine = found
    if not mine:
        hours = view.hours_of("kubernetes_rollouts")
        yield Sign(step, f"no rollout of {target.name} in the last {hours:g} h", -DECISIVE)
        return
    yield from _timing(
        step, f"rollout of {target.name}, revision {mine[0]['revision']},", mine[0], view
    )


def _timing(step: int, what: str, change: Json, view: View) -> Iterator[Sign]:
    """Whether a change came right before what alerted began."""
    at, symptom = time_of(change.get("at")), view.symptom_onset
    if at is None:
        return
    if at > symptom + _AFTER:
        yield Sign(step, f"{what} came at {clock(at)}, after the symptom began", -DECISIVE)
    elif symptom - at > _BEFORE:
        long_before = symptom - at > _LONG_BEFORE
        text = f"{what} came at {clock(at)}, long before the symptom"
        yield Sign(step, text, -STRONG if long_before else -WEAK)
    else:
        yield Sign(step, f"{what} came at {clock(at)}", FAIR)
        metric = view.symptom
        began = f"what alerted began at {clock(symptom)}, right after the change at {clock(at)}"
        if metric is not None and metric.onset is not None:
            yield Sign(metric.step, began, STRONG, also=(step,))


def _rollout_fixes(target: Target, view: View) -> Iterator[Change]:
    found, workload = rollouts_of(target, view), view.workload(target)
    if found is None or workload is None or not found[1]:
        return
    step, mine = found
    revision = int(mine[0].get("revision") or 0)
    if revision > 1:
        yield Change(
            kind=ChangeKind.ROLLBACK,
            target=workload_entity(workload),
            arguments={"revision": revision - 1},
            provenance={"target": f"step:{workload.step}", "revision": f"computed:step:{step}"},
        )


def _config_checks(target: Target, view: View) -> Iterator[Check]:
    if view.answer("kubernetes_changes") is None:
        yield target.ask("kubernetes_changes", "what was changed")


def _config_changes(target: Target, view: View) -> tuple[int, list[Json]] | None:
    found = view.answer("kubernetes_changes")
    if found is None:
        return None
    workload = view.workload(target)
    mine = {target.name, *(workload.data.get("config_maps") or [] if workload else [])}
    changes = [
        c
        for c in found.data.get("changes") or []
        if c.get("name") in mine and not str(c.get("what")).startswith("rolled out")
    ]
    return found.step, changes


def _config_signs(target: Target, view: View) -> Iterator[Sign]:
    found = _config_changes(target, view)
    if found is None:
        return
    step, changes = found
    if not changes:
        text = f"no configuration of {target.name} was changed in the last 24 h"
        yield Sign(step, text, -STRONG - WEAK)
        return
    near = [c for c in changes if _is_near(c, view)]
    change = (near or changes)[0]
    yield from _timing(step, f"change of {change['kind']} {change['name']}", change, view)


def _is_near(change: Json, view: View) -> bool:
    at = time_of(change.get("at"))
    return (
        at is not None and at <= view.symptom_onset + _AFTER and view.symptom_onset - at <= _BEFORE
    )


BAD_ROLLOUT = Mode(
    id="bad_rollout",
    short="a bad rollout",
    words=frozenset({"rollback", "deploy"}),
    statement="the latest rollout of {name} broke it",
    prior=-1.6,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_rollout_checks,
    signs=_rollout_signs,
    fixes=_rollout_fixes,
)
BAD_CONFIG = Mode(
    id="bad_config_change",
    short="a change of configuration",
    words=frozenset({"config", "flag"}),
    statement="a change of configuration broke {name}",
    prior=-2.0,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_config_checks,
    signs=_config_signs,
)
MODES = (BAD_ROLLOUT, BAD_CONFIG)
