"""Failure modes of probes: what kubelets ask of containers, and what they do when the answer is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.model import Change, Json
from agent.reasoning.modes.changes import restart_fix
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import (
    COARSE,
    RUNS,
    came_with_rollout,
    counted,
    failing,
    lone_pod_fix,
    pod_checks,
    pods_of,
    rollback_fix,
    rollout_behind,
    told,
)
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_OFTEN = 3
"""Failed probes that are more than a hiccup."""


def _failures(probe: str, target: Target, view: View) -> int:
    """How often the probe failed lately, over all of its pods."""
    found = view.answer("kubernetes_events", name=target.name)
    events = found.data.get("events") or [] if found else []
    pods = {p["name"] for p in (pods_of(target, view) or (0, []))[1]}
    return sum(
        int(e.get("count") or 1)
        for e in events
        if e.get("reason") == "Unhealthy"
        and str(e.get("message")).startswith(f"{probe} probe failed")
        and str(e.get("object")).rpartition("/")[2] in pods
    )


def _arises(target: Target, view: View) -> bool:
    return any(_failures(p, target, view) for p in ("Liveness", "Readiness", "Startup"))


def _signs_of(probe: str) -> Callable[[Target, View], Iterator[Sign]]:
    def signs(target: Target, view: View) -> Iterator[Sign]:
        events = view.answer("kubernetes_events", name=target.name)
        if events is None:
            return
        if _failures(probe, target, view) < _OFTEN:
            text = f"the {probe.lower()} probe of {target.name} does not fail again and again"
            yield Sign(events.step, text, -DECISIVE)
            return
        weight = DECISIVE if probe != "Readiness" else STRONG
        yield from told(target, view, ("Unhealthy",), f"^{probe} probe failed", weight)
        yield from told(target, view, ("Killing",), f"failed {probe.lower()} probe", STRONG)
        yield from _state(probe, target, view)
        yield from came_with_rollout(target, view, "[pP]robe|path:|port:|Seconds:|Threshold:")

    return signs


def _state(probe: str, target: Target, view: View) -> Iterator[Sign]:
    """What the pods show of it: restarts by liveness and startup, none by readiness."""
    pods, ill = pods_of(target, view), failing(target, view)
    if pods is None:
        return
    if probe == "Readiness":
        running = [p for p in ill if p.get("phase") == "Running" and not _is_restarting(p)]
        if running:
            text = (
                f"{counted(target, view, running)} run without being ready, and are not restarted"
            )
            yield Sign(pods[0], text, DECISIVE)
        return
    killed = [p for p in pods[1] if p.get("restarts") and p.get("last_state")]
    if killed:
        first = max(killed, key=lambda p: int(p["restarts"]))
        text = f"{first['name']} was restarted {first['restarts']} times, last ended by exit code"
        yield Sign(pods[0], f"{text} {first['last_state'].get('exit_code')}", FAIR)


def _is_restarting(pod: Json) -> bool:
    return pod.get("reason") in ("CrashLoopBackOff", "Error", "ImagePullBackOff", "ErrImagePull")


def _readiness_fixes(target: Target, view: View) -> Iterator[Change]:
    """Back, when a rollout brought it; else a restart, which a container that lost its footing needs: of one pod, when
    the others are well."""
    if rollout_behind(target, view) is not None:
        yield from rollback_fix(target, view)
        return
    yield from lone_pod_fix(target, view)
    yield from restart_fix(target, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    events = view.answer("kubernetes_events", name=target.name)
    for event in events.data.get("events") or [] if events else ():
        if event.get("reason") == "Unhealthy" and re.search(r"statuscode: 404", event["message"]):
            yield f"Have the probe of {target.name} ask for a path that the container answers"
            return
    yield f"Give the probe of {target.name} the time that the container needs, or mend what it waits for"


MODES = (
    Mode(
        id="failing_liveness",
        short="a failing liveness probe",
        words=frozenset({"liveness"}),
        statement="the liveness probe of {name} fails, so that its containers are killed again and again",
        prior=-2.0,
        flavours=RUNS,
        arises=_arises,
        refines=COARSE,
        checks=pod_checks,
        signs=_signs_of("Liveness"),
        fixes=rollback_fix,
        advice=_advice,
    ),
    Mode(
        id="failing_readiness",
        short="a failing readiness probe",
        words=frozenset({"readiness"}),
        statement="the readiness probe of {name} fails, so that its pods get no traffic",
        prior=-2.2,
        flavours=RUNS,
        arises=_arises,
        refines=COARSE,
        checks=pod_checks,
        signs=_signs_of("Readiness"),
        fixes=_readiness_fixes,
        advice=_advice,
    ),
    Mode(
        id="failing_startup",
        short="a failing startup probe",
        words=frozenset({"startup"}),
        statement="the startup probe of {name} gives up before its containers are up",
        prior=-2.2,
        flavours=RUNS,
        arises=_arises,
        refines=COARSE,
        checks=pod_checks,
        signs=_signs_of("Startup"),
        fixes=rollback_fix,
        advice=_advice,
    ),
)
