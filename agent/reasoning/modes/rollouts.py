"""Failure mode of a rollout that goes no further, although no pod of it fails: paused, refused, or never available."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, ChangeKind, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import any_failing, pod_checks, quoted
from agent.reasoning.modes.releases import rollouts_of
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Found, View, time_of
from agent.reasoning.modes.wording import clock

_QUOTA = re.compile(r"exceeded quota")


def back_from(target: Target, view: View) -> Iterator[Change]:
    """Back to the revision before the latest rollout."""
    found, workload = rollouts_of(target, view), view.workload(target)
    if found is None or workload is None or not found[1]:
        return
    revision = int(found[1][0].get("revision") or 0)
    if revision > 1:
        yield Change(
            kind=ChangeKind.ROLLBACK,
            target=workload_entity(workload),
            arguments={"revision": revision - 1},
            provenance={"target": f"step:{workload.step}", "revision": f"computed:step:{found[0]}"},
        )


def _condition(found: Found, *reasons: str) -> Json | None:
    conditions = found.data.get("conditions") or []
    return next((c for c in conditions if c.get("reason") in reasons), None)


def _is_paused(found: Found) -> bool:
    return bool((found.data.get("rollout") or {}).get("paused"))


def _half_done(found: Found) -> bool:
    replicas = found.data.get("replicas") or {}
    return (replicas.get("updated") or 0) < (replicas.get("desired") or 0)


def _refusal(found: Found) -> Json | None:
    """Why the API server makes no pod of it; a used-up quota is another mode's."""
    condition = _condition(found, "FailedCreate")
    return None if condition and _QUOTA.search(str(condition.get("message"))) else condition


def _arises(target: Target, view: View) -> bool:
    found = view.workload(target)
    if found is None or str(found.data.get("kind")) != "Deployment":
        return False
    if _is_paused(found) and _half_done(found):
        return True
    if any_failing(target, view):  # why they fail is a finer mode's
        return False
    late = _condition(found, "ProgressDeadlineExceeded")
    return _refusal(found) is not None or (late is not None and _half_done(found))


def _signs(target: Target, view: View) -> Iterator[Sign]:
    found = view.workload(target)
    if found is None:
        return
    replicas = found.data.get("replicas") or {}
    versions = f"{replicas.get('updated')} of {replicas.get('desired')} pods of {target.name} are of the new revision"
    refusal, late = _refusal(found), _condition(found, "ProgressDeadlineExceeded")
    if _is_paused(found) and _half_done(found):
        paused = _condition(found, "DeploymentPaused")
        since = time_of((paused or {}).get("at"))
        text = f"the rollout of {target.name} is paused" + (
            f" since {clock(since)}" if since else ""
        )
        yield Sign(found.step, f"{text}; {versions}", DECISIVE + 1.0, onset=since)
    elif refusal is not None:
        text = f'{versions}; the API server refuses more: "{quoted(refusal.get("message"))}"'
        yield Sign(found.step, text, DECISIVE, onset=time_of(refusal.get("at")))
    elif late is not None:
        text = f'{versions}: "{quoted(late.get("message"))}" ({late["reason"]})'
        yield Sign(found.step, text, STRONG, onset=time_of(late.get("at")))
    else:
        yield Sign(found.step, f"no rollout of {target.name} is held up", -DECISIVE)
        return
    yield from _rolled_out(target, view)
    yield from _paused_by(target, view)


def _rolled_out(target: Target, view: View) -> Iterator[Sign]:
    found = rollouts_of(target, view)
    if found is None or not found[1]:
        return
    rollout = found[1][0]
    at, cause = time_of(rollout.get("at")), rollout.get("change_cause")
    what = f"revision {rollout['revision']} of {target.name}" + (f' ("{cause}")' if cause else "")
    if at is not None:
        yield Sign(found[0], f"{what} began to roll out at {clock(at)}", STRONG, onset=at)


def _paused_by(target: Target, view: View) -> Iterator[Sign]:
    """Who wrote ``spec.paused``, as the cluster's changes have it."""
    found = view.answer("kubernetes_changes")
    for change in (found.data.get("changes") or []) if found else ():
        mine = (change.get("kind"), change.get("name")) == ("Deployment", target.name)
        at = time_of(change.get("at"))
        if found and mine and at and "paused" in str(change.get("what")):
            text = f"Deployment {target.name} was paused by {change['by']} at {clock(at)}"
            yield Sign(found.step, text, FAIR, onset=at)
            return


def _advice(target: Target, view: View) -> Iterator[str]:
    found = view.workload(target)
    if found is None:
        return
    if _is_paused(found):
        yield (
            f"Resume the rollout of {target.name} (kubectl rollout resume), or resume and undo it: a paused"
            " Deployment cannot be rolled back"
        )
    elif (refusal := _refusal(found)) is not None:
        yield f'Have the pods of {target.name} fit what refuses them: "{quoted(refusal.get("message"))}"'


def _fixes(target: Target, view: View) -> Iterator[Change]:
    found = view.workload(target)
    if found is not None and not _is_paused(found):
        yield from back_from(target, view)


STUCK_ROLLOUT = Mode(
    id="stuck_rollout",
    short="a rollout that is held up",
    words=frozenset({"paused", "rollout", "stuck"}),
    statement="the latest rollout of {name} is held up half-way",
    prior=-1.8,
    flavours=frozenset({SERVICE}),
    arises=_arises,
    checks=pod_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (STUCK_ROLLOUT,)
