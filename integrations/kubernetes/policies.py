"""Which workloads of a namespace its NetworkPolicies let reach which. Pure functions on the API's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.model import Json
from integrations.kubernetes import history, objects
from integrations.kubernetes.selectors import selects
from integrations.text import iso, parse_time

_DNS_PORTS = (53, "dns", "dns-tcp")


def policy_data(policy: Json, workloads: Sequence[Json], namespace_labels: Json) -> Json:
    """A NetworkPolicy: which workloads it isolates, and which of the namespace it lets in and out."""
    spec = policy.get("spec", {})
    kinds = spec.get("policyTypes") or ["Ingress"]
    isolated = [w for w in workloads if _is_selected(spec.get("podSelector"), w)]
    changed_at, changed_by = history.last_write(policy)
    entering, leaving = spec.get("ingress") or [], spec.get("egress") or []
    return {
        "name": objects.name_of(policy),
        "types": kinds,
        "isolates": [objects.name_of(w) for w in isolated],
        "admits": _admitted(entering, isolated, workloads, namespace_labels)
        if "Ingress" in kinds
        else None,
        "reaches": _reached(leaving, workloads, namespace_labels) if "Egress" in kinds else None,
        "resolves_names": any(_lets_dns_pass(rule) for rule in leaving)
        if "Egress" in kinds
        else None,
        "from_elsewhere": sorted({s for r in entering for s in _foreign(r.get("from"))}),
        "created_at": iso(parse_time(policy["metadata"].get("creationTimestamp"))),
        "changed_at": changed_at,
        "changed_by": changed_by,
    }


def _is_selected(selector: Json | None, workload: Json) -> bool:
    """An empty selector of a NetworkPolicy selects every pod."""
    return not selector or selects(selector, _labels(workload))


def _labels(workload: Json) -> Json:
    return objects.pod_template(workload).get("metadata", {}).get("labels") or {}


def _admitted(
    rules: Iterable[Json], isolated: Sequence[Json], workloads: Iterable[Json], namespace: Json
) -> list[str]:
    """The workloads of the namespace that some rule lets reach a port of those isolated."""
    ports = {p for w in isolated for p in _ports_of(w)}
    open_rules = [r for r in rules if _covers(r.get("ports"), ports)]
    return [
        objects.name_of(w)
        for w in workloads
        if any(_is_peer(rule.get("from"), w, namespace) for rule in open_rules)
    ]


def _reached(rules: Sequence[Json], workloads: Iterable[Json], namespace: Json) -> list[str]:
    """The workloads of the namespace of which some rule leaves a port open; those that declare none are no servers."""
    return [
        objects.name_of(w)
        for w in workloads
        if (ports := set(_ports_of(w)))
        and any(
            _is_peer(rule.get("to"), w, namespace) and _covers(rule.get("ports"), ports)
            for rule in rules
        )
    ]


def _ports_of(workload: Json) -> Iterator[object]:
    for container in objects.containers_of(workload):
        for port in container.get("ports", []):
            yield port.get("containerPort")
            if port.get("name"):
                yield port["name"]


def _covers(allowed: Sequence[Json] | None, ports: set[object]) -> bool:
    """Whether a rule's ports have one of these; without ports it has all, and unknown ports count as had."""
    return not allowed or not ports or any(_has(port, ports) for port in allowed)


def _has(allowed: Json, ports: set[object]) -> bool:
    first, last = allowed.get("port"), allowed.get("endPort")
    if isinstance(first, int) and isinstance(last, int):
        return any(isinstance(p, int) and first <= p <= last for p in ports)
    return first is None or first in list(ports)


def _is_peer(peers: Sequence[Json] | None, workload: Json, namespace: Json) -> bool:
    """Whether a workload of this namespace is among the peers; none named means everybody."""
    return not peers or any(_matches(peer, workload, namespace) for peer in peers)


def _matches(peer: Json, workload: Json, namespace: Json) -> bool:
    if "ipBlock" in peer:
        return peer["ipBlock"].get("cidr") in ("0.0.0.0/0", "::/0")
    within = peer.get("namespaceSelector")
    if within and not selects(within, namespace):
        return False
    return _is_selected(peer.get("podSelector"), workload)


def _foreign(peers: Sequence[Json] | None) -> Iterator[str]:
    """Sources outside the namespace that a rule names, in a word each."""
    for peer in peers or []:
        if "ipBlock" in peer:
            yield str(peer["ipBlock"].get("cidr"))
        elif "namespaceSelector" in peer:
            labels = (peer["namespaceSelector"] or {}).get("matchLabels") or {}
            yield "namespaces " + (",".join(f"{k}={v}" for k, v in labels.items()) or "all")


def _lets_dns_pass(rule: Json) -> bool:
    ports = rule.get("ports")
    return not ports or any(p.get("port") in _DNS_PORTS for p in ports)
