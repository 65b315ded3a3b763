"""Failure mode of a disruption budget that lets no pod go, so that no node can be emptied."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, ChangeKind, Check, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import RUNS, pods_of, quoted, workload_check
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_NODE_EVENTS = "default"
"""The namespace of Events on nodes."""
_REFUSED = ("disruption budget", "violates a PDB", "PodDisruptionBudget", "failed to evict", "Pdb ")


def _budget(target: Target, view: View) -> tuple[int, Json] | None:
    workload = view.workload(target)
    budget = workload.data.get("disruption_budget") if workload else None
    return (workload.step, budget) if workload and budget else None


def _locks(target: Target, view: View) -> bool:
    """Whether the budget lets no pod go although all of them are well: it never will."""
    found = _budget(target, view)
    if found is None:
        return False
    budget = found[1]
    healthy, expected = budget.get("healthy"), budget.get("expected")
    return budget.get("allowed") == 0 and bool(expected) and healthy == expected


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from workload_check(target, view)
    yield Check(tool="kubernetes_nodes", reason="whether a node waits to be emptied")
    yield target.ask(
        "kubernetes_autoscaling", "what its disruption budget allows", name=target.name
    )
    yield Check(
        tool="kubernetes_events",
        arguments={"namespace": _NODE_EVENTS, "minutes": 120},
        reason="what is reported on the nodes",
    )


def _cordoned(target: Target, view: View) -> tuple[int, list[str], list[Json]] | None:
    """The step that read the nodes, those of the target that are cordoned, and its pods there."""
    found, pods = view.answer("kubernetes_nodes"), pods_of(target, view)
    if found is None or pods is None:
        return None
    closed = {n["name"] for n in found.data.get("nodes") or [] if n.get("unschedulable")}
    staying = [p for p in pods[1] if p.get("node") in closed]
    return found.step, sorted({str(p["node"]) for p in staying}), staying


def _signs(target: Target, view: View) -> Iterator[Sign]:
    found = _budget(target, view)
    if found is None or not _locks(target, view):
        return
    step, budget = found
    bound = (
        f"at least {budget['min_available']} available"
        if budget.get("min_available") is not None
        else f"at most {budget.get('max_unavailable')} unavailable"
    )
    text = (
        f"disruption budget {budget['name']} wants {bound} and {target.name} has {budget['expected']} pods:"
        f" {budget['allowed']} may ever be evicted"
    )
    yield Sign(step, text, STRONG)
    nodes = _cordoned(target, view)
    if nodes is not None and not nodes[2]:
        yield Sign(nodes[0], f"no node of {target.name} waits to be emptied", -STRONG)
    elif nodes is not None:
        names, pod = ", ".join(nodes[1]), nodes[2][0]["name"]
        text = f"node {names} is cordoned and still runs {pod}"
        yield Sign(nodes[0], text, STRONG, also=(step,))
    yield from _refusals(target, view)
    yield from _written(target, view)


def _refusals(target: Target, view: View) -> Iterator[Sign]:
    """What the cluster reports of evictions of its pods that were refused."""
    for found in view.answers("kubernetes_events"):
        for event in found.data.get("events") or []:
            message = str(event.get("message"))
            about = f"{event.get('object')} {message}"
            if target.name in about and any(words in message for words in _REFUSED):
                text = f'Kubernetes reports {event["reason"]} of {event["object"]}: "{quoted(message)}"'
                yield Sign(found.step, text, DECISIVE)
                return


def _written(target: Target, view: View) -> Iterator[Sign]:
    found = view.answer("kubernetes_autoscaling", name=target.name)
    for budget in (found.data.get("budgets") or []) if found else ():
        at, by = time_of(budget.get("changed_at")), budget.get("changed_by")
        if found and at and by and target.name in (budget.get("protects") or []):
            text = f"disruption budget {budget['name']} was last changed at {clock(at)} by {by}"
            yield Sign(found.step, text, FAIR)
            return


def _fixes(target: Target, view: View) -> Iterator[Change]:
    """One more pod, where the budget wants a number of them and nothing takes the pod back."""
    workload, found = view.workload(target), _budget(target, view)
    if workload is None or found is None or workload.data.get("autoscaler"):
        return
    desired = (workload.data.get("replicas") or {}).get("desired")
    if desired and isinstance(found[1].get("min_available"), int):
        yield Change(
            kind=ChangeKind.REPLICAS,
            target=workload_entity(workload),
            arguments={"replicas": int(desired) + 1},
            provenance={
                "target": f"step:{workload.step}",
                "replicas": f"computed:step:{workload.step}",
            },
        )


def _advice(target: Target, view: View) -> Iterator[str]:
    found = _budget(target, view)
    if found is not None:
        yield (
            f"Lower minAvailable of the PodDisruptionBudget {found[1]['name']} below its number of pods (or use"
            " maxUnavailable), and the drain goes on by itself"
        )


PDB_DEADLOCK = Mode(
    id="pdb_deadlock",
    short="a disruption budget that lets nothing go",
    words=frozenset({"pdb", "drain", "evict"}),
    statement="the disruption budget of {name} lets none of its pods go, so that its node cannot be drained",
    prior=-1.6,
    flavours=RUNS,
    arises=_locks,
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (PDB_DEADLOCK,)
