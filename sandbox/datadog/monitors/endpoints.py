"""The monitor endpoints: list, get, search."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest, NotFound
from sandbox.datadog.metrics.syntax import metric_queries
from sandbox.datadog.monitors.query import MetricMonitor, parse_monitor_query
from sandbox.datadog.monitors.state import GroupState, MonitorState, state_of
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.query import parse_search
from sandbox.world.ports import Monitor, World

_AGE = timedelta(days=90)
_CREATOR = {
    "name": "Datadog admin",
    "handle": "admin@sandbox.example",
    "email": "admin@sandbox.example",
}


def list_monitors(request: Request) -> Response:
    """``GET /api/v1/monitor``, filtered by ``name``, ``monitor_tags`` and ``tags`` (the scope's)."""
    arguments = request.query_params
    world = parameters.world_of(request)
    name = parameters.text(arguments, "name").lower()
    own_tags = set(parameters.words(arguments, "monitor_tags"))
    scope_tags = set(parameters.words(arguments, "tags"))
    monitors = [
        monitor
        for monitor in sorted(world.company.monitors, key=lambda monitor: monitor.id)
        if name in monitor.name.lower()
        and own_tags <= set(monitor.tags)
        and scope_tags <= set(_scope_tags(monitor))
        and monitor.id > parameters.integer(arguments, "id_offset", 0)
    ]
    if arguments.get("page_size") or arguments.get("page"):
        size = parameters.integer(arguments, "page_size", 100, limit=1000)
        first = parameters.integer(arguments, "page", 0) * size
        monitors = monitors[first : first + size]
    with_groups = bool(arguments.get("group_states"))
    return JSONResponse([_monitor(world, each, with_groups=with_groups) for each in monitors])


def get_monitor(request: Request) -> Response:
    """``GET /api/v1/monitor/{id}``."""
    world = parameters.world_of(request)
    with_groups = bool(request.query_params.get("group_states"))
    for monitor in world.company.monitors:
        if monitor.id == request.path_params["id"]:
            return JSONResponse(_monitor(world, monitor, with_groups=with_groups))
    raise NotFound("Monitor not found")


def search_monitors(request: Request) -> Response:
    """``GET /api/v1/monitor/search``: the search language over names, tags, status and types."""
    arguments = request.query_params
    world = parameters.world_of(request)
    condition = parse_search(parameters.text(arguments, "query"))
    per_page = parameters.integer(arguments, "per_page", 30, limit=1000)
    if per_page == 0:
        raise BadRequest("The parameter 'per_page' must be at least 1")
    page = parameters.integer(arguments, "page", 0)
    evaluated = [(monitor, state_of(world, monitor)) for monitor in world.company.monitors]
    hits = [pair for pair in evaluated if condition.matches(_document(world, *pair))]
    hits.sort(key=lambda pair: pair[0].name)
    _sort(hits, parameters.text(arguments, "sort"))
    shown = hits[page * per_page : (page + 1) * per_page]
    return JSONResponse(
        {
            "monitors": [_search_result(*pair) for pair in shown],
            "counts": _counts(hits),
            "metadata": {
                "page": page,
                "per_page": per_page,
                "page_count": math.ceil(len(hits) / per_page),
                "total_count": len(hits),
            },
        }
    )


def _sort(hits: list[tuple[Monitor, MonitorState]], sort: str) -> None:
    if not sort:
        return
    field, _, direction = sort.partition(",")
    keys: dict[str, Callable[[tuple[Monitor, MonitorState]], Any]] = {
        "name": lambda pair: pair[0].name,
        "status": lambda pair: pair[1].overall,
        "tags": lambda pair: pair[0].tags,
    }
    if field not in keys or direction not in {"", "asc", "desc"}:
        raise BadRequest("The parameter 'sort' is invalid")
    hits.sort(key=keys[field], reverse=direction == "desc")


def _monitor(world: World, monitor: Monitor, *, with_groups: bool) -> dict[str, Any]:
    state = state_of(world, monitor)
    thresholds = {"critical": monitor.critical}
    if monitor.warning is not None:
        thresholds["warning"] = monitor.warning
    created = parameters.iso(world.now() - _AGE)
    groups = {name: _group(name, group) for name, group in state.groups.items()}
    return {
        "id": monitor.id,
        "name": monitor.name,
        "type": monitor.type,
        "query": monitor.query,
        "message": monitor.message,
        "tags": list(monitor.tags),
        "priority": monitor.priority,
        "multi": _is_multi(monitor),
        "options": {
            "thresholds": thresholds,
            "include_tags": True,
            "notify_no_data": False,
            "notify_audit": False,
            "require_full_window": False,
            "silenced": {},
        },
        "overall_state": state.overall,
        "state": {"groups": groups if with_groups else {}},
        "creator": _CREATOR,
        "created": created,
        "modified": created,
        "deleted": None,
        "restricted_roles": None,
    }


def _group(name: str, group: GroupState) -> dict[str, Any]:
    times = {}
    if group.triggered_at is not None:
        triggered = int(group.triggered_at.timestamp())
        times = {"last_triggered_ts": triggered, "last_notified_ts": triggered}
    return {"name": name, "status": group.status, **times}


def _document(world: World, monitor: Monitor, state: MonitorState) -> Document:
    """The monitor as the search language sees it."""
    reserved = {"status": state.overall, "type": monitor.type, "id": str(monitor.id)}
    facets = [f"tag:{tag}" for tag in monitor.tags]
    facets += [f"title:{monitor.name}", *[f"metric:{metric}" for metric in _metrics(monitor)]]
    facets += [f"scope:{tag}" for tag in _scope_tags(monitor)]
    return Document(
        id=str(monitor.id),
        at=world.now(),
        message=f"{monitor.name}\n{monitor.query}\n{' '.join(monitor.tags)}",
        reserved=reserved,
        tags=(*monitor.tags, *facets),
    )


def _search_result(monitor: Monitor, state: MonitorState) -> dict[str, Any]:
    triggered = state.triggered_at
    return {
        "id": monitor.id,
        "name": monitor.name,
        "type": monitor.type,
        "query": monitor.query,
        "status": state.overall,
        "tags": list(monitor.tags),
        "metrics": _metrics(monitor),
        "scopes": _scope_tags(monitor),
        "classification": "metric" if _metrics(monitor) else "log",
        "last_triggered_ts": int(triggered.timestamp()) if triggered else None,
        "notifications": _notifications(monitor.message),
        "creator": _CREATOR,
        "org_id": 1,
    }


def _counts(hits: Iterable[tuple[Monitor, MonitorState]]) -> dict[str, Any]:
    pairs = list(hits)
    return {
        "status": _count_items(state.overall for _, state in pairs),
        "type": _count_items(monitor.type for monitor, _ in pairs),
        "tag": _count_items(tag for monitor, _ in pairs for tag in monitor.tags),
        "muted": [{"name": False, "count": len(pairs)}],
    }


def _count_items(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": name, "count": count} for name, count in Counter(names).most_common()]


def _notifications(message: str) -> list[dict[str, str]]:
    handles = [word[1:].rstrip(".,;") for word in message.split() if word.startswith("@")]
    return [{"handle": handle, "name": handle} for handle in handles]


def _parsed(monitor: Monitor) -> MetricMonitor | None:
    try:
        query = parse_monitor_query(monitor.query)
    except BadRequest:
        return None
    return query if isinstance(query, MetricMonitor) else None


def _metrics(monitor: Monitor) -> list[str]:
    query = _parsed(monitor)
    return [each.metric for each in metric_queries(query.expression)] if query else []


def _scope_tags(monitor: Monitor) -> list[str]:
    query = _parsed(monitor)
    queries = metric_queries(query.expression) if query else []
    tags = [each.scope.plain_tags() or {} for each in queries]
    return sorted({f"{key}:{value}" for scope in tags for key, value in scope.items()})


def _is_multi(monitor: Monitor) -> bool:
    query = _parsed(monitor)
    queries = metric_queries(query.expression) if query else []
    return any(each.group_by for each in queries)


ROUTES = [
    Route("/api/v1/monitor", list_monitors, methods=["GET"]),
    Route("/api/v1/monitor/search", search_monitors, methods=["GET"]),
    Route("/api/v1/monitor/{id:int}", get_monitor, methods=["GET"]),
]
