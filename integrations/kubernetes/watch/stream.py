"""One watch request: its lines read in a thread, from which another thread can free it at any time.

The official client's ``kubernetes.watch.Watch`` is not used: its ``stop`` takes effect only with the next event, it deals
with 410 by beginning anew without saying what was deleted meanwhile, and it builds typed models. All that is needed here
is the lines of the response.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress

import urllib3

from agent.model import Json
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.watch.pace import Pace


class Expired(Exception):
    """The version from which the watch was to go on is forgotten (410): the kind has to be listed again."""


class WatchError(Exception):
    """The server ended the watch with an error of another sort."""


class Stream:
    """Events of one kind from a version on, read once.

    Args:
        client: with the read credential.
        kind: of the objects.
        namespace: empty for all.
        pace: how long to wait.
    """

    def __init__(self, client: KubernetesClient, kind: str, namespace: str, pace: Pace) -> None:
        self._client = client
        self._kind = kind
        self._namespace = namespace
        self._pace = pace
        self._lock = threading.Lock()
        self._response: urllib3.HTTPResponse | None = None
        self._stopped = threading.Event()

    def events(self, version: str) -> Iterator[tuple[str, Json]]:
        """Event types with their objects (of a bookmark just its version) until the server ends the watch.

        Raises:
            Expired: 410, as a status or as an event.
            WatchError: any other error event.
            ApiException: the server refused the watch.
            urllib3.exceptions.HTTPError: the connection was lost.
        """
        response = self._client.open_watch(
            self._kind,
            self._namespace,
            version,
            seconds=self._pace.watch_seconds(),
            silence_seconds=self._pace.silence,
        )
        with self._lock:
            self._response = response
        try:
            if self._stopped.is_set():  # while the request was on its way
                return
            for line in _lines(response):
                if self._stopped.is_set():
                    return
                yield _event(line)
        finally:
            with self._lock:
                self._response = None
            response.close()

    def stop(self) -> None:
        """End it from another thread: a read that waits returns at once."""
        with self._lock:
            self._stopped.set()
            if self._response is not None:
                # ValueError, RuntimeError: already ended by itself.
                with suppress(ValueError, RuntimeError, OSError):
                    self._response.shutdown()


def _lines(response: urllib3.HTTPResponse) -> Iterator[bytes]:
    """The lines as they come. Parts are joined once a line is whole: a large object comes in many parts."""
    parts: list[bytes] = []
    for data in response.stream(amt=None):
        *whole, rest = data.split(b"\n")
        for line in whole:
            parts.append(line)
            if joined := b"".join(parts).strip():
                yield joined
            parts = []
        if rest:
            parts.append(rest)


def _event(line: bytes) -> tuple[str, Json]:
    event = json.loads(line)
    kind, item = str(event.get("type")), event.get("object") or {}
    if kind == "ERROR":
        if item.get("code") == 410:
            raise Expired
        raise WatchError(f"{item.get('code')}: {str(item.get('message'))[:200]}")
    return kind, item
