"""Aggregation of documents by facets: counts, cardinalities and statistics of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import numpy as np

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.listing import Search, found

_PERCENTILES = {"pc75": 75, "pc90": 90, "pc95": 95, "pc98": 98, "pc99": 99, "median": 50}
_STATISTICS = {"sum", "min", "max", "avg", *_PERCENTILES}
_INTERVAL = re.compile(r"(\d{1,5})(s|m|h|d)")
_INTERVAL_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DEFAULT_GROUPS = 10
_MAX_GROUPS = 10_000
_MAX_BUCKETS = 1500


@dataclass(frozen=True)
class Compute:
    """One number to compute per group, in total or per interval of time."""

    aggregation: str
    metric: str
    type: Literal["total", "timeseries"]
    interval_seconds: int


@dataclass(frozen=True)
class GroupBy:
    """A facet to group by; only the ``limit`` largest groups are kept."""

    facet: str
    limit: int
    is_ascending: bool
    missing: str | None


@dataclass(frozen=True)
class Aggregation:
    """A parsed aggregation request."""

    computes: tuple[Compute, ...]
    group_by: tuple[GroupBy, ...]


def aggregation_from_body(body: Mapping[str, Any]) -> Aggregation:
    """What the ``compute`` and ``group_by`` members ask for; a plain count by default.

    Raises:
        BadRequest: a member is malformed.
    """
    computes = _objects(body, "compute") or [{"aggregation": "count"}]
    return Aggregation(
        tuple(_compute(each) for each in computes),
        tuple(_group_by(each) for each in _objects(body, "group_by")),
    )


def aggregate(
    aggregation: Aggregation, search: Search, documents: Sequence[Document]
) -> list[dict[str, Any]]:
    """The buckets of the answer, largest first; computes are named ``c0``, ``c1``, ..."""
    hits = found(search, documents)
    groups: list[tuple[dict[str, str], list[Document]]] = [({}, hits)]
    for group_by in aggregation.group_by:
        groups = [
            ({**by, group_by.facet: value}, members)
            for by, parents in groups
            for value, members in _split(group_by, parents)
        ]
    return [
        {
            "by": by,
            "computes": {
                f"c{index}": _computed(compute, search, members)
                for index, compute in enumerate(aggregation.computes)
            },
        }
        for by, members in groups
    ]


def _split(group_by: GroupBy, documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    groups: dict[str, list[Document]] = {}
    for document in documents:
        values = [str(value) for value in document.values(group_by.facet)]
        if not values and group_by.missing is not None:
            values = [group_by.missing]
        for value in dict.fromkeys(values):
            groups.setdefault(value, []).append(document)
    sign = 1 if group_by.is_ascending else -1
    ordered = sorted(groups.items(), key=lambda group: (sign * len(group[1]), group[0]))
    return ordered[: group_by.limit]


def _computed(compute: Compute, search: Search, documents: Sequence[Document]) -> Any:
    if compute.type == "total":
        return _statistic(compute, documents)
    step = timedelta(seconds=compute.interval_seconds)
    if (search.end - search.start) / step > _MAX_BUCKETS:
        raise BadRequest("input_validation_error(Field 'compute.interval' gives too many points)")
    origin = parameters.to_ms(search.start) // 1000 // compute.interval_seconds
    slots: dict[int, list[Document]] = {}
    for document in documents:
        slot = parameters.to_ms(document.at) // 1000 // compute.interval_seconds
        slots.setdefault(slot, []).append(document)
    last = parameters.to_ms(search.end) // 1000 // compute.interval_seconds
    return [
        {
            "time": parameters.iso(parameters.from_ms(slot * compute.interval_seconds * 1000)),
            "value": _statistic(compute, slots.get(slot, [])) or 0,
        }
        for slot in range(origin, last + 1)
    ]


def _statistic(compute: Compute, documents: Sequence[Document]) -> float | int | None:
    if compute.aggregation == "count":
        return len(documents)
    values = [value for document in documents for value in document.values(compute.metric)]
    if compute.aggregation == "cardinality":
        return len(set(values))
    numbers = np.array([value for value in values if isinstance(value, int | float)], dtype=float)
    if not numbers.size:
        return None
    match compute.aggregation:
        case "sum":
            return float(numbers.sum())
        case "min":
            return float(numbers.min())
        case "max":
            return float(numbers.max())
        case "avg":
            return float(numbers.mean())
        case percentile:
            return float(np.percentile(numbers, _PERCENTILES[percentile]))


def _compute(raw: Mapping[str, Any]) -> Compute:
    aggregation = parameters.text(raw, "aggregation")
    metric = parameters.text(raw, "metric")
    if aggregation not in {"count", "cardinality", *_STATISTICS}:
        raise BadRequest("input_validation_error(Field 'compute.aggregation' is invalid)")
    if aggregation != "count" and not metric:
        raise BadRequest("input_validation_error(Field 'compute.metric' is required)")
    kind = raw.get("type", "total")
    interval = _INTERVAL.fullmatch(parameters.text(raw, "interval", "5m"))
    if kind not in ("total", "timeseries") or interval is None or int(interval[1]) == 0:
        raise BadRequest("input_validation_error(Field 'compute' is invalid)")
    seconds = int(interval[1]) * _INTERVAL_SECONDS[interval[2]]
    return Compute(aggregation, metric, kind, seconds)


def _group_by(raw: Mapping[str, Any]) -> GroupBy:
    facet = parameters.text(raw, "facet")
    if not facet:
        raise BadRequest("input_validation_error(Field 'group_by.facet' is required)")
    limit = parameters.integer(raw, "limit", _DEFAULT_GROUPS, limit=_MAX_GROUPS)
    order = parameters.section(raw, "sort").get("order", "desc")
    missing = raw.get("missing")
    return GroupBy(facet, limit, order == "asc", None if missing is None else str(missing))


def _objects(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    raw = body.get(name) or []
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise BadRequest(f"input_validation_error(Field '{name}' is invalid: must be a list)")
    return raw
