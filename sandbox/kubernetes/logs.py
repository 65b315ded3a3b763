"""The log subresource of pods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sandbox.kubernetes import errors
from sandbox.kubernetes.clock import parse_time
from sandbox.kubernetes.requests import flag, number
from sandbox.kubernetes.server import Call, Manifest
from sandbox.world.ports import World

_RETENTION = timedelta(hours=24)
_MAX_LINES = 10_000
_FOLLOW_EVERY_SECONDS = 1.0
_FIRST_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True)
class _Query:
    """Which lines of which container."""

    pod: Manifest
    container: str
    start: datetime
    end: datetime
    tail_lines: int | None
    limit_bytes: int | None
    timestamps: bool


async def read_log(call: Call) -> Response:
    """GET a container's log as text, oldest line first."""
    call.permit("get")
    pod = call.existing()
    query = _query(call.request, pod, call.backend.world.now())
    world = call.backend.world
    text = _text(query, _records(world, query))
    if not flag(call.request, "follow"):
        return PlainTextResponse(text)
    return StreamingResponse(_follow(world, query, text), media_type="text/plain")


def _container(request: Request, pod: Manifest) -> str:
    name = pod["metadata"]["name"]
    known = [container["name"] for container in pod["spec"]["containers"]]
    first = [container["name"] for container in pod["spec"].get("initContainers") or ()]
    asked = request.query_params.get("container")
    if asked and asked not in [*known, *first]:
        raise errors.bad_request(f"container {asked} is not valid for pod {name}")
    if asked:
        return asked
    if len(known) > 1:
        choices = " ".join(known)
        raise errors.bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{choices}]"
        )
    return str(known[0])


def _query(request: Request, pod: Manifest, now: datetime) -> _Query:
    container = _container(request, pod)
    start, end = _running_span(request, pod, container, now)
    seconds = number(request, "sinceSeconds")
    since_time = request.query_params.get("sinceTime")
    if seconds is not None:
        start = max(start, now - timedelta(seconds=seconds))
    elif since_time:
        try:
            start = max(start, parse_time(since_time))
        except ValueError as error:
            raise errors.bad_request(f"invalid sinceTime: {error}") from error
    tail, size = number(request, "tailLines"), number(request, "limitBytes")
    return _Query(pod, container, start, end, tail, size, flag(request, "timestamps"))


def _running_span(
    request: Request, pod: Manifest, container: str, now: datetime
) -> tuple[datetime, datetime]:
    """From when to when the asked-for instance of the container ran."""
    found = pod.get("status") or {}
    statuses = [
        *(found.get("initContainerStatuses") or ()),
        *(found.get("containerStatuses") or ()),
    ]
    status: Mapping[str, Any] = next((s for s in statuses if s["name"] == container), {})
    name = pod["metadata"]["name"]
    oldest = max(parse_time(pod["metadata"]["creationTimestamp"]), now - _RETENTION)
    ended = (status.get("lastState") or {}).get("terminated") or {}
    if flag(request, "previous"):
        if not ended.get("finishedAt"):
            raise errors.bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        return oldest, parse_time(ended["finishedAt"])
    state = status.get("state") or {}
    if not status or (state.get("waiting") and not ended):
        reason = (state.get("waiting") or {}).get("reason", "ContainerCreating")
        raise errors.bad_request(
            f'container "{container}" in pod "{name}" is waiting to start: {reason}'
        )
    finished = (state.get("terminated") or {}).get("finishedAt")
    began = parse_time(ended["finishedAt"]) if ended.get("finishedAt") else oldest
    return max(oldest, began), parse_time(finished) if finished else now


def _records(world: World, query: _Query) -> list[Mapping[str, Any]]:
    """The newest lines of the span, found by looking back in windows that double."""
    wanted = min(query.tail_lines if query.tail_lines is not None else _MAX_LINES, _MAX_LINES)
    found: list[Mapping[str, Any]] = []
    end, window = query.end, _FIRST_WINDOW
    while end > query.start and len(found) < wanted:
        start = max(query.start, end - window)
        found = _between(world, query, start, end) + found
        end, window = start, window * 2
    return found[-wanted:] if wanted else []


def _between(
    world: World, query: _Query, start: datetime, end: datetime
) -> list[Mapping[str, Any]]:
    metadata = query.pod["metadata"]
    records = world.logs(
        start,
        end,
        namespace=metadata["namespace"],
        pod=metadata["name"],
        limit=_MAX_LINES,
    )
    return [r for r in records if r.get("container") in (None, "", query.container)]


def _line(record: Mapping[str, Any], timestamps: bool) -> str:
    if not timestamps:
        return f"{record['message']}\n"
    when = record["timestamp"]
    moment = when if isinstance(when, datetime) else parse_time(str(when))
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {record['message']}\n"


def _text(query: _Query, records: list[Mapping[str, Any]]) -> str:
    text = "".join(_line(record, query.timestamps) for record in records)
    if query.limit_bytes is None:
        return text
    return text.encode()[: query.limit_bytes].decode(errors="ignore")


async def _follow(world: World, query: _Query, text: str) -> AsyncIterator[str]:
    yield text
    seen = query.end
    while True:
        await asyncio.sleep(_FOLLOW_EVERY_SECONDS)
        now = world.now()
        for record in _between(world, query, seen, now):
            yield _line(record, query.timestamps)
        seen = now
