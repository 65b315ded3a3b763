"""The infrastructure list: hosts as their metrics' tags show them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import parameters
from sandbox.world.ports import World

_HOST_METRICS = ("system.", "kubernetes.")
_OWN_TAGS = ("env", "kube_cluster_name", "region", "availability-zone", "node")


def list_hosts(request: Request) -> Response:
    """``GET /api/v1/hosts``: hosts of which the name or a tag contains ``filter``."""
    arguments = request.query_params
    world = parameters.world_of(request)
    wanted = parameters.text(arguments, "filter").removeprefix("host:")
    first = parameters.integer(arguments, "start", 0)
    count = parameters.integer(arguments, "count", 100, limit=1000)
    hosts = [
        _host(world, name, sorted(tags))
        for name, tags in sorted(_hosts(world).items())
        if wanted in name or any(wanted in tag for tag in tags)
    ]
    shown = hosts[first : first + count]
    return JSONResponse(
        {"host_list": shown, "total_matching": len(hosts), "total_returned": len(shown)}
    )


def host_totals(request: Request) -> Response:
    """``GET /api/v1/hosts/totals``."""
    total = len(_hosts(parameters.world_of(request)))
    return JSONResponse({"total_up": total, "total_active": total})


def _hosts(world: World) -> Mapping[str, set[str]]:
    """Each host's name with the tags that describe the host rather than what runs on it."""
    hosts: dict[str, set[str]] = {}
    for metric in world.metric_names({}):
        if not metric.startswith(_HOST_METRICS):
            continue
        for tags in world.metric_tags(metric):
            if name := tags.get("host"):
                own = {f"{key}:{tags[key]}" for key in _OWN_TAGS if key in tags}
                hosts.setdefault(name, set()).update(own)
    return hosts


def _host(world: World, name: str, tags: list[str]) -> dict[str, Any]:
    metrics = {
        field: value
        for field, metric in (("cpu", "system.cpu.user"), ("load", "system.load.1"))
        if (value := _latest(world, metric, name)) is not None
    }
    return {
        "id": zlib.crc32(name.encode()),
        "name": name,
        "host_name": name,
        "aliases": [name],
        "apps": ["agent", "kubernetes"],
        "sources": ["agent"],
        "up": True,
        "is_muted": False,
        "mute_timeout": None,
        "last_reported_time": int(world.now().timestamp()),
        "tags_by_source": {"Datadog": [f"host:{name}", *tags]},
        "meta": {"agent_version": "7.71.0", "platform": "linux", "machine": "amd64"},
        "metrics": metrics,
    }


def _latest(world: World, metric: str, host: str) -> float | None:
    end = world.now()
    read = world.series(metric, {"host": host}, [], end - timedelta(minutes=5), end, 60)
    points = read[0][1] if read else []
    return float(points[-1][1]) if points else None


ROUTES = [
    Route("/api/v1/hosts", list_hosts, methods=["GET"]),
    Route("/api/v1/hosts/totals", host_totals, methods=["GET"]),
]
