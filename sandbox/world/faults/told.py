"""The Events by which kubelets tell of ill pods, in their words, counted as the cluster folds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.world.faults.ailments import Crashes, Evicted, Unready
from sandbox.world.faults.crashing import Runs
from sandbox.world.ports import Manifest

Told = dict[str, Any]
_TELLS_OF_BACK_OFF_EVERY_S = 13.0
_PROBE_PERIOD_S = 10.0
_FAILURES = 3
"""Failed probes after which the kubelet acts."""
_PULL_WAITS_S = (0.0, 15.0, 45.0, 105.0)
_PULLS_EVERY_S = 300.0


def crash_events(
    pod: Manifest, container: Mapping[str, Any], ailment: Crashes, runs: Runs, now: float
) -> list[Told]:
    """What is told of a container that ends again and again."""
    name, image = container["name"], container["image"]
    again = runs.starts[1:]
    told = [
        _event("Normal", "Pulled", f'Container image "{image}" already present on machine', again),
        _event("Normal", "Created", f"Created container: {name}", again),
    ]
    if ailment.reason == "StartError":
        told.append(_event("Warning", "Failed", f"Error: {ailment.message}", runs.ends))
    else:
        told.append(_event("Normal", "Started", f"Started container {name}", again))
    if ailment.probe:
        told += _probed(name, ailment, runs)
    waits = [
        (end, min(start, now)) for end, start in zip(runs.ends, (*again, now), strict=False) if end
    ]
    told.append(_event("Warning", "BackOff", _back_off(pod, name), _during(waits)))
    return _placed([e for e in told if e["count"]], name, container, pod)


def _probed(name: str, ailment: Crashes, runs: Runs) -> list[Told]:
    failures = [
        end - _PROBE_PERIOD_S * number for end in runs.ends for number in range(_FAILURES, 0, -1)
    ]
    unhealthy = f"{ailment.probe.capitalize()} probe failed: {ailment.probe_says}"
    killed = f"Container {name} failed {ailment.probe} probe, will be restarted"
    return [
        _event("Warning", "Unhealthy", unhealthy, failures),
        _event("Normal", "Killing", killed, runs.ends),
    ]


def _back_off(pod: Manifest, name: str) -> str:
    metadata = pod["metadata"]
    whole = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    return f"Back-off restarting failed container {name} in pod {whole}"


def _during(spans: Sequence[tuple[float, float]]) -> list[float]:
    return [
        begin + number * _TELLS_OF_BACK_OFF_EVERY_S
        for begin, end in spans
        for number in range(1 + int((end - begin) // _TELLS_OF_BACK_OFF_EVERY_S))
    ]


def pull_events(container: Mapping[str, Any], error: str, begin: float, now: float) -> list[Told]:
    """What is told of an image that cannot be pulled."""
    image = container["image"]
    tries = [begin + wait for wait in _PULL_WAITS_S]
    while tries[-1] + _PULLS_EVERY_S <= now:
        tries.append(tries[-1] + _PULLS_EVERY_S)
    tries = [at for at in tries if at <= now]
    backing_off = _during([(begin + 2.0, now)]) if now > begin + 2.0 else []
    told = [
        _event("Normal", "Pulling", f'Pulling image "{image}"', tries),
        _event("Warning", "Failed", f'Failed to pull image "{image}": {error}', tries),
        _event("Warning", "Failed", "Error: ErrImagePull", tries),
        _event("Normal", "BackOff", f'Back-off pulling image "{image}"', backing_off),
        _event("Warning", "Failed", "Error: ImagePullBackOff", backing_off),
    ]
    return _placed([e for e in told if e["count"]], container["name"], container, None)


def unready_events(
    container: Mapping[str, Any], ailment: Unready, begin: float, now: float
) -> list[Told]:
    """What is told of a container that fails its readiness probe."""
    failures = [begin + _PROBE_PERIOD_S * n for n in range(1 + int((now - begin) // 10.0))]
    told = [_event("Warning", "Unhealthy", f"Readiness probe failed: {ailment.says}", failures)]
    return _placed(told, container["name"], container, None)


def evicted_events(container: Mapping[str, Any], ailment: Evicted, begin: float) -> list[Told]:
    """What is told of a pod that had to go."""
    told = [
        _event("Warning", "Evicted", ailment.says, [begin]),
        _event("Normal", "Killing", f"Stopping container {container['name']}", [begin]),
    ]
    return _placed(told, container["name"], container, None)


def _event(kind: str, reason: str, message: str, moments: Sequence[float]) -> Told:
    event: Told = {"type": kind, "reason": reason, "message": message, "count": len(moments)}
    if moments:
        event["first"] = datetime.fromtimestamp(min(moments), UTC)
        event["last"] = datetime.fromtimestamp(max(moments), UTC)
    return event


def _placed(
    events: Sequence[Told], name: str, container: Mapping[str, Any], pod: Manifest | None
) -> list[Told]:
    first = (pod or {}).get("spec", {}).get("initContainers") or ()
    kind = "initContainers" if container in first else "containers"
    return [event | {"field_path": f"spec.{kind}{{{name}}}"} for event in events]
