"""Spans as Datadog's search gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.analysis.breakdown import HOST, PEER, STATUS, VERSION, Part, by_tag, peers
from agent.analysis.series import describe
from agent.analysis.traces import Attribution, Span
from agent.model import Json
from integrations.datadog.metrics import description_data
from integrations.text import iso_of_unix, parse_time

_OPERATIONS = 25
_PARTS = 8
_TAGS = (VERSION, HOST, PEER, STATUS)


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
        tags=_tags(found),
    )


def _tags(found: Json) -> dict[str, str]:
    """The tags that tell spans apart: among the span's own attributes, flat or nested, or in its list of tags."""
    listed = dict(_pair(t) for t in found.get("tags") or [])
    sources = (found.get("custom") or {}, found.get("attributes") or {}, listed, found)
    values = {tag: next((v for s in sources if (v := _value(s, tag))), "") for tag in _TAGS}
    return {tag: value for tag, value in values.items() if value}


def _pair(tag: object) -> tuple[str, str]:
    key, _, value = str(tag).partition(":")
    return key, value


def _value(source: Json, tag: str) -> str:
    if tag in source:
        return str(source[tag] or "")
    head, _, rest = tag.partition(".")
    inner = source.get(head)
    return _value(inner, rest) if rest and isinstance(inner, dict) else ""


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
                "attempts": c.attempts,
                "repeated_ratio": c.repeated_ratio,
            }
            for c in found.calls
        ],
    }


def breakdown_data(spans: Sequence[Span], service: str) -> Json:
    """The service's spans by version and by host, and all calls of outside APIs."""
    own = {(s.trace_id, s.span_id): s for s in spans if s.service == service}
    served = [s for s in own.values() if PEER not in s.tags]
    return {
        "versions": [_part_data(p) for p in by_tag(served, VERSION)[:_PARTS]],
        "hosts": [_part_data(p) for p in by_tag(served, HOST)[:_PARTS]],
        "peers": [
            {"caller": p.caller, "statuses": dict(p.statuses), **_part_data(p.part)}
            for p in peers({(s.trace_id, s.span_id): s for s in spans}.values())[:_PARTS]
        ],
    }


def _part_data(part: Part) -> Json:
    return {
        "value": part.value,
        "count": part.count,
        "error_ratio": part.error_ratio,
        "p50_seconds": part.p50_seconds,
        "p95_seconds": part.p95_seconds,
        "first_at": iso_of_unix(part.first_at),
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
        + (f", {c['attempts']:.1f} times a request" if c["repeated_ratio"] else "")
        for c in data["calls"][:10]
    ]
    for what in ("versions", "hosts"):
        if len(data[what]) > 1:
            text.append(f"by {what[:-1]}: " + "; ".join(_part_text(p) for p in data[what]))
    text += [
        f"{p['caller']} -> {_part_text(p)}; HTTP "
        + ", ".join(f"{status} x{count}" for status, count in sorted(p["statuses"].items()))
        for p in data["peers"]
    ]
    if change := data["change"]:
        text.append(
            f"median latency changed at {change['at'][11:16]}: {change['before'] * 1000:.4g} ->"
            f" {change['after'] * 1000:.4g} ms"
        )
    return text


def _part_text(part: Json) -> str:
    return f"{part['value']} {part['count']} spans, p50 {part['p50_seconds'] * 1000:.4g} ms, errors {part['error_ratio']:.2%}"
