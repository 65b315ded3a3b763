"""The endpoints about the metrics that exist: names, tags, metadata."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest, NotFound
from sandbox.datadog.metrics.metadata import describe
from sandbox.datadog.metrics.scope import parse_scope
from sandbox.world.ports import World

_MAX_PAGE = 10_000


def active_metrics(request: Request) -> Response:
    """``GET /api/v1/metrics``: names of the metrics reported since ``from``."""
    arguments = request.query_params
    since = parameters.integer(arguments, "from")
    text = parameters.text(arguments, "tag_filter")
    host = parameters.text(arguments, "host")
    names = _matching(parameters.world_of(request), ",".join(filter(None, [text, _host_tag(host)])))
    return JSONResponse({"metrics": names, "from": str(since)})


def metric_metadata(request: Request) -> Response:
    """``GET /api/v1/metrics/{name}``: type, unit and description."""
    name = _known(request)
    metadata = describe(name)
    return JSONResponse(
        {
            "description": metadata.description,
            "integration": metadata.integration,
            "per_unit": "second" if metadata.type in {"count", "rate"} else "",
            "short_name": metadata.short_name,
            "statsd_interval": 10,
            "type": metadata.type,
            "unit": metadata.unit,
        }
    )


def search_metrics(request: Request) -> Response:
    """``GET /api/v1/search?q=metrics:...``: names that contain the text."""
    facet, colon, text = parameters.text(request.query_params, "q").partition(":")
    if not colon:
        facet, text = "", facet
    world = parameters.world_of(request)
    names = [name for name in world.metric_names({}) if text in name] if facet != "hosts" else []
    return JSONResponse({"results": {"metrics": names, "hosts": []}})


def list_metrics(request: Request) -> Response:
    """``GET /api/v2/metrics``: the names as JSON:API objects, page by page."""
    arguments = request.query_params
    names = _matching(parameters.world_of(request), parameters.text(arguments, "filter[tags]"))
    size = parameters.integer(arguments, "page[size]", _MAX_PAGE, limit=_MAX_PAGE)
    after = _decoded(arguments.get("page[cursor]", ""))
    remaining = [name for name in names if name > after]
    page = remaining[:size]
    has_more = 0 < size < len(remaining)
    pagination = {
        "limit": size,
        "type": "cursor_limit",
        "next_cursor": _encoded(page[-1]) if has_more else None,
    }
    return JSONResponse(
        {
            "data": [{"type": "metrics", "id": name} for name in page],
            "meta": {"pagination": pagination},
        }
    )


def all_tags(request: Request) -> Response:
    """``GET /api/v2/metrics/{name}/all-tags``: every ``key:value`` seen on the metric."""
    name = _known(request)
    tag_sets = parameters.world_of(request).metric_tags(name)
    tags = sorted({f"{key}:{value}" for tags in tag_sets for key, value in tags.items()})
    return JSONResponse(
        {"data": {"type": "metrics", "id": name, "attributes": {"tags": tags, "ingested_tags": []}}}
    )


def _matching(world: World, filter_text: str) -> list[str]:
    """Names of the metrics of which at least one tag set is in the scope, in order."""
    scope = parse_scope(filter_text or "*")
    plain = scope.plain_tags()
    if plain is not None and not any("*" in value for value in plain.values()):
        return sorted(world.metric_names(plain))
    return sorted(
        name
        for name in world.metric_names({})
        if any(scope.condition.matches(tags) for tags in world.metric_tags(name))
    )


def _known(request: Request) -> str:
    name = str(request.path_params["name"])
    if name not in parameters.world_of(request).metric_names({}):
        raise NotFound(f"metric {name} not found")
    return name


def _host_tag(host: str) -> str:
    return f"host:{host}" if host else ""


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decoded(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequest("invalid page[cursor]") from error


ROUTES = [
    Route("/api/v1/metrics", active_metrics, methods=["GET"]),
    Route("/api/v1/metrics/{name}", metric_metadata, methods=["GET"]),
    Route("/api/v1/search", search_metrics, methods=["GET"]),
    Route("/api/v2/metrics", list_metrics, methods=["GET"]),
    Route("/api/v2/metrics/{name}/all-tags", all_tags, methods=["GET"]),
]
