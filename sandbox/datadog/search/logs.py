"""The log endpoints: search and list, and counting by facet."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.search.aggregate import aggregate, aggregation_from_body
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.listing import Search, page_of, search_from_body, search_from_query
from sandbox.datadog.search.query import required_value
from sandbox.world.ports import World

_MOST_RECORDS = 200_000


async def search_logs(request: Request) -> Response:
    """``POST /api/v2/logs/events/search``."""
    body = await parameters.json_body(request)
    world = parameters.world_of(request)
    return await run_in_threadpool(_listing, world, search_from_body(body, world.now()))


def list_logs(request: Request) -> Response:
    """``GET /api/v2/logs/events``."""
    world = parameters.world_of(request)
    return _listing(world, search_from_query(request, world.now()))


async def aggregate_logs(request: Request) -> Response:
    """``POST /api/v2/logs/analytics/aggregate``."""
    body = await parameters.json_body(request)
    world = parameters.world_of(request)
    search = search_from_body({"filter": parameters.section(body, "filter")}, world.now())
    aggregation = aggregation_from_body(body)

    def answer() -> Response:
        buckets = aggregate(aggregation, search, log_documents(world, search))
        meta = {"elapsed": 12, "request_id": "sandbox", "status": "done"}
        return JSONResponse({"meta": meta, "data": {"buckets": buckets}})

    return await run_in_threadpool(answer)


def log_documents(world: World, search: Search) -> list[Document]:
    """The logs of the search's window, narrowed by what every match must have."""
    records = world.logs(
        search.start,
        search.end,
        service=required_value(search.condition, "service"),
        namespace=required_value(search.condition, "kube_namespace"),
        pod=required_value(search.condition, "pod_name"),
        limit=_MOST_RECORDS,
    )
    return [_document(record) for record in records]


def _document(record: dict[str, Any]) -> Document:
    reserved = {key: str(record.get(key) or "") for key in ("service", "status", "host")}
    tags = {
        "service": reserved["service"],
        "kube_namespace": record.get("namespace"),
        "pod_name": record.get("pod"),
        "kube_container_name": record.get("container"),
        "host": reserved["host"],
        "env": record.get("namespace"),
    }
    identity = f"{record['timestamp']}|{record.get('pod')}|{record['message']}"
    return Document(
        id=f"AQAAA{hashlib.sha256(identity.encode()).hexdigest()[:40]}",
        at=record["timestamp"],
        message=str(record["message"]),
        reserved={key: value for key, value in reserved.items() if value},
        tags=tuple(f"{key}:{value}" for key, value in tags.items() if value),
        attributes=record.get("attributes") or {},
    )


def _listing(world: World, search: Search) -> Response:
    page = page_of(search, log_documents(world, search))
    return JSONResponse({"data": [_log(each) for each in page.documents], "meta": page.meta()})


def _log(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "type": "log",
        "attributes": {
            "timestamp": parameters.iso(document.at),
            "message": document.message,
            "tags": list(document.tags),
            "attributes": dict(document.attributes),
            **document.reserved,
        },
    }


ROUTES = [
    Route("/api/v2/logs/events/search", search_logs, methods=["POST"]),
    Route("/api/v2/logs/events", list_logs, methods=["GET"]),
    Route("/api/v2/logs/analytics/aggregate", aggregate_logs, methods=["POST"]),
]
