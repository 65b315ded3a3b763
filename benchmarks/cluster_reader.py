"""``python -m benchmarks.cluster_reader FILE scan|follow CLUSTER DATABASE [CHANGES]``: the bot's side of ``graph_scan``.

Writes what it measured to FILE as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import urllib3

from agent.knowledge.scan import scan_one
from agent.knowledge.watching import follow
from agent.store.engine import create_engine
from agent.store.repository import Store
from benchmarks.cluster_objects import name_of, namespace_of
from bot.log import configure
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.client import configure as reach
from integrations.kubernetes.graph import KubernetesGraph
from integrations.kubernetes.watch import KubernetesWatch

_POLL_SECONDS = 0.01
_PAUSE_SECONDS = 0.2
_PATIENCE_SECONDS = 180.0
_STEP = 37
"""Changed Deployments lie apart."""


async def _scan(client: KubernetesClient, store: Store) -> dict[str, Any]:
    began = time.perf_counter()
    scanned = await scan_one(KubernetesGraph(client), store.graph)
    if scanned.problem:
        raise RuntimeError(scanned.problem)
    seconds = time.perf_counter() - began
    return {**scanned.model_dump(), "seconds": seconds}


async def _follow(
    client: KubernetesClient, store: Store, cluster: str, changes: int
) -> dict[str, Any]:
    first = asyncio.Event()

    class Sink:
        """The graph, saying when the first scan is in it."""

        async def take(self, origin: str, seen: Any) -> int:
            """Keep what is seen."""
            took = await store.graph.take(origin, seen)
            first.set()
            return took

    began = time.perf_counter()
    following = asyncio.create_task(follow(KubernetesWatch(client), Sink()))
    try:
        await asyncio.wait_for(first.wait(), _PATIENCE_SECONDS)
        seconds = time.perf_counter() - began
        delays = [await _delay(store, cluster, n * _STEP, 100 + n) for n in range(changes)]
        return {"seconds": seconds, "delays": delays}
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _delay(store: Store, cluster: str, number: int, replicas: int) -> float:
    """Seconds from the change of a Deployment to the graph's saying so."""
    await asyncio.sleep(_PAUSE_SECONDS)
    namespace, name = namespace_of(number), name_of(number)
    place = f"{cluster}/change/{namespace}/{name}?replicas={replicas}"
    began = time.perf_counter()
    await asyncio.to_thread(urllib3.request, "POST", place)
    while time.perf_counter() - began < _PATIENCE_SECONDS:
        found = await store.graph.get(f"{namespace}/deployment/{name}")
        if found is not None and found.properties.get("replicas") == replicas:
            return time.perf_counter() - began
        await asyncio.sleep(_POLL_SECONDS)
    raise RuntimeError(f"the change of {name} never came")


async def _work(deed: str, cluster: str, url: str, *more: str) -> dict[str, Any]:
    client, store = KubernetesClient(reach(host=cluster)), Store(create_engine(url))
    try:
        if deed == "scan":
            return await _scan(client, store)
        return await _follow(client, store, cluster, int(more[0]))
    finally:
        client.close()
        await store.close()


def main() -> None:
    """Do it once."""
    configure("ERROR")
    told = asyncio.run(_work(*sys.argv[2:]))
    Path(sys.argv[1]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
