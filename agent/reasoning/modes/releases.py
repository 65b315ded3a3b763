"""Failure modes that people bring in by releases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, ChangeKind, Check, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.complaints import (
    error_lines,
    error_log_checks,
    trouble_checks,
    unharmed,
)
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.traces import spans_check
from agent.reasoning.modes.versions import version_signs
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_BEFORE = timedelta(minutes=45)
"""A symptom within this time after a change is suspicious."""
_AFTER = timedelta(minutes=5)
_LONG_BEFORE = timedelta(hours=2)
_OFTEN = 10
_LOGS_READ = timedelta(minutes=60)
_RESTARTED = re.compile(r"restarted-?at\b|last-reloaded-from|\bSTAKATER_", re.I)
"""What kubectl, Reloader and other tools write to a pod template to have its pods made anew."""


def _rollout_checks(target: Target, view: View) -> Iterator[Check]:
    if view.answer("kubernetes_rollouts") is None:
        yield target.ask("kubernetes_rollouts", "what was rolled out")
    yield from error_log_checks(target, view)
    yield from trouble_checks(target, view)
    found = rollouts_of(target, view)
    if found and found[1] and _came_before(found[1][0], view):
        yield spans_check(target)


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
    what = f"rollout of {target.name}, revision {mine[0]['revision']},"
    if only_restarts(mine[0]):
        text = f"{what} only restarted its pods: nothing that they run changed"
        yield Sign(step, text, -STRONG)
        return
    yield from _timing(step, what, mine[0], view)
    yield from _new_errors(target, view, mine[0])
    if _came_before(mine[0], view):
        yield from version_signs(target, view)
    yield from unharmed(target, view)


def _came_before(rollout: Json, view: View) -> bool:
    """Whether it came not long before the symptom."""
    at = time_of(rollout.get("at"))
    return at is not None and -_AFTER <= view.symptom_onset - at <= _BEFORE


def _new_errors(target: Target, view: View, rollout: Json) -> Iterator[Sign]:
    """An error of the entity's own that it has logged only since its rollout, which came not long before the symptom."""
    at = time_of(rollout.get("at"))
    if at is None or not _came_before(rollout, view):
        return
    looked_from = view.case.now - _LOGS_READ
    others = [d.name for d in view.dependencies(target.name)]
    lines = [x for x in error_lines(target, view) if not any(o in x.text for o in others)]
    line = next((x for x in lines if x.first_at and looked_from < at <= x.first_at), None)
    if line is not None:
        text = f'only since the rollout at {clock(at)} {target.name} logs: "{line.quoted}"'
        yield Sign(line.step, text, STRONG)
        return
    line = next((x for x in lines if x.first_at is None and x.times >= _OFTEN), None)
    if line is not None:
        yield Sign(line.step, f'{target.name} logs {line.times} times: "{line.quoted}"', FAIR)


def only_restarts(rollout: Json) -> bool:
    """Whether a rollout changed nothing but the annotation by which people and tools restart pods."""
    lines = [line[1:] for line in str(rollout.get("diff") or "").splitlines()]
    return bool(lines) and all(
        text.strip() in ("", "annotations:") or _RESTARTED.search(text) for text in lines
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


def _arises(target: Target, view: View) -> bool:
    """At the subject always; below it where something was rolled out not long before the symptom."""
    if target.name == view.subject.name:
        return True
    _, mine = rollouts_of(target, view) or (0, [])
    at = time_of(mine[0].get("at")) if mine else None
    return at is not None and -_AFTER <= view.symptom_onset - at <= _BEFORE


BAD_ROLLOUT = Mode(
    id="bad_rollout",
    short="a bad rollout",
    words=frozenset({"rollback", "deploy"}),
    statement="the latest rollout of {name} broke it",
    prior=-1.6,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    below=True,
    arises=_arises,
    refines=frozenset({"dependency_errors", "dependency_latency", "dependency_latency_or_errors"}),
    checks=_rollout_checks,
    signs=_rollout_signs,
    fixes=_rollout_fixes,
)
MODES = (BAD_ROLLOUT,)
