"""How the faults at work show on pods: their status, their Events, their restarts and what they still write."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.world.faults.ailments import Ailment, Crashes, Evicted, Line, PullFails, Unready
from sandbox.world.faults.crashing import Runs, runs_until
from sandbox.world.faults.fault import Fault
from sandbox.world.faults.told import crash_events, evicted_events, pull_events, unready_events
from sandbox.world.ports import ClusterHistory, Manifest

_START_S = 2.0
"""From a pod's creation to its containers' first start."""
Health = dict[str, Any]


@dataclass(frozen=True)
class Spell:
    """An ailment of one pod: from ``begin`` to ``end``, which is infinite while it lasts (epoch seconds)."""

    ailment: Ailment
    begin: float
    end: float


class PodTroubles:
    """What the faults do to pods; times are epoch seconds."""

    def __init__(self, faults: Sequence[Fault], history: ClusterHistory) -> None:
        self._faults = [fault for fault in faults if fault.spec.pods]
        self._history = history

    def touches(self, name: str, namespace: str) -> bool:
        """Whether some fault concerns pods of a workload."""
        return any(
            (ailment.workload, ailment.namespace) == (name, namespace)
            for fault in self._faults
            for ailment in fault.spec.pods
        )

    def onsets(self) -> list[tuple[float, Ailment]]:
        """When each ailment begins."""
        return [(fault.onset, ailment) for fault in self._faults for ailment in fault.spec.pods]

    def spell(self, pod: Manifest, now: float) -> Spell | None:
        """The pod's latest ailment up to ``now``; None when it was always well."""
        made = _made(pod)
        found = None
        for fault in self._faults:
            for ailment in fault.spec.pods:
                if not self._concerns(ailment, pod, fault):
                    continue
                for begin, end in fault.spells():
                    start = max(begin, made + _START_S)
                    if start <= now and start < end:
                        found = Spell(ailment, start, end)
        return found

    def health(self, pod: Manifest, now: datetime) -> Health:
        """How the pod is, for a kubelet to write down; empty: it is well, and always was."""
        moment = now.timestamp()
        spell = self.spell(pod, moment)
        if spell is None:
            return {}
        over = moment >= spell.end
        match spell.ailment:
            case Crashes():
                return _crashing(pod, spell.ailment, spell, moment)
            case PullFails() if not over:
                return _unpullable(pod, spell.ailment, spell, moment)
            case Unready() if not over:
                return _unready(pod, spell.ailment, spell, moment)
            case Evicted():
                told = {"phase": "Failed", "reason": "Evicted", "message": spell.ailment.says}
                container = container_of(spell.ailment, pod)
                events = evicted_events(container, spell.ailment, spell.begin)
                return told | {"since": _when(spell.begin), "events": events}
        return {}

    def restarts(self, pod: Manifest, times: Sequence[float]) -> list[float]:
        """How often its containers had been restarted at each of the times."""
        runs = self._runs(pod, max(times, default=0.0))
        begun = runs.starts[1:] if runs else ()
        return [float(bisect_right(begun, at)) for at in times]

    def is_silent(self, pod: Manifest, at: float) -> bool:
        """Whether the pod does not do its ordinary work at a moment."""
        spell = self.spell(pod, at)
        if spell is None or at >= spell.end:
            return False
        if isinstance(spell.ailment, Crashes):
            runs = _runs_of(spell.ailment, pod, spell, at)
            return not (runs.is_running and spell.ailment.is_ready_between)
        return not isinstance(spell.ailment, Unready)

    def lines(self, pod: Manifest, start: float, end: float) -> Iterator[tuple[float, Line]]:
        """What its crashing container writes within a span of time, oldest first."""
        spell = self.spell(pod, end)
        if spell is None or not isinstance(spell.ailment, Crashes) or not spell.ailment.says:
            return
        runs = self._runs(pod, end)
        for death in runs.ends if runs else ():
            begun = max(s for s in runs.starts if s <= death) if runs else death
            room = min(death - begun, 2.0)
            for place, line in enumerate(spell.ailment.says):
                at = death - room * (1.0 - (place + 1) / (len(spell.ailment.says) + 1))
                if start <= at < end:
                    yield at, line

    def container(self, pod: Manifest, at: float) -> str:
        """The name of its ill container."""
        spell = self.spell(pod, at)
        ailment = spell.ailment if spell else None
        first = pod["spec"]["containers"][0]
        return str((container_of(ailment, pod) if ailment else first)["name"])

    def _runs(self, pod: Manifest, now: float) -> Runs | None:
        spell = self.spell(pod, now)
        if spell is None or not isinstance(spell.ailment, Crashes):
            return None
        return _runs_of(spell.ailment, pod, spell, now)

    def _concerns(self, ailment: Ailment, pod: Manifest, fault: Fault) -> bool:
        if not _is_of(ailment, pod):
            return False
        if ailment.fresh and _made(pod) < fault.onset - 1.0:
            return False
        if isinstance(ailment, Evicted) and _made(pod) >= fault.onset:
            return False
        if ailment.count is None:
            return True
        pods = [p for p in self._history.current("Pod", ailment.namespace) if _is_of(ailment, p)]
        pods.sort(key=lambda p: (_made(p), p["metadata"]["name"]))
        chosen = [p["metadata"]["name"] for p in pods[: ailment.count]]
        if ailment.stale:
            chosen = fault.struck(ailment, chosen)
        return pod["metadata"]["name"] in chosen


