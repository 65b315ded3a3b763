"""watch: a stream of JSON lines, one per change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response, StreamingResponse

from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.reading import ObjectFilter, include_object, object_filter
from sandbox.kubernetes.representation import one
from sandbox.kubernetes.requests import flag, number, wanted_form
from sandbox.kubernetes.server import Call, Manifest
from sandbox.kubernetes.watch import WatchEvent

_DEFAULT_TIMEOUT_SECONDS = 1800
_BOOKMARK_EVERY_SECONDS = 30.0
_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


def matching_event(event: WatchEvent, matches: ObjectFilter) -> tuple[str, Manifest] | None:
    """The event as one watcher sees it: an object that leaves the selection looks deleted."""
    now_in = matches(event.manifest)
    was_in = event.previous is not None and matches(event.previous)
    if event.type == "MODIFIED" and now_in != was_in:
        return ("ADDED" if now_in else "DELETED"), event.manifest
    return (event.type, event.manifest) if now_in else None


@dataclass
class _Lines:
    """Turns watch events into the lines of one stream."""

    call: Call
    form: str = "object"
    include: str = "Metadata"
    columns_sent: bool = field(default=False)

    def line(self, event_type: str, manifest: Manifest) -> bytes:
        shown = one(manifest, self.form, self.call.backend.world.now(), self.include)
        if self.form == "table":
            if self.columns_sent:
                shown["columnDefinitions"] = None
            self.columns_sent = True
        return _encoded(event_type, shown)

    def bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        resource = self.call.target.resource
        metadata: dict[str, Any] = {"resourceVersion": str(self.call.store.resource_version)}
        if annotations:
            metadata["annotations"] = annotations
        bare = {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": metadata}
        return _encoded("BOOKMARK", bare)


def _encoded(event_type: str, manifest: Manifest) -> bytes:
    return json.dumps({"type": event_type, "object": manifest}).encode() + b"\n"


async def watch(call: Call) -> Response:
    """Stream changes from ``resourceVersion`` on, or everything there is and then changes."""
    call.permit("watch")
    matches = object_filter(call)
    number(call.request, "resourceVersion")
    seconds = number(call.request, "timeoutSeconds") or _DEFAULT_TIMEOUT_SECONDS
    lines = _Lines(call, wanted_form(call.request).form, include_object(call.request))
    return StreamingResponse(_stream(call, lines, matches, seconds), media_type="application/json")


def _backlog(call: Call, lines: _Lines, matches: ObjectFilter) -> Iterator[bytes]:
    """What has to be said before the first new change; raises ApiError 410."""
    version = number(call.request, "resourceVersion") or 0
    kind = call.target.resource.kind
    if version == 0 or flag(call.request, "sendInitialEvents"):
        for manifest in call.store.current(kind, call.target.namespace):
            if matches(manifest):
                yield lines.line("ADDED", manifest)
        if flag(call.request, "sendInitialEvents"):
            yield lines.bookmark(_INITIAL_EVENTS_END)
        return
    for event in call.store.hub.since(version):
        seen = matching_event(event, matches) if event.kind == kind else None
        if seen is not None:
            yield lines.line(*seen)


async def _stream(
    call: Call, lines: _Lines, matches: ObjectFilter, seconds: float
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    bookmarks = flag(call.request, "allowWatchBookmarks")
    with call.store.hub.subscription() as queue:
        try:
            backlog = list(_backlog(call, lines, matches))
        except ApiError as error:
            yield _encoded("ERROR", error.status())
            return
        for line in backlog:
            yield line
        bookmark_at = loop.time() + _BOOKMARK_EVERY_SECONDS
        while (left := deadline - loop.time()) > 0:
            # Busy kinds must not keep a quiet one's watcher from a recent version to resume from.
            if bookmarks and queue.empty() and loop.time() >= bookmark_at:
                bookmark_at = loop.time() + _BOOKMARK_EVERY_SECONDS
                yield lines.bookmark()
            try:
                pause = max(0.0, bookmark_at - loop.time()) if bookmarks else left
                async with asyncio.timeout(min(left, pause)):
                    event = await queue.get()
            except TimeoutError:
                continue
            seen = None
            if event.kind == call.target.resource.kind:
                seen = matching_event(event, matches)
            if seen is not None:
                yield lines.line(*seen)
