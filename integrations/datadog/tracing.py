"""Spans as Datadog's search gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.analysis.series import describe
from agent.analysis.traces import Attribution, Span
from agent.model import Json
from integrations.datadog.metrics import description_data
from integrations.text import parse_time

_OPERATIONS = 25


def span_of(event: Json) -> Span | None:
    """One span; None when its times are missing."""
    found = event.get("attributes", {})
    custom = found.get("custom") or found.get("attributes") or {}
    start, end = parse_time(found.get("start_timestamp")), parse_time(found.get("end_timestamp"))
    if start is None:
        return None
    if custom.get("duration") is not None:
        seconds = float(custom["duration"]) / 1e9
    elif end is not None:
        seconds = (end - start).total_seconds()
    else:
        return None
    return Span(
        trace_id=str(found.get("trace_id", "")),
        span_id=str(found.get("span_id", "")),
        parent_id=str(found.get("parent_id") or ""),
        service=str(found.get("service", "")),
        resource=str(found.get("resource_name", "")),
        start=start.timestamp(),
        seconds=seconds,
        error=_failed(found, custom),
    )


def _failed(found: Json, custom: Json) -> bool:
    return (
        str(found.get("status") or custom.get("status") or "").lower() == "error"
        or str(custom.get("error", "")).lower() in ("1", "true")
        or isinstance(custom.get("error"), dict)
    )


def attribution_data(found: Attribution, service: str) -> Json:
    """Operations and calls as data; those of ``service`` first."""
    operations = sorted(found.operations, key=lambda o: o.service != service)
    return {
        "operations": [
            {
                "service": o.service,
                "resource": o.resource,
                "count": o.count,
                "error_ratio": o.error_ratio,
                "error_origin_ratio": o.error_origin_ratio,
                "p50_seconds": o.p50_seconds,
                "p95_seconds": o.p95_seconds,
                "self_p50_seconds": o.self_p50_seconds,
                "self_total_seconds": o.self_total_seconds,
                "slowest_trace": o.slowest_trace,
            }
            for o in operations[:_OPERATIONS]
        ],
        "calls": [
            {
                "caller": c.caller,
                "callee": c.callee,
                "count": c.count,
                "p95_seconds": c.p95_seconds,
                "error_ratio": c.error_ratio,
            }
            for c in found.calls
        ],
    }


def latency_change(spans: Sequence[Span], service: str) -> Json | None:
    """The change of the service's median latency within the window; None when it held or spans are too few."""
    own = sorted((s for s in spans if s.service == service), key=lambda s: s.start)
    size = max(4, len(own) // 60)
    groups = [own[i : i + size] for i in range(0, len(own) - size + 1, size)]
    points = [(g[0].start, float(np.median([s.seconds for s in g]))) for g in groups]
    change: Json | None = description_data(describe(points))["change"]
    return change


def tracing_lines(data: Json) -> list[str]:
    """The attribution as text."""
    text = [
        f"{o['service']} {o['resource']}: {o['count']} spans, p50 {o['p50_seconds'] * 1000:.4g} ms,"
        f" p95 {o['p95_seconds'] * 1000:.4g} ms, own time p50 {o['self_p50_seconds'] * 1000:.4g} ms,"
        f" errors {o['error_ratio']:.2%} ({o['error_origin_ratio']:.2%} begin here)"
        for o in data["operations"][:14]
    ]
    text += [
        f"call {c['caller']} -> {c['callee']}: {c['count']}, p95 {c['p95_seconds'] * 1000:.4g} ms,"
        f" errors {c['error_ratio']:.2%}"
        for c in data["calls"][:10]
    ]
    if change := data["change"]:
        text.append(
            f"median latency changed at {change['at'][11:16]}: {change['before'] * 1000:.4g} ->"
            f" {change['after'] * 1000:.4g} ms"
        )
    return text
