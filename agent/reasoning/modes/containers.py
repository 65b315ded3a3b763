"""Failure modes of containers, pods and nodes, seen in Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, Check, Json
from agent.reasoning.modes.changes import replicas_fix, resources_fix, restart_fix
from agent.reasoning.modes.events import reported
from agent.reasoning.modes.forecast import saturation_sign
from agent.reasoning.modes.lines import lines_check, spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import COARSE, RUNS, came_with_rollout, pods_of, workload_check
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock, count, plain, share, size, times

_RECENT = timedelta(hours=3)
_THROTTLED_SECONDS = 0.05
_NEAR_CPU_LIMIT = 0.7
_MEMORY_IS_TIGHT = 0.8
_GARBAGE = (
    "gc pause",
    "gc overhead",
    "full gc",
    "pause full",
    "garbage collect",
    "after collection",
    "heap space",
)
"""As runtimes with a garbage collector put it."""
_NANO = 1e9


def memory_limit(target: Target, view: View) -> tuple[int, float] | None:
    """The step that read the workload, and the memory limit of its first container, bytes."""
    return _limit(target, view, "memory_bytes")


def _limit(target: Target, view: View, resource: str) -> tuple[int, float] | None:
    found = view.workload(target)
    if found is None or not found.data.get("containers"):
        return None
    limit = (found.data["containers"][0].get("limits") or {}).get(resource)
    return (found.step, float(limit)) if limit else None


def _oom_signs(target: Target, view: View) -> Iterator[Sign]:
    if (pods := pods_of(target, view)) is None:
        return
    step, items = pods
    killed = [p for p in items if (p.get("last_state") or {}).get("reason") == "OOMKilled"]
    recent = [p for p in killed if _is_recent(p, view)]
    if recent:
        at = time_of(recent[0]["last_state"].get("finished_at"))
        when = f" at {clock(at)}" if at else ""
        text = f"{len(recent)} pods of {target.name} were killed for lack of memory, {recent[0]['name']}{when}"
        again = (recent[0].get("restarts") or 0) > 1
        yield Sign(step, text, DECISIVE, onset=None if again else at)
        yield from reported(target, view, "OOMKilling", "Killing", "BackOff", "Evicted")
        yield from came_with_rollout(target, view, "memory:")
    elif killed:
        yield Sign(step, f"the last kill of {target.name} for lack of memory was long ago", -FAIR)
    else:
        yield Sign(step, f"no pod of {target.name} was killed for lack of memory", -DECISIVE)


def _is_recent(pod: Json, view: View) -> bool:
    at = time_of((pod.get("last_state") or {}).get("finished_at"))
    return at is None or at >= view.symptom_onset - _RECENT


def _memory_fixes(target: Target, view: View) -> Iterator[Change]:
    yield from resources_fix(target, view, memory=True)


def _memory_checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric(
        "kubernetes.memory.working_set", "how near its memory limit it is", by="max"
    )
    yield from workload_check(target, view)
    used, limit = view.metric("kubernetes.memory.working_set", target), memory_limit(target, view)
    if used is not None and limit is not None and used.last >= _MEMORY_IS_TIGHT * limit[1]:
        query = "(GC OR heap OR garbage OR OutOfMemory)"
        yield lines_check(target, query, "whether it collects garbage all the time")


def _memory_signs(target: Target, view: View) -> Iterator[Sign]:
    used, limit = view.metric("kubernetes.memory.working_set", target), memory_limit(target, view)
    if used is None or limit is None:
        return
    step, most = limit
    part = used.last / most
    text = f"a pod of {target.name} uses {size(used.last)} of its limit of {size(most)} ({share(part)})"
    weight = STRONG if part >= 0.9 else WEAK if part >= _MEMORY_IS_TIGHT else -STRONG
    yield Sign(used.step, text, weight, also=(step,), onset=used.onset)
    if part >= _MEMORY_IS_TIGHT:
        yield from _garbage_signs(target, view)
    if part >= 0.7:
        yield from saturation_sign(f"a pod of {target.name}", used, most, size(most), step)


def _garbage_signs(target: Target, view: View) -> Iterator[Sign]:
    found = next(spoken(target.name, view, _GARBAGE), None)
    if found is not None:
        text = (
            f'{count(found.lines)} log lines of {target.name} tell of a full heap: "{found.quoted}"'
        )
        yield Sign(found.step, text, FAIR)


def _throttling_checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("kubernetes.cpu.cfs.throttled.seconds", "whether its CPU is throttled")
    yield target.metric("kubernetes.cpu.usage.total", "how near its CPU limit it is")
    yield from workload_check(target, view)


def _throttling_signs(target: Target, view: View) -> Iterator[Sign]:
    throttled = view.metric("kubernetes.cpu.cfs.throttled.seconds", target)
    if throttled is None:
        return
    if throttled.risen and throttled.last > _THROTTLED_SECONDS:
        text = (
            f"CPU of {target.name} is throttled {times(throttled.rise)} as much as at its baseline"
        )
        yield Sign(throttled.step, text, STRONG, onset=throttled.onset)
        yield from _near_cpu_limit(target, view)
    else:
        yield Sign(
            throttled.step, f"CPU of {target.name} is not throttled more than before", -STRONG
        )


def _near_cpu_limit(target: Target, view: View) -> Iterator[Sign]:
    """What it uses of its limit; in the mean over a minute a throttled container stays below."""
    used, limit = (
        view.metric("kubernetes.cpu.usage.total", target),
        _limit(target, view, "cpu_cores"),
    )
    if used is None or limit is None:
        return
    step, most = limit
    cores = used.last / _NANO
    if cores >= _NEAR_CPU_LIMIT * most:
        text = f"a pod of {target.name} uses {plain(cores)} of its limit of {plain(most)} cores ({share(cores / most)})"
        yield Sign(step, text, FAIR, also=(used.step,), onset=used.onset)


def _cpu_fixes(target: Target, view: View) -> Iterator[Change]:
    yield from resources_fix(target, view, memory=False, factor=1.5)


def _crash_checks(target: Target, view: View) -> Iterator[Check]:
    yield from workload_check(target, view)
    if (pods := pods_of(target, view)) is not None and any(_crashes(p) for p in pods[1]):
        yield target.ask(
            "kubernetes_logs", "what it says before it dies", workload=target.name, previous=True
        )


def _crashes(pod: Json) -> bool:
    return pod.get("reason") in ("CrashLoopBackOff", "Error", "CreateContainerConfigError")


def _crash_signs(target: Target, view: View) -> Iterator[Sign]:
    if (pods := pods_of(target, view)) is None:
        return
    step, items = pods
    crashing = [p for p in items if _crashes(p)]
    if crashing:
        first = crashing[0]
        text = f"{len(crashing)} of {len(items)} pods of {target.name} crash, {first['name']} restarted {first['restarts']} times"
        yield Sign(step, text, DECISIVE)
        yield from reported(target, view, "BackOff", "Unhealthy", "Failed")
    elif items:
        text = f"no pod of {target.name} crashes ({len(items)} run)"
        yield Sign(step, text, -DECISIVE)


def _replica_signs(target: Target, view: View) -> Iterator[Sign]:
    found = view.workload(target)
    if found is None:
        return
    replicas, scaler = found.data.get("replicas") or {}, found.data.get("autoscaler") or {}
    desired, ready = replicas.get("desired"), replicas.get("ready")
    if desired is None or ready is None:
        return
    if ready < desired:
        text = f"{ready} of {desired} replicas of {target.name} are ready"
        yield Sign(found.step, text, STRONG)
        yield from reported(target, view, "FailedScheduling", "FailedCreate", "Unhealthy")
    elif scaler and scaler.get("current") == scaler.get("max"):
        text = f"autoscaler of {target.name} is at its maximum of {scaler['max']} replicas"
        yield Sign(found.step, text, STRONG)
    else:
        text = f"{ready} of {desired} replicas of {target.name} are ready"
        yield Sign(found.step, f"{text}, with room to scale" if scaler else text, -FAIR)


def _replica_fixes(target: Target, view: View) -> Iterator[Change]:
    yield from replicas_fix(target, view)
    yield from restart_fix(target, view)


MODES = (
    Mode(
        id="crash_loop",
        short="a crash loop",
        words=frozenset({"crash"}),
        statement="{name} crashes again and again",
        prior=-2.0,
        flavours=RUNS,
        checks=_crash_checks,
        signs=_crash_signs,
        fixes=restart_fix,
    ),
    Mode(
        id="replicas_insufficient",
        short="too few replicas",
        words=frozenset({"replicas"}),
        statement="{name} has too few replicas",
        prior=-2.2,
        flavours=RUNS,
        checks=workload_check,
        signs=_replica_signs,
        fixes=_replica_fixes,
    ),
    Mode(
        id="oom_kill",
        short="lack of memory",
        words=frozenset({"oom"}),
        statement="{name} was killed for lack of memory",
        prior=-2.2,
        flavours=RUNS,
        refines=COARSE,
        checks=workload_check,
        signs=_oom_signs,
        fixes=_memory_fixes,
    ),
    Mode(
        id="memory_limit_near",
        short="a memory limit",
        statement="{name} is near its memory limit",
        prior=-2.4,
        flavours=RUNS,
        checks=_memory_checks,
        signs=_memory_signs,
        fixes=_memory_fixes,
    ),
    Mode(
        id="cpu_throttling",
        short="throttled CPU",
        words=frozenset({"throttl"}),
        statement="the CPU of {name} is throttled",
        prior=-2.4,
        flavours=RUNS,
        checks=_throttling_checks,
        signs=_throttling_signs,
        fixes=_cpu_fixes,
    ),
)
