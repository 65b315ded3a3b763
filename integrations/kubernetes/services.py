"""Services and what stands behind them. Pure functions on the API's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.model import Json
from integrations.kubernetes import history, objects
from integrations.kubernetes.selectors import selects
from integrations.text import iso, parse_time

_SERVICE_NAME = "kubernetes.io/service-name"


def service_data(service: Json, slices: Iterable[Json] | None, workloads: Sequence[Json]) -> Json:
    """A Service: its selector and ports, how many endpoints are ready (None: they may not be seen), which workloads it
    selects and which it nearly selects."""
    name, spec = objects.name_of(service), service.get("spec", {})
    selector = spec.get("selector") or {}
    chosen = [w for w in workloads if selector and selects(selector, _labels(w))]
    ready, not_ready = (None, None) if slices is None else _endpoints(name, slices)
    changed_at, changed_by = history.last_write(service)
    return {
        "name": name,
        "type": spec.get("type", "ClusterIP"),
        "selector": selector,
        "ports": [_port_data(p, chosen) for p in spec.get("ports", [])],
        "ready": ready,
        "not_ready": not_ready,
        "selects": [objects.name_of(w) for w in chosen],
        "nearly": [] if chosen else _nearly(name, selector, workloads),
        "created_at": iso(parse_time(service["metadata"].get("creationTimestamp"))),
        "changed_at": changed_at,
        "changed_by": changed_by,
    }


def _endpoints(name: str, slices: Iterable[Json]) -> tuple[int, int]:
    """How many endpoints of a Service are ready, and how many are not; one that does not say counts as ready."""
    endpoints = [
        e
        for s in slices
        if (s["metadata"].get("labels") or {}).get(_SERVICE_NAME) == name
        for e in s.get("endpoints") or []
    ]
    ready = sum(1 for e in endpoints if (e.get("conditions") or {}).get("ready") is not False)
    return ready, len(endpoints) - ready


def _labels(workload: Json) -> Json:
    return objects.pod_template(workload).get("metadata", {}).get("labels") or {}


def _port_data(port: Json, workloads: Iterable[Json]) -> Json:
    """A port, where it leads, and whether a container of the selected workloads declares that; None: none declare any."""
    target = port.get("targetPort", port.get("port"))
    declared = [p for w in workloads for c in objects.containers_of(w) for p in c.get("ports", [])]
    matching = [p for p in declared if target in (p.get("name"), p.get("containerPort"))]
    is_known = bool(declared) or isinstance(target, str)
    return {
        "name": port.get("name"),
        "port": port.get("port"),
        "target": target,
        "listens": bool(matching) if is_known else None,
        "declared": [{"name": p.get("name"), "port": p.get("containerPort")} for p in declared],
    }


def _nearly(name: str, selector: Json, workloads: Iterable[Json]) -> list[Json]:
    """The workloads that have the Service's name, or some of the labels that it wants, and what they lack."""
    found = []
    for workload in workloads:
        labels = _labels(workload)
        differing = {k: labels.get(k) for k, v in selector.items() if labels.get(k) != v}
        if selector and (objects.name_of(workload) == name or len(differing) < len(selector)):
            found.append({"workload": objects.name_of(workload), "has": differing})
    return sorted(found, key=lambda f: (f["workload"] != name, len(f["has"])))[:3]
