"""The span endpoints."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.listing import Search, page_of, search_from_body, search_from_query
from sandbox.datadog.search.query import possible_values, required_value
from sandbox.world.ports import World

_MOST_SPANS = 20_000


async def search_spans(request: Request) -> Response:
    """``POST /api/v2/spans/events/search``, whose body is a JSON:API document."""
    body = await parameters.json_body(request)
    data = parameters.section(body, "data")
    if data.get("type") != "search_request":
        raise BadRequest("input_validation_error(Field 'data.type' must be 'search_request')")
    world = parameters.world_of(request)
    search = search_from_body(parameters.section(data, "attributes"), world.now())
    return await run_in_threadpool(_listing, world, search)


def list_spans(request: Request) -> Response:
    """``GET /api/v2/spans/events``."""
    world = parameters.world_of(request)
    return _listing(world, search_from_query(request, world.now()))


def _listing(world: World, search: Search) -> Response:
    spans = world.spans(
        search.start,
        search.end,
        service=required_value(search.condition, "service"),
        traces=possible_values(search.condition, "trace_id"),
        limit=_MOST_SPANS,
    )
    by_id = {str(span["span_id"]): span for span in spans}
    page = page_of(search, [_document(span) for span in spans])
    data = [_span(each, by_id[each.reserved["span_id"]]) for each in page.documents]
    return JSONResponse({"data": data, "meta": page.meta()})


def _document(span: dict[str, Any]) -> Document:
    tags = {str(key): str(value) for key, value in (span.get("tags") or {}).items()}
    reserved = {
        "service": str(span["service"]),
        "resource_name": str(span["resource"]),
        "operation_name": str(span["operation"]),
        "env": str(span["env"]),
        "status": "error" if span["error"] else "ok",
        "trace_id": str(span["trace_id"]),
        "span_id": str(span["span_id"]),
        "parent_id": str(span.get("parent_id") or "0"),
    }
    identity = f"{reserved['trace_id']}|{reserved['span_id']}"
    return Document(
        id=f"AAAAA{hashlib.sha256(identity.encode()).hexdigest()[:40]}",
        at=span["start"],
        message=reserved["resource_name"],
        reserved=reserved,
        tags=tuple(f"{key}:{value}" for key, value in {"env": reserved["env"], **tags}.items()),
        attributes={"duration": int(span["duration_ns"]), **tags},
    )


def _span(document: Document, span: dict[str, Any]) -> dict[str, Any]:
    duration_ns = int(span["duration_ns"])
    reserved = document.reserved
    end = document.at + timedelta(microseconds=duration_ns / 1000)
    attributes = {
        "start_timestamp": parameters.iso(document.at),
        "end_timestamp": parameters.iso(end),
        "service": reserved["service"],
        "resource_name": reserved["resource_name"],
        "operation_name": reserved["operation_name"],
        "resource_hash": hashlib.sha256(reserved["resource_name"].encode()).hexdigest()[:16],
        "env": reserved["env"],
        "status": reserved["status"],
        "trace_id": reserved["trace_id"],
        "span_id": reserved["span_id"],
        "parent_id": reserved["parent_id"],
        "ingestion_reason": "auto",
        "retained_by": "retention_filter",
        "single_span": False,
        "type": "web",
        "tags": list(document.tags),
        "attributes": dict(document.attributes),
        "custom": {"duration": duration_ns, "error": int(bool(span["error"]))},
    }
    return {"id": document.id, "type": "spans", "attributes": attributes}


ROUTES = [
    Route("/api/v2/spans/events/search", search_spans, methods=["POST"]),
    Route("/api/v2/spans/events", list_spans, methods=["GET"]),
]
