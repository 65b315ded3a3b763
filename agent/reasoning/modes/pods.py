"""The pods of a workload, as Kubernetes tells of them, and what failure modes of pods share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from agent.model import Change, ChangeKind, Check, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.mode import FAIR, STRONG, Sign
from agent.reasoning.modes.releases import rollouts_of
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

RUNS = frozenset({SERVICE, CACHE, DATABASE, QUEUE})
"""What runs in pods that are meant to stay."""
COARSE = frozenset({"crash_loop", "replicas_insufficient", "stuck_rollout"})
"""What is said of a workload whose pods fail before it is known why they do."""
_SLACK = timedelta(seconds=90)
_ENOUGH = 2
_QUOTED = 240
_FINISHED = ("Succeeded", "Failed")


def pods_of(target: Target, view: View) -> tuple[int, list[Json]] | None:
    """The step that read the workload, and its pods."""
    found = view.workload(target)
    return (found.step, found.data.get("pods") or []) if found else None


def workload_check(target: Target, view: View) -> Iterator[Check]:
    """The check that reads the workload, unless that was done."""
    if view.workload(target) is None:
        yield target.ask("kubernetes_workload", "how its pods are", name=target.name)


def events_check(target: Target, view: View) -> Iterator[Check]:
    """The check that reads the Events of its pods; the same as the opening's."""
    if view.answer("kubernetes_events", name=target.name) is None:
        yield target.ask("kubernetes_events", "what Kubernetes reports on it", name=target.name)


def pod_checks(target: Target, view: View) -> Iterator[Check]:
    """What all failure modes of pods look at."""
    yield from workload_check(target, view)
    yield from events_check(target, view)
    if view.answer("kubernetes_rollouts") is None:
        yield target.ask("kubernetes_rollouts", "what was rolled out")


def failing(target: Target, view: View) -> list[Json]:
    """Its pods that should serve and do not, or that die over and over."""
    found = pods_of(target, view)
    return [p for p in found[1] if _fails(p)] if found else []


def _fails(pod: Json) -> bool:
    if pod.get("phase") in _FINISHED:
        return False
    return not pod.get("ready") or bool(pod.get("terminating"))


def any_failing(target: Target, view: View) -> bool:
    """Whether some pod of it fails: only then do the finer modes come into question."""
    return bool(failing(target, view))


def counted(target: Target, view: View, pods: list[Json]) -> str:
    """``2 of 4 pods of cart``."""
    found = pods_of(target, view)
    total = len([p for p in found[1] if p.get("phase") not in _FINISHED]) if found else len(pods)
    return f"{len(pods)} of {total} pods of {target.name}"


def quoted(message: object) -> str:
    """A message of Kubernetes, short enough to read and whole at its start."""
    text = " ".join(str(message or "").replace('"', "'").split())
    return text if len(text) <= _QUOTED else text[:_QUOTED].rsplit(" ", 1)[0]


def told(
    target: Target, view: View, reasons: tuple[str, ...], pattern: str, weight: float = FAIR
) -> Iterator[Sign]:
    """The latest Event on its objects with one of the reasons and a message of the pattern."""
    wanted = re.compile(pattern, re.IGNORECASE)
    for found in view.answers("kubernetes_events"):
        for event in found.data.get("events") or []:
            name = str(event.get("object")).rpartition("/")[2]
            mine = name == target.name or name.startswith(f"{target.name}-")
            if mine and event.get("reason") in reasons and wanted.search(str(event["message"])):
                times = f" {event['count']} times" if (event.get("count") or 1) > 1 else ""
                text = f'Kubernetes reports {event["reason"]} of {name}{times}: "{quoted(event["message"])}"'
                yield Sign(found.step, text, weight)
                return


def rollout_behind(target: Target, view: View) -> tuple[int, Json] | None:
    """The step and the rollout that brought the pods that fail: the latest one, when all of them came with it."""
    found, pods = rollouts_of(target, view), failing(target, view)
    if found is None or not found[1] or not pods:
        return None
    at = time_of(found[1][0].get("at"))
    made = [time_of(p.get("created_at")) for p in pods]
    if at is None or any(m is None or m < at - _SLACK for m in made):
        return None
    return found[0], found[1][0]


def came_with_rollout(
    target: Target, view: View, brings: str = "", weight: float = STRONG
) -> Iterator[Sign]:
    """That the pods which fail are those of the latest rollout; with ``brings`` that its diff has that."""
    found = rollout_behind(target, view)
    if found is None:
        return
    step, rollout = found
    cause = rollout.get("change_cause")
    what = f"revision {rollout['revision']}" + (f' ("{cause}")' if cause else "")
    at = clock(time_of(rollout["at"]) or view.symptom_onset)
    text = f"the pods of {target.name} that fail are those of {what}, rolled out at {at}"
    line = next((x for x in _added(rollout) if brings and re.search(brings, x)), "")
    if line:
        text += f', which brought "{quoted(line)}"'
    workload = view.workload(target)
    yield Sign(step, text, weight, also=(workload.step,) if workload else ())


def brought(target: Target, view: View, pattern: str) -> bool:
    """Whether the latest rollout, which the failing pods came with, added a line of the pattern."""
    found = rollout_behind(target, view)
    return found is not None and any(re.search(pattern, line) for line in _added(found[1]))


def _added(rollout: Json) -> list[str]:
    lines = str(rollout.get("diff") or "").splitlines()
    return [line[1:].strip() for line in lines if line.startswith("+")]


def rollback_fix(target: Target, view: View) -> Iterator[Change]:
    """Back to the revision before the rollout that brought the failing pods."""
    found, workload = rollout_behind(target, view), view.workload(target)
    if found is None or workload is None:
        return
    step, rollout = found
    revision = int(rollout.get("revision") or 0)
    if revision > 1:
        yield Change(
            kind=ChangeKind.ROLLBACK,
            target=workload_entity(workload),
            arguments={"revision": revision - 1},
            provenance={"target": f"step:{workload.step}", "revision": f"computed:step:{step}"},
        )


def lone_pod_fix(target: Target, view: View) -> Iterator[Change]:
    """Delete the one pod that fails while at least two others of the same images are ready: it is made anew."""
    found, ill = view.workload(target), failing(target, view)
    if found is None or len(ill) != 1 or ill[0].get("terminating"):
        return
    images = ill[0].get("images")
    well = [p for p in found.data.get("pods") or [] if p.get("ready") and p["images"] == images]
    if len(well) >= _ENOUGH:
        entity = workload_entity(found)
        yield Change(
            kind=ChangeKind.DELETE_POD,
            target=entity.model_copy(update={"name": str(ill[0]["name"]), "kind": "pod"}),
            provenance={"target": f"step:{found.step}"},
        )


def rollback_of(pattern: str) -> Callable[[Target, View], Iterator[Change]]:
    """A rollback, when it was the rollout that brought a line of the pattern."""

    def fixes(target: Target, view: View) -> Iterator[Change]:
        if brought(target, view, pattern):
            yield from rollback_fix(target, view)

    return fixes
