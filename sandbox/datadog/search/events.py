"""The event stream: the company's changes and its monitors' transitions, through v1 and v2."""

from __future__ import annotations

import zlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import NotFound
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.listing import Search, page_of, search_from_body, search_from_query
from sandbox.world.ports import Change, World

_V1_PAGE = 1000


def list_events_v1(request: Request) -> Response:
    """``GET /api/v1/events``: newest first; ``tags`` must all be carried."""
    arguments = request.query_params
    start = parameters.seconds_time(arguments, "start")
    end = parameters.seconds_time(arguments, "end")
    wanted = set(parameters.words(arguments, "tags"))
    sources = parameters.words(arguments, "sources")
    priority = parameters.text(arguments, "priority", "normal")
    page = parameters.integer(arguments, "page", 0)
    events = [
        change
        for change in _recent(parameters.world_of(request))
        if start <= change.at <= end
        and wanted <= set(_tags(change))
        and (not sources or change.source in sources)
    ]
    if priority != "normal":
        events = []
    shown = events[page * _V1_PAGE : (page + 1) * _V1_PAGE]
    return JSONResponse({"events": [_event_v1(change) for change in shown]})


def get_event_v1(request: Request) -> Response:
    """``GET /api/v1/events/{id}``."""
    wanted = request.path_params["id"]
    for change in parameters.world_of(request).changes():
        if _number(change) == wanted:
            return JSONResponse({"event": _event_v1(change)})
    raise NotFound("No event matches that event_id")


async def search_events(request: Request) -> Response:
    """``POST /api/v2/events/search``."""
    body = await parameters.json_body(request)
    world = parameters.world_of(request)
    return await run_in_threadpool(_listing, world, search_from_body(body, world.now()))


def list_events(request: Request) -> Response:
    """``GET /api/v2/events``."""
    world = parameters.world_of(request)
    return _listing(world, search_from_query(request, world.now()))


def _listing(world: World, search: Search) -> Response:
    by_id = {str(_number(change)): change for change in _recent(world)}
    page = page_of(search, [_document(change) for change in by_id.values()])
    data = [_event_v2(by_id[each.id], each) for each in page.documents]
    return JSONResponse({"data": data, "meta": page.meta()})


def _recent(world: World) -> list[Change]:
    """What has happened by now, newest first."""
    now = world.now()
    changes = [change for change in world.changes() if change.at <= now]
    return sorted(changes, key=lambda change: change.at, reverse=True)


def _document(change: Change) -> Document:
    return Document(
        id=str(_number(change)),
        at=change.at,
        message=f"{change.title}\n{change.text}",
        reserved={"service": change.service, "source": change.source, "status": change.status},
        tags=_tags(change),
        attributes={"title": change.title, "author": change.author},
    )


def _tags(change: Change) -> tuple[str, ...]:
    own = (f"service:{change.service}", f"source:{change.source}")
    author = (f"author:{change.author}",) if change.author else ()
    return tuple(dict.fromkeys((*own, *author, *change.tags)))


def _number(change: Change) -> int:
    """A stable positive id within what JSON numbers carry exactly."""
    identity = f"{change.at.isoformat()}|{change.service}|{change.title}".encode()
    return (zlib.crc32(identity) << 20) | (zlib.adler32(identity) & 0xFFFFF)


def _event_v1(change: Change) -> dict[str, Any]:
    number = _number(change)
    return {
        "id": number,
        "id_str": str(number),
        "title": change.title,
        "text": change.text,
        "date_happened": int(change.at.timestamp()),
        "alert_type": change.status,
        "priority": "normal",
        "source": change.source,
        "source_type_name": change.source,
        "tags": list(_tags(change)),
        "url": f"/event/event?id={number}",
    }


def _event_v2(change: Change, document: Document) -> dict[str, Any]:
    at_ms = parameters.to_ms(change.at)
    inner = {
        "title": change.title,
        "service": change.service,
        "status": change.status,
        "priority": "normal",
        "source_type_name": change.source,
        "date_happened": at_ms // 1000,
        "timestamp": at_ms,
        "tags": list(document.tags),
        "evt": {"id": document.id, "name": change.title, "type": change.source},
    }
    attributes = {
        "message": change.text,
        "tags": list(document.tags),
        "timestamp": parameters.iso(change.at),
        "attributes": inner,
    }
    return {"id": document.id, "type": "event", "attributes": attributes}


ROUTES = [
    Route("/api/v1/events", list_events_v1, methods=["GET"]),
    Route("/api/v1/events/{id:int}", get_event_v1, methods=["GET"]),
    Route("/api/v2/events/search", search_events, methods=["POST"]),
    Route("/api/v2/events", list_events, methods=["GET"]),
]
