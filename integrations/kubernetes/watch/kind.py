"""Follows one kind in one place: a list, then watches, each going on where the one before ended."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from contextlib import suppress

import structlog
import urllib3
from kubernetes.client.exceptions import ApiException

from agent.errors import AccessDenied, ToolError
from agent.model import Json
from integrations.kubernetes.client import GONE, KubernetesClient
from integrations.kubernetes.graph.reading import id_of, read
from integrations.kubernetes.resources import resource
from integrations.kubernetes.watch.events import Box, Gone, Put, Refused, Relisted, Stopped
from integrations.kubernetes.watch.pace import Pace
from integrations.kubernetes.watch.stream import Expired, Stream, WatchError

_log = structlog.get_logger(__name__)
_DENIALS = (401, 403, 405)


class KindWatch:
    """Tells of one kind in one place until it is cancelled.

    Args:
        client: with the read credential.
        kind: of the objects.
        namespace: empty for all.
        box: where the events go.
        threads: in which the lines are read; one thread for each watch.
        pace: how long to wait.
    """

    def __init__(
        self,
        client: KubernetesClient,
        kind: str,
        namespace: str,
        box: Box,
        threads: Executor,
        pace: Pace,
    ) -> None:
        self._client = client
        self._kind = resource(kind)
        self._namespace = namespace
        self._box = box
        self._threads = threads
        self._pace = pace
        self._version = ""
        """From which to go on; empty: list first."""
        self._errors = 0

    async def run(self, turns: asyncio.Semaphore) -> None:
        """List, watch, and begin again where it ended, for ever.

        Args:
            turns: taken to list, which holds a page of objects in full.
        """
        while True:
            try:
                if not self._version:
                    async with turns:
                        await self._list()
                await self._watch()
            except Expired:
                _log.info("watch_expired", kind=self._kind.kind, version=self._version)
                await self._again()
            except AccessDenied as error:
                await self._refused(str(error), denied=True)
            except ApiException as error:
                await self._unexpected(error)
            except (ToolError, WatchError, urllib3.exceptions.HTTPError, OSError, ValueError) as e:
                await self._failed(e)

    async def _list(self) -> None:
        listed = await self._client.listed(self._kind.kind, read, self._namespace)
        await self._box.bring(Relisted(self._kind.kind, self._namespace, listed.items))
        self._version = listed.version

    async def _watch(self) -> None:
        """One watch to its end, which is where the next one begins."""
        stream = Stream(self._client, self._kind.kind, self._namespace, self._pace)
        reading = asyncio.get_running_loop().run_in_executor(self._threads, self._read, stream)
        try:
            await asyncio.shield(reading)
        except asyncio.CancelledError:
            stream.stop()
            with suppress(Exception):  # whatever it was: nobody waits for it any more
                await reading
            raise
        finally:
            stream.stop()

    def _read(self, stream: Stream) -> None:
        """Bring what a stream tells, in a thread."""
        with suppress(Stopped):
            for event, item in stream.events(self._version):
                if event != "BOOKMARK":
                    self._tell(event, item)
                self._version = str(item["metadata"]["resourceVersion"])
                self._errors = 0

    def _tell(self, event: str, item: Json) -> None:
        item = {**item, "apiVersion": self._kind.api, "kind": self._kind.kind}
        self._box.put(Gone(id_of(item)) if event == "DELETED" else Put(read(item)))

    async def _again(self) -> None:
        """List again, at once the first time."""
        self._version = ""
        self._errors += 1
        if self._errors > 1:
            await asyncio.sleep(self._pace.after_errors(self._errors))

    async def _unexpected(self, error: ApiException) -> None:
        if error.status == GONE:
            await self._again()
        elif error.status in _DENIALS:
            # Listed, but not to be watched: then it is listed again, now and then.
            _log.warning("watch_denied", kind=self._kind.kind, status=error.status)
            self._version = ""
            await asyncio.sleep(self._pace.after_denial())
        else:
            await self._failed(error)

    async def _failed(self, error: Exception) -> None:
        self._errors += 1
        why = f"{type(error).__name__}: {str(error)[:200]}"
        _log.warning("watch_failed", kind=self._kind.kind, errors=self._errors, why=why)
        if not self._version:
            await self._tell_refused(why, denied=False)
        await asyncio.sleep(self._pace.after_errors(self._errors))

    async def _refused(self, why: str, *, denied: bool) -> None:
        self._version = ""
        await self._tell_refused(why, denied=denied)
        await asyncio.sleep(self._pace.after_denial())

    async def _tell_refused(self, why: str, *, denied: bool) -> None:
        await self._box.bring(Refused(self._kind.kind, self._namespace, why, denied))
