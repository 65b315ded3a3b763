"""Failure modes of nodes, as the workloads on them feel it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, ChangeKind, Check, Entity, Json
from agent.reasoning.modes.mode import DECISIVE, STRONG, Mode, Sign
from agent.reasoning.modes.pods import COARSE, RUNS, failing, pods_of, told, workload_check
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import plain


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from workload_check(target, view)
    yield Check(tool="kubernetes_nodes", reason="whether its nodes are well")


def _nodes(view: View) -> tuple[int, list[Json]] | None:
    found = view.answer("kubernetes_nodes")
    return (found.step, found.data.get("nodes") or []) if found else None


def _homes(target: Target, view: View) -> set[str]:
    pods = pods_of(target, view)
    return {str(p["node"]) for p in pods[1] if p.get("node")} if pods else set()


def _lost_signs(target: Target, view: View) -> Iterator[Sign]:
    found, pods = _nodes(view), pods_of(target, view)
    if found is None or pods is None:
        return
    step, nodes = found
    lost = {n["name"] for n in nodes if not n.get("ready")}
    mine = lost & _homes(target, view)
    if not mine:
        text = (
            f"all {plain(len(nodes))} nodes are ready"
            if not lost
            else f"the nodes of {target.name} are ready"
        )
        yield Sign(step, text, -DECISIVE)
        return
    node = min(mine)
    yield Sign(step, f"node {node}, which runs pods of {target.name}, is not ready", STRONG)
    ill = [p for p in failing(target, view) if p.get("node") == node]
    if ill:
        end = " and are being taken down" if any(p.get("terminating") for p in ill) else ""
        text = f"{len(ill)} pods of {target.name} on {node} are not ready{end}, such as {ill[0]['name']}"
        yield Sign(pods[0], text, DECISIVE, also=(step,))
    yield from told(target, view, ("NodeNotReady", "TaintManagerEviction"), ".")


def _pressure_signs(target: Target, view: View) -> Iterator[Sign]:
    found, pods = _nodes(view), pods_of(target, view)
    if found is None:
        return
    step, nodes = found
    evicted = _evicted(target, view)
    homes = _homes(target, view) | {str(p.get("node")) for p in evicted}
    mine = [n for n in nodes if n.get("pressures") and n["name"] in homes]
    if not mine:
        ill = [n for n in nodes if n.get("pressures")]
        text = (
            f"all {plain(len(nodes))} nodes are without pressure"
            if not ill
            else f"the nodes of {target.name} are without pressure"
        )
        yield Sign(step, text, -DECISIVE)
        return
    what = ", ".join(mine[0]["pressures"])
    also = (pods[0],) if pods else ()
    yield Sign(step, f"node {mine[0]['name']} of {target.name}: {what}", STRONG, also=also)
    if evicted and pods:
        text = f'{len(evicted)} pods of {target.name} were evicted, {evicted[0]["name"]}: "{evicted[0]["message"]}"'
        yield Sign(pods[0], text, DECISIVE)
    yield from told(target, view, ("Evicted", "EvictionThresholdMet"), ".")


def _pressure_fixes(target: Target, view: View) -> Iterator[Change]:
    """Keep new pods off the node that is short of something, until it has been seen to."""
    found, homes = _nodes(view), _homes(target, view)
    for node in found[1] if found else ():
        if found and node.get("pressures") and node["name"] in homes:
            yield from node_fix(ChangeKind.CORDON, node, found[0])


def node_fix(kind: ChangeKind, node: Json, step: int) -> Iterator[Change]:
    """Cordon a node, or uncordon it, unless it is so already."""
    if bool(node.get("unschedulable")) is (kind is ChangeKind.UNCORDON):
        yield Change(
            kind=kind,
            target=Entity(name=str(node["name"]), kind="node"),
            provenance={"target": f"step:{step}"},
        )


def _evicted(target: Target, view: View) -> list[Json]:
    pods = pods_of(target, view)
    return [p for p in pods[1] if p.get("reason") == "Evicted"] if pods else []


def _lost_advice(target: Target, view: View) -> Iterator[str]:
    found = _nodes(view)
    lost = [n["name"] for n in (found[1] if found else []) if not n.get("ready")]
    if lost:
        yield (
            f"See to node {', '.join(lost)}: bring it back or replace it; pods of a StatefulSet that hang"
            " there come up elsewhere only once the node, or its Node object, is gone"
        )


def _pressure_advice(target: Target, view: View) -> Iterator[str]:
    found = _nodes(view)
    ill = [n for n in (found[1] if found else []) if n.get("pressures")]
    for node in ill[:1]:
        yield f"Free what node {node['name']} is short of ({', '.join(node['pressures'])}), or drain it"


MODES = (
    Mode(
        id="node_not_ready",
        short="a lost node",
        words=frozenset({"node"}),
        statement="a node of {name} has stopped reporting",
        prior=-2.6,
        flavours=RUNS,
        refines=COARSE,
        checks=_checks,
        signs=_lost_signs,
        advice=_lost_advice,
    ),
    Mode(
        id="node_pressure",
        short="an ill node",
        words=frozenset({"node", "evict"}),
        statement="a node of {name} is under pressure",
        prior=-2.8,
        flavours=RUNS,
        refines=COARSE,
        checks=_checks,
        signs=_pressure_signs,
        fixes=_pressure_fixes,
        advice=_pressure_advice,
    ),
)
