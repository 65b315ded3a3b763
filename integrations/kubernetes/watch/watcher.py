"""Follows the whole cluster (``agent.ports.GraphWatcher``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from agent.errors import AccessDenied, Unreachable
from agent.knowledge.facts import EntityChange, Seen
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.graph.builder import KINDS, places
from integrations.kubernetes.graph.cluster import Cluster
from integrations.kubernetes.graph.contribution import ORIGIN
from integrations.kubernetes.graph.records import Record
from integrations.kubernetes.watch.changes import changes
from integrations.kubernetes.watch.events import Box, Event, Gone, Put, Refused, Relisted
from integrations.kubernetes.watch.kind import KindWatch
from integrations.kubernetes.watch.pace import Pace
from integrations.text import utc_now

_MOST_NAMESPACES = 4
"""With more namespaces than that, the cluster is watched as a whole and the others are dropped: each kind and place that
is watched holds a thread and a connection."""
_LISTS_AT_ONCE = 2
_DEFAULT_PACE = Pace()


class KubernetesWatch:
    """Tells what is in the cluster, then what changes, until it is closed.

    Args:
        client: with the read credential.
        namespaces: those to look at; none means all that the credential lists cluster-wide.
        pace: how long to wait for what.
    """

    origin = ORIGIN

    def __init__(
        self,
        client: KubernetesClient,
        namespaces: Sequence[str] = (),
        pace: Pace = _DEFAULT_PACE,
    ) -> None:
        self._client = client
        self._wanted = frozenset(namespaces)
        within = namespaces if len(namespaces) <= _MOST_NAMESPACES else ()
        self._places = [(kind, place) for kind in KINDS for place in places(kind, within)]
        self._pace = pace

    async def watch(self) -> AsyncIterator[Seen]:
        """First everything (``complete``), then additions with the changes that they came by.

        Raises:
            ToolError: nothing can be seen to begin with.
        """
        box = Box(asyncio.get_running_loop())
        threads = ThreadPoolExecutor(len(self._places), thread_name_prefix="kubernetes-watch")
        turns = asyncio.Semaphore(_LISTS_AT_ONCE)
        watches = [
            asyncio.create_task(
                KindWatch(self._client, kind, place, box, threads, self._pace).run(turns)
            )
            for kind, place in self._places
        ]
        try:
            async for seen in self._told(box, watches):
                yield seen
        finally:
            box.close()
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
            threads.shutdown(wait=False, cancel_futures=True)

    async def _told(self, box: Box, watches: Iterable[asyncio.Task[None]]) -> AsyncIterator[Seen]:
        mirror = Mirror(self._wanted)
        waiting = set(self._places)
        while waiting:
            await _arrival(box, watches)
            events = box.take()
            await asyncio.to_thread(mirror.take, events)
            waiting -= {(e.kind, e.namespace) for e in events if isinstance(e, (Relisted, Refused))}
        mirror.check(self._places)
        yield await asyncio.to_thread(mirror.whole)
        while True:
            await _arrival(box, watches)
            await asyncio.sleep(self._pace.coalesce)
            news = await asyncio.to_thread(mirror.news, box.take())
            if news is not None:
                yield news


async def _arrival(box: Box, watches: Iterable[asyncio.Task[None]]) -> None:
    """Until events are there; a watch that ended did so by an error of ours, which is not to be lost."""
    arrival = asyncio.create_task(box.wait())
    try:
        await asyncio.wait({arrival, *watches}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        arrival.cancel()
    for watch in watches:
        if watch.done():
            watch.result()


class Mirror:
    """The cluster as the events tell of it.

    Args:
        namespaces: of which objects are taken in; none means all.
    """

    def __init__(self, namespaces: frozenset[str] = frozenset()) -> None:
        self._cluster = Cluster()
        self._namespaces = namespaces
        self._refused: dict[tuple[str, str], Refused] = {}

    def take(self, events: Iterable[Event]) -> list[EntityChange]:
        """Take in events; returns the changes that they are."""
        return [change for event in events for change in self._take(event)]

    def whole(self) -> Seen:
        """Everything."""
        return self._cluster.whole()

    def news(self, events: Iterable[Event]) -> Seen | None:
        """What events make of the graph, or None."""
        return self._cluster.news(self.take(events))

    def check(self, watched: Sequence[tuple[str, str]]) -> None:
        """Whether anything can be seen at all.

        Raises:
            AccessDenied: nothing may be listed.
            Unreachable: the cluster does not answer.
        """
        if set(watched) > self._refused.keys():
            return
        if all(r.denied for r in self._refused.values()):
            raise AccessDenied("Kubernetes lets srebot list nothing: bind it the read-only role")
        first = next(r for r in self._refused.values() if not r.denied)
        raise Unreachable(f"Kubernetes cannot be watched: {first.why}")

    def _take(self, event: Event) -> Sequence[EntityChange]:
        match event:
            case Put(record):
                return self._put(record)
            case Gone(which):
                self._cluster.remove(which)
            case Refused():
                self._refuse(event)
            case Relisted():
                return self._relist(event)
        return ()

    def _refuse(self, event: Refused) -> None:
        if not event.denied and self._cluster.ids(event.kind, event.namespace):
            return  # an outage: what is known of the kind still stands
        self._refused[(event.kind, event.namespace)] = event
        self._cluster.unsee({kind for kind, _ in self._refused})

    def _put(self, record: Record) -> list[EntityChange]:
        namespace = record.id[1]
        if self._namespaces and namespace and namespace not in self._namespaces:
            return []
        found = list(changes(self._cluster.get(record.id), record, utc_now()))
        self._cluster.put(record)
        return found

    def _relist(self, event: Relisted) -> list[EntityChange]:
        if self._refused.pop((event.kind, event.namespace), None):
            self._cluster.unsee({kind for kind, _ in self._refused})
        there = {record.id for record in event.records}
        for which in self._cluster.ids(event.kind, event.namespace):
            if which not in there:
                self._cluster.remove(which)
        return [change for record in event.records for change in self._put(record)]
