"""Failure modes of pods that no node takes, or that may not even be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.model import Change, ChangeKind, Check, Json
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.nodes import node_fix
from agent.reasoning.modes.pods import (
    COARSE,
    RUNS,
    came_with_rollout,
    counted,
    failing,
    pod_checks,
    pods_of,
    quoted,
    rollback_of,
    told,
)
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_PATTERNS = {
    "volume": r"persistentvolumeclaim|volume node affinity conflict|max volume count",
    "cordoned": r"were unschedulable",
    "taints": r"untolerated taint",
    "resources": r"Insufficient [\w./-]+|Too many pods",
    "affinity": r"didn't match Pod's node affinity|node affinity/selector|didn't match pod (?:anti-)?affinity"
    r"|topology spread",
}
"""What the scheduler says, the likeliest culprit first: nodes that a selector leaves out anyway prove nothing."""
_BROUGHT = {
    "volume": r"claimName|persistentVolumeClaim",
    "resources": r"cpu:|memory:",
    "affinity": r"nodeSelector|affinity|nodeSelectorTerms|topologySpread|pool|zone|key:|operator:",
    "taints": r"tolerations|effect:",
}
_COUNTED = r"(\d+) (?:node\(s\) )?(?:{})"
_QUOTA = re.compile(r"exceeded quota: ([\w.-]+)")


def unscheduled(target: Target, view: View) -> list[Json]:
    """Its pods that no node takes."""
    return [p for p in failing(target, view) if p.get("reason") == "Unschedulable"]


def is_pending(target: Target, view: View) -> bool:
    """Whether a pod of it waits for a node."""
    return bool(unscheduled(target, view))


def culprit(message: str) -> str:
    """Which of the scheduler's reasons holds a pod up: of what can be mended, that of the most nodes."""
    heard = message.partition(" preemption:")[0]
    found = [
        name for name, pattern in _PATTERNS.items() if re.search(pattern, heard, re.IGNORECASE)
    ]
    if "volume" in found[:1]:
        return "volume"
    counts = {name: _count(name, heard) for name in found if name != "affinity"}
    return max(counts, key=lambda name: counts[name]) if counts else "".join(found)


def _count(name: str, heard: str) -> int:
    found = re.findall(_COUNTED.format(_PATTERNS[name]), heard, re.IGNORECASE)
    return sum(map(int, found)) or 1


def pending_checks(target: Target, view: View) -> Iterator[Check]:
    """What tells why no node takes a pod."""
    yield from pod_checks(target, view)
    yield Check(tool="kubernetes_nodes", reason="which nodes there are, and what they take")


def _signs_of(name: str) -> Callable[[Target, View], Iterator[Sign]]:
    def signs(target: Target, view: View) -> Iterator[Sign]:
        pods, waiting = pods_of(target, view), unscheduled(target, view)
        if pods is None or not waiting:
            return
        message = str(waiting[0].get("message"))
        if culprit(message) != name:
            text = f'the scheduler says of {waiting[0]["name"]}: "{quoted(message)}"'
            yield Sign(pods[0], text, -DECISIVE)
            return
        text = f'{counted(target, view, waiting)} wait for a node: "{quoted(message)}"'
        yield Sign(pods[0], text, DECISIVE)
        yield from told(target, view, ("FailedScheduling",), _PATTERNS[name], STRONG)
        yield from node_signs(name, view)
        if name in _BROUGHT:
            yield from came_with_rollout(target, view, _BROUGHT[name], FAIR)

    return signs


def node_signs(name: str, view: View) -> Iterator[Sign]:
    """What the nodes themselves show of it."""
    found = view.answer("kubernetes_nodes")
    nodes = found.data.get("nodes") or [] if found else []
    if found is None:
        return
    if name == "taints":
        tainted = [n for n in nodes if any("node.kubernetes.io" not in t for t in n["taints"])]
        if tainted:
            own = next(t for t in tainted[0]["taints"] if "node.kubernetes.io" not in t)
            text = (
                f"{len(tainted)} of {len(nodes)} nodes have a taint, {tainted[0]['name']} has {own}"
            )
            yield Sign(found.step, text, STRONG)
    elif name == "cordoned":
        closed = [n["name"] for n in nodes if n.get("unschedulable")]
        if closed:
            text = f"{len(closed)} of {len(nodes)} nodes are cordoned: {', '.join(closed)}"
            yield Sign(found.step, text, STRONG)


def _uncordon_fixes(target: Target, view: View) -> Iterator[Change]:
    """Open the nodes again that are well, one after the other."""
    found = view.answer("kubernetes_nodes")
    for node in (found.data.get("nodes") or []) if found else ():
        if found and node.get("ready") and not node.get("pressures"):
            yield from node_fix(ChangeKind.UNCORDON, node, found.step)


