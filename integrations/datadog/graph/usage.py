"""What services really use against what they ask for and may have at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from agent.model import Json, Series
from integrations.datadog.metrics import series_of

_BY = "{*} by {kube_namespace,service}"
QUERIES = {
    "memory_bytes": f"max:kubernetes.memory.usage{_BY}",
    "memory_limit": f"max:kubernetes.memory.limits{_BY}",
    "memory_request": f"max:kubernetes.memory.requests{_BY}",
    "cpu_cores": f"max:kubernetes.cpu.usage.total{_BY}",
    "cpu_limit": f"max:kubernetes.cpu.limits{_BY}",
    "cpu_request": f"max:kubernetes.cpu.requests{_BY}",
}
"""Name -> query over all services at once; of the fullest pod, since it is the one that reaches its limit first."""
_NANO_CORES = 1e9

Place = tuple[str, str]
"""Namespace and service."""


def usage_of(answers: Mapping[str, Json]) -> dict[Place, Json]:
    """Use by service, over the window that the queries were asked for.

    Returns:
        For each (namespace, service): ``memory_bytes`` and ``cpu_cores``, each with ``p50``, ``p95`` of the fullest
        pod, ``limit``, ``request`` and ``p95_of_limit`` (a share, 0..1) as far as they are known.
    """
    series = {name: _by_place(series_of(answer)) for name, answer in answers.items()}
    found: dict[Place, Json] = defaultdict(dict)
    for name, bound in (("memory_bytes", "memory"), ("cpu_cores", "cpu")):
        for place, values in series.get(name, {}).items():
            scale = _NANO_CORES if name == "cpu_cores" else 1.0
            limits, requests = series.get(f"{bound}_limit", {}), series.get(f"{bound}_request", {})
            found[place][name] = _summary(
                values / scale, _last(limits.get(place)), _last(requests.get(place))
            )
    return dict(found)


def _summary(values: np.ndarray, limit: float | None, request: float | None) -> Json:
    p50, p95 = (float(np.quantile(values, q)) for q in (0.5, 0.95))
    facts: Json = {"p50": _rounded(p50), "p95": _rounded(p95), "limit": limit, "request": request}
    if limit:
        facts["p95_of_limit"] = round(p95 / limit, 3)
    return {k: v for k, v in facts.items() if v is not None}


def _rounded(value: float) -> float:
    """Three significant digits: a scan must not find the same use changed."""
    return float(f"{value:.3g}")


def _by_place(series: Iterable[Series]) -> dict[Place, np.ndarray]:
    found: dict[Place, list[float]] = defaultdict(list)
    for each in series:
        place = (each.tags.get("kube_namespace", ""), each.tags.get("service", ""))
        if all(place) and all(v not in ("N/A", "n/a") for v in place):
            found[place] += [value for _, value in each.points]
    return {place: np.asarray(values) for place, values in found.items() if values}


def _last(values: np.ndarray | None) -> float | None:
    """The bound that stands now; zero means that none is set."""
    return float(values[-1]) or None if values is not None else None