def _is_of(ailment: Ailment, pod: Manifest) -> bool:
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    return (
        metadata["namespace"] == ailment.namespace
        and labels.get("app.kubernetes.io/name") == ailment.workload
        and ailment.version in ("", labels.get("app.kubernetes.io/version"))
        and ailment.node in ("", pod["spec"].get("nodeName"))
    )


def _made(pod: Manifest) -> float:
    return parse_time(pod["metadata"]["creationTimestamp"]).timestamp()


def _first(pod: Manifest) -> float:
    return _made(pod) + _START_S


def _runs_of(ailment: Crashes, pod: Manifest, spell: Spell, now: float) -> Runs:
    most = math.inf if ailment.times is None else ailment.times
    lasts = ailment.runs.total_seconds()
    return runs_until(now, _first(pod), spell.begin, lasts, spell.end, most)


def _when(moment: float) -> datetime:
    return datetime.fromtimestamp(math.floor(moment), UTC)


def container_of(ailment: Ailment, pod: Manifest) -> Mapping[str, Any]:
    """The container that is ill."""
    spec = pod["spec"]
    known = [*(spec.get("initContainers") or ()), *spec["containers"]]
    first: Mapping[str, Any] = spec["containers"][0]
    return next((c for c in known if c["name"] == ailment.container), first)


def _crashing(pod: Manifest, ailment: Crashes, spell: Spell, now: float) -> Health:
    runs = _runs_of(ailment, pod, spell, now)
    container = container_of(ailment, pod)
    over = now >= spell.end
    is_init = any(c["name"] == container["name"] for c in pod["spec"].get("initContainers") or ())
    if is_init and over:
        return {}
    health: Health = {
        "container": container["name"],
        "restartCount": runs.restarts,
        "started": not is_init,
        "ready": runs.is_running and (over or ailment.is_ready_between),
        "since": _when(max([spell.begin, *runs.ends[-1:]])),
        "events": crash_events(pod, container, ailment, runs, now),
    }
    if runs.ends:
        begun = max(s for s in runs.starts if s <= runs.ends[-1])
        ended = {
            "exitCode": ailment.exit_code,
            "reason": ailment.reason,
            "startedAt": format_time(_when(begun)),
            "finishedAt": format_time(_when(runs.ends[-1])),
        }
        if ailment.message:
            ended["message"] = ailment.message
        health["lastState"] = {"terminated": ended}
    if runs.is_running:
        health["state"] = {"running": {"startedAt": format_time(_when(runs.starts[-1]))}}
    else:
        health["state"] = {"waiting": _backing_off(pod, container, runs)}
    return health


def _backing_off(pod: Manifest, container: Mapping[str, Any], runs: Runs) -> dict[str, str]:
    metadata = pod["metadata"]
    whole = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    minutes, seconds = divmod(int(runs.next_wait_s), 60)
    wait = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    message = f"back-off {wait} restarting failed container={container['name']} pod={whole}"
    return {"reason": "CrashLoopBackOff", "message": message}


def _unpullable(pod: Manifest, ailment: PullFails, spell: Spell, now: float) -> Health:
    container = container_of(ailment, pod)
    image = container["image"]
    error = ailment.says.format(image=image)
    # The kubelet tries anew after each back-off; between the tries the state says so.
    is_trying = (now - spell.begin) % 300.0 < 4.0
    waiting = {"reason": "ErrImagePull", "message": error}
    if not is_trying:
        message = f'Back-off pulling image "{image}": ErrImagePull: {error}'
        waiting = {"reason": "ImagePullBackOff", "message": message}
    return {
        "container": container["name"],
        "started": False,
        "pulled": False,
        "ready": False,
        "since": _when(spell.begin),
        "state": {"waiting": waiting},
        "events": pull_events(container, error, spell.begin, now),
    }


def _unready(pod: Manifest, ailment: Unready, spell: Spell, now: float) -> Health:
    container = container_of(ailment, pod)
    return {
        "container": container["name"],
        "ready": False,
        "since": _when(spell.begin),
        "events": unready_events(container, ailment, spell.begin, now),
    }
