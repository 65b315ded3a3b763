"""Whether a pod is stuck, and what has to be so for its deletion to help. Pure functions on the API's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import yaml

from agent.errors import Refused
from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.masked import safe
from integrations.text import parse_time

OVERDUE = "is terminating beyond its grace"
"""Why a pod is stuck that should have ended by now."""
_MAKERS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"})
"""Controllers that make a pod anew when it is gone."""
_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""What a container waits for that does not come by itself soon."""
_STUCK_AFTER = timedelta(minutes=2)
"""A pod that is not ready for less may be starting."""
_OFTEN = 3
"""Restarts of a pod that is not ready, from which on it crash loops, also while it runs for a moment."""
_SLACK = timedelta(seconds=30)
"""A kubelet takes so long to report that a pod has ended."""


class Stuck(NamedTuple):
    """A pod whose deletion may help."""

    why: str
    """In words."""
    maker: Json
    """The reference to its controller."""
    overdue: bool
    """It should have ended by now, so that only a deletion by force takes it away."""

    @property
    def preconditions(self) -> tuple[str, ...]:
        """What has to be so still when it is deleted, beside its uid."""
        state = OVERDUE if self.overdue else "is not ready"
        return (f"it {state}", f"{self.maker['kind']} {self.maker['name']} makes a new one")

    @property
    def grace_seconds(self) -> int | None:
        """The grace to delete it with; None: its own."""
        return 0 if self.overdue else None


def stuck(pod: Json, now: datetime) -> Stuck:
    """Why a pod is stuck, and what makes a new one.

    Raises:
        Refused: it is not stuck, nothing would make it anew, or deleting it would not help.
    """
    name = objects.name_of(pod)
    owner = objects.owner_of(pod)
    if owner is None or not owner.get("controller") or owner.get("kind") not in _MAKERS:
        by = f"is kept by {owner['kind']} {owner['name']}" if owner else "has no controller"
        raise Refused(f"Pod {name} {by}: nothing would make it anew")
    ends_at = parse_time(pod["metadata"].get("deletionTimestamp"))
    if ends_at is not None:
        return _terminating(pod, owner, ends_at, now)
    if pod.get("status", {}).get("phase") == "Succeeded":
        raise Refused(f"Pod {name} has done its work and is not stuck")
    why = _why(pod, now)
    if not why:
        raise Refused(
            f"Pod {name} is not stuck: it is ready, or has been unready for a moment only"
        )
    return Stuck(why, owner, overdue=False)


def _terminating(pod: Json, owner: Json, ends_at: datetime, now: datetime) -> Stuck:
    name, held = objects.name_of(pod), pod["metadata"].get("finalizers")
    if now < ends_at + _SLACK:
        raise Refused(f"Pod {name} is terminating and still within its grace")
    if held:
        raise Refused(
            f"Pod {name} is held by finalizers ({', '.join(held)}): whoever set them has to let it go"
        )
    return Stuck(OVERDUE, owner, overdue=True)


def _why(pod: Json, now: datetime) -> str:
    status = pod.get("status", {})
    if status.get("phase") == "Failed":
        return "has failed"
    states = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    for state in states:
        reason = (state.get("state", {}).get("waiting") or {}).get("reason")
        if reason in _HOPELESS:
            return "is crash looping" if reason == "CrashLoopBackOff" else f"waits in {reason}"
    conditions = {c.get("type"): c for c in status.get("conditions", [])}
    ready = conditions.get("Ready") or {}
    if ready.get("status") == "False" and _restarts(states) >= _OFTEN:
        return "is crash looping"
    since = parse_time(ready.get("lastTransitionTime"))
    if ready.get("status") == "False" and since is not None and now - since >= _STUCK_AFTER:
        return "is not ready"
    return ""


def refuse_two_of_one(pod: Json, found: Stuck, node: Json | None) -> None:
    """Refuse to delete by force what may have a second one beside it then.

    A member of a StatefulSet may be running still on a node that does not report, and its volume be written twice.

    Raises:
        Refused: the message says what to do instead.
    """
    if found.overdue and found.maker["kind"] == "StatefulSet" and not is_reporting(node):
        raise Refused(
            f"Node {pod['spec'].get('nodeName')} does not report, so {objects.name_of(pod)} may run there still; a second"
            " one of the same name could write the same volume. Make sure that the node is off, then delete its Node"
        )


def is_reporting(node: Json | None) -> bool:
    """Whether a node's kubelet is known to report."""
    conditions = (node or {}).get("status", {}).get("conditions", [])
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _restarts(states: Iterable[Json]) -> int:
    return sum(int(s.get("restartCount") or 0) for s in states)


def gist(pod: Json) -> list[str]:
    """What of the pod goes, as YAML: enough to know it by, without its template, which the next one has too."""
    metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    owner = objects.owner_of(pod) or {}
    kept = {
        "kind": "Pod",
        "metadata": {
            "name": objects.name_of(pod),
            "namespace": objects.namespace_of(pod),
            "uid": metadata.get("uid"),
            "controlledBy": f"{owner.get('kind')}/{owner.get('name')}",
            "deletionTimestamp": metadata.get("deletionTimestamp"),
        },
        "spec": {
            "nodeName": spec.get("nodeName"),
            "images": [c.get("image") for c in spec.get("containers", [])],
        },
        "status": {"phase": status.get("phase")},
    }
    known = {k: _present(v) if isinstance(v, dict) else v for k, v in kept.items()}
    return yaml.safe_dump(safe(known), sort_keys=False).splitlines()


def _present(values: Json) -> Json:
    return {k: v for k, v in values.items() if v not in (None, [])}
