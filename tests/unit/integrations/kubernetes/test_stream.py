"""A watch request can be ended by another thread at any time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.watch.pace import Pace
from integrations.kubernetes.watch.stream import Stream


class Silent:
    """A response on which nothing ever comes."""

    closed = False

    def stream(self, amt: int | None) -> Iterator[bytes]:
        raise AssertionError("who reads on waits for ever")

    def shutdown(self) -> None:
        """Nothing is being read."""

    def close(self) -> None:
        self.closed = True


class Slow:
    """A server that answers a watch request only when told to."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.response = Silent()

    def open_watch(self, *_: Any, **__: Any) -> Silent:
        self.asked.set()
        assert self.may_answer.wait(30)
        return self.response


def test_stopped_while_its_request_is_on_its_way_it_reads_nothing() -> None:
    server, seen = Slow(), list[object]()
    stream = Stream(cast(KubernetesClient, server), "Pod", "", Pace())
    reading = threading.Thread(target=lambda: seen.extend([*stream.events("7"), "ended"]))
    reading.start()
    assert server.asked.wait(30)
    stream.stop()
    server.may_answer.set()
    reading.join(30)
    assert seen == ["ended"]
    assert server.response.closed