def _advice_of(text: str) -> Callable[[Target, View], Iterator[str]]:
    def advice(target: Target, view: View) -> Iterator[str]:
        found = view.answer("kubernetes_nodes")
        nodes = found.data.get("nodes") or [] if found else []
        names = {
            "cordoned": ", ".join(n["name"] for n in nodes if n.get("unschedulable")),
            "tainted": ", ".join(n["name"] for n in nodes if n.get("taints")),
        }
        yield text.format(name=target.name, namespace=target.namespace, **names)

    return advice


# --- quota --------------------------------------------------------------------------------------


def _refusal(target: Target, view: View) -> tuple[int, str] | None:
    """What the API server says against making a pod of it."""
    workload = view.workload(target)
    for condition in (workload.data.get("conditions") or []) if workload else ():
        message = str(condition.get("message"))
        if workload and condition.get("type") == "ReplicaFailure" and _QUOTA.search(message):
            return workload.step, message
    return None


def _quota_arises(target: Target, view: View) -> bool:
    return _refusal(target, view) is not None


def _quota_signs(target: Target, view: View) -> Iterator[Sign]:
    refused, workload = _refusal(target, view), view.workload(target)
    if refused is None or workload is None:
        return
    step, message = refused
    replicas = workload.data.get("replicas") or {}
    text = f"{replicas.get('updated')} of {replicas.get('desired')} pods of {target.name} could be made"
    yield Sign(step, f'{text}: "{quoted(message)}"', DECISIVE)
    yield from told(target, view, ("FailedCreate",), _QUOTA.pattern, STRONG)


def _quota_advice(target: Target, view: View) -> Iterator[str]:
    refused = _refusal(target, view)
    if refused is not None and (matched := _QUOTA.search(refused[1])):
        yield (
            f"Raise the ResourceQuota {matched[1]} of {target.namespace}, or free what other workloads"
            f" of it have requested; the pods of {target.name} come by themselves then"
        )


PENDING_RESOURCES = Mode(
    id="pending_resources",
    short="too little room on the nodes",
    words=frozenset({"capacity", "insufficient"}),
    statement="pods of {name} request more than any node has free",
    prior=-2.0,
    flavours=RUNS,
    arises=is_pending,
    refines=COARSE,
    checks=pending_checks,
    signs=_signs_of("resources"),
    fixes=rollback_of(_BROUGHT["resources"]),
    advice=_advice_of("Lower what {name} requests, or add nodes with room for it"),
)
PENDING_TAINTS = Mode(
    id="pending_taints",
    short="taints of the nodes",
    words=frozenset({"taint"}),
    statement="the nodes that {name} could run on have taints that its pods do not tolerate",
    prior=-2.2,
    flavours=RUNS,
    arises=is_pending,
    refines=COARSE,
    checks=pending_checks,
    signs=_signs_of("taints"),
    advice=_advice_of("Take the taint off {tainted}, or give the pods of {name} a toleration"),
)
PENDING_AFFINITY = Mode(
    id="pending_affinity",
    short="a node selector or affinity",
    words=frozenset({"affinity", "selector"}),
    statement="no node has what the node selector or affinity of {name} asks for",
    prior=-2.2,
    flavours=RUNS,
    arises=is_pending,
    refines=COARSE,
    checks=pending_checks,
    signs=_signs_of("affinity"),
    fixes=rollback_of(_BROUGHT["affinity"]),
    advice=_advice_of("Have {name} select nodes by a label that some of them have"),
)
PENDING_VOLUME = Mode(
    id="pending_volume",
    short="a volume that is not there",
    words=frozenset({"volume", "pvc"}),
    statement="pods of {name} wait for a volume that is not there",
    prior=-2.2,
    flavours=RUNS,
    arises=is_pending,
    refines=COARSE,
    checks=pending_checks,
    signs=_signs_of("volume"),
    fixes=rollback_of(_BROUGHT["volume"]),
    advice=_advice_of(
        "See why the volume claim of {name} is not bound: its storage class, its size"
    ),
)
NODE_CORDONED = Mode(
    id="node_cordoned",
    short="cordoned nodes",
    words=frozenset({"cordon", "drain"}),
    statement="the nodes that {name} could run on are cordoned",
    prior=-2.2,
    flavours=RUNS,
    arises=is_pending,
    refines=COARSE,
    checks=pending_checks,
    signs=_signs_of("cordoned"),
    fixes=_uncordon_fixes,
    advice=_advice_of("Uncordon {cordoned}, or add nodes of the same pool"),
)
QUOTA_EXCEEDED = Mode(
    id="quota_exceeded",
    short="a used-up quota",
    words=frozenset({"quota"}),
    statement="the quota of its namespace leaves no room for the pods of {name}",
    prior=-2.0,
    flavours=RUNS,
    arises=_quota_arises,
    refines=COARSE,
    checks=pod_checks,
    signs=_quota_signs,
    advice=_quota_advice,
)
MODES = (
    PENDING_RESOURCES,
    PENDING_TAINTS,
    PENDING_AFFINITY,
    PENDING_VOLUME,
    NODE_CORDONED,
    QUOTA_EXCEEDED,
)
