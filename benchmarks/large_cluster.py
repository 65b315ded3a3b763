"""``python -m benchmarks.large_cluster DEPLOYMENTS``: a stand-in for the API server of a large cluster.

It serves the generated objects page by page as the API server does (``limit``, ``continue``), watches, and on
``POST /change/NAMESPACE/NAME`` changes the replicas of a Deployment. Prints ``page=URL`` when it listens.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.cluster_objects import Manifest, objects

_FIRST_VERSION = 1_000_000
_BOOKMARK_SECONDS = 30.0


class Cluster:
    """Objects by plural, as JSON texts, and who watches them."""

    def __init__(self, deployments: int) -> None:
        self.version = _FIRST_VERSION
        self.items: dict[str, list[str]] = defaultdict(list)
        self.places: dict[tuple[str, str], int] = {}
        self.watchers: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        for plural, item in objects(deployments):
            metadata = item["metadata"]
            self.places[(plural, f"{metadata.get('namespace', '')}/{metadata['name']}")] = len(
                self.items[plural]
            )
            self.items[plural].append(json.dumps(item))

    def page(self, plural: str, start: int, limit: int) -> str:
        """A list's page as text."""
        items = self.items[plural]
        metadata: Manifest = {"resourceVersion": str(self.version)}
        if start + limit < len(items):
            metadata["continue"] = str(start + limit)
        some = ",".join(items[start : start + limit])
        return f'{{"kind":"List","metadata":{json.dumps(metadata)},"items":[{some}]}}'

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        """Change a Deployment and tell its watchers."""
        place = self.places[("deployments", f"{namespace}/{name}")]
        item = json.loads(self.items["deployments"][place])
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        item["spec"]["replicas"] = replicas
        self.items["deployments"][place] = json.dumps(item)
        line = json.dumps({"type": "MODIFIED", "object": item}) + "\n"
        for watcher in self.watchers["deployments"]:
            watcher.put_nowait(line)

    async def watch(self, plural: str) -> AsyncIterator[str]:
        """Lines of events from now on, and bookmarks."""
        lines: asyncio.Queue[str] = asyncio.Queue()
        self.watchers[plural].add(lines)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(lines.get(), _BOOKMARK_SECONDS)
                except TimeoutError:
                    mark = {"metadata": {"resourceVersion": str(self.version)}}
                    yield json.dumps({"type": "BOOKMARK", "object": mark}) + "\n"
        finally:
            self.watchers[plural].discard(lines)


def app_of(cluster: Cluster) -> Starlette:
    """The API."""

    async def collection(request: Request) -> Response:
        plural, query = request.url.path.rpartition("/")[2], request.query_params
        if query.get("watch"):
            return StreamingResponse(cluster.watch(plural), media_type="application/json")
        page = cluster.page(plural, int(query.get("continue") or 0), int(query.get("limit", 500)))
        return Response(page, media_type="application/json")

    async def change(request: Request) -> Response:
        where = request.path_params
        cluster.scale(where["namespace"], where["name"], int(request.query_params["replicas"]))
        return JSONResponse({"version": cluster.version})

    return Starlette(
        routes=[
            Route("/change/{namespace}/{name}", change, methods=["POST"]),
            Route("/{path:path}", collection),
        ]
    )


def main() -> None:
    """Serve until stopped."""
    app = app_of(Cluster(int(sys.argv[1])))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        sys.stdout.write(f"page=http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
