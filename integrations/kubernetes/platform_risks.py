"""What may go wrong with an autoscaler's new bounds, with a node that is closed or opened, and with a pod's deletion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.model import Change, ChangeKind, Json
from integrations.kubernetes import objects
from integrations.kubernetes.quantities import amount
from integrations.kubernetes.stuck_pods import Stuck, is_reporting
from integrations.text import clock, iso, number, parse_time, size

_CORDONED = "f:unschedulable"


def bounds_risk(change: Change, scaler: Json, scaled: Json | None) -> Iterator[str]:
    """Of other bounds of an autoscaler.

    Args:
        change: with the bounds.
        scaler: as it is.
        scaled: the workload that it scales; None when that is not seen.
    """
    spec = scaler["spec"]
    least, most = change.arguments.get("minimum"), change.arguments.get("maximum")
    more = (most or 0) - int(spec.get("maxReplicas") or 0)
    if most is not None and more > 0:
        yield f"Up to {more} more pods may start{_requests(scaled, more)}, as long as the load asks for them."
        yield "Each new pod opens its own connections to what it depends on."
    elif most is not None:
        yield f"Under load it stops at {most} pods; those above are removed at once."
    now = int(spec.get("minReplicas", 1))
    if least is not None and least > now:
        yield f"At least {least} pods run from now on{_requests(scaled, least - now)}, also without load."
    elif least is not None and least < now:
        yield f"At rest {least} pods have to carry what {now} carry now."


def _requests(scaled: Json | None, pods: int) -> str:
    """What so many more pods request of the nodes."""
    requests = [
        c.get("resources", {}).get("requests", {}) for c in objects.containers_of(scaled or {})
    ]
    cores = sum(amount(r.get("cpu")) or 0.0 for r in requests) * pods
    memory = sum(amount(r.get("memory")) or 0.0 for r in requests) * pods
    parts = [f"{number(cores)} CPU"] if cores else []
    parts += [size(memory)] if memory else []
    return f" and request {' and '.join(parts)} of the nodes" if parts else ""


def cordon_risk(change: Change, node: Json, nodes: Sequence[Json]) -> Iterator[str]:
    """Of a node that is closed to new pods, or opened again."""
    name = objects.name_of(node)
    if change.kind is ChangeKind.CORDON:
        others = [n for n in nodes if objects.name_of(n) != name]
        left = [n for n in others if is_reporting(n) and not n.get("spec", {}).get("unschedulable")]
        yield f"The pods on {name} keep running; new ones have {len(left)} of {len(others)} other nodes left."
        if not left:
            yield "No node would be left that takes a pod."
        yield f"Pods that may run on {name} only, or whose volume is tied to it, would wait."
        return
    if (written := _cordoned_by(node)) is not None:
        yield f"It was cordoned{written}; whoever did so may not be done with it."
    if not is_reporting(node):
        yield f"{name} is not ready: it takes pods as soon as it is."
    conditions = node.get("status", {}).get("conditions", [])
    ill = [str(c["type"]) for c in conditions if c["type"] != "Ready" and c["status"] == "True"]
    if ill:
        yield f"{name} reports {', '.join(ill)}: pods that come there may be evicted."


def _cordoned_by(node: Json) -> str | None:
    """By whom and when, as managedFields has it; None when that is not noted."""
    for entry in node["metadata"].get("managedFields") or []:
        if _CORDONED in (entry.get("fieldsV1") or {}).get("f:spec", {}):
            at = clock(iso(parse_time(entry.get("time"))))
            return f" by {entry.get('manager')} at {at}"
    return None


def deletion_risk(pod: Json, found: Stuck, siblings: Sequence[Json], node: Json | None) -> str:
    """Of the deletion of a stuck pod, the gravest first.

    Args:
        pod: the pod.
        found: why it is stuck.
        siblings: the other pods of its controller.
        node: that it is on; None when that is not seen.
    """
    return " ".join(_of_deletion(pod, found, siblings, node))


def _of_deletion(
    pod: Json, found: Stuck, siblings: Sequence[Json], node: Json | None
) -> Iterator[str]:
    spec, maker = pod.get("spec", {}), found.maker
    if found.overdue and not is_reporting(node):
        yield (
            f"Its node {spec.get('nodeName')} does not report: its containers may run on there beside those of the new pod."
        )
    elif found.overdue:
        yield "It is taken off the record at once; its containers may run on for a while."
    ready = [p for p in siblings if objects.pod_data(p)["ready"]]
    if siblings and not ready:
        yield f"None of the {len(siblings)} other pods of {maker['name']} is ready either: a new one may fail as this one does."
    elif siblings:
        yield f"{len(ready)} of the {len(siblings)} other pods of {maker['name']} are ready and serve meanwhile."
    else:
        yield "It is the only pod of its controller."
    if any("emptyDir" in v for v in spec.get("volumes", [])):
        yield "What it wrote to its emptyDir volumes is lost."
    yield "Its logs are gone from the node once it is; the log collector's copy stays."
