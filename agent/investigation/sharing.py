"""Calls that several want at the same time are made once: by one hypothesis or fifty investigations, it is one question.

What is shared is the call, never its place in a record: each investigation keeps a step of its own, which says when the
vendor was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from agent.model import Reading
from agent.ports import Clock
from agent.tools import Tool

REUSE_SECONDS = 3.0
"""How long an answer still serves those who ask the same: investigations of one outage begin seconds apart."""

_Key = tuple[Tool, str, datetime]
Ask = Callable[[Tool, Mapping[str, Any]], Awaitable[Reading]]


class Answer(NamedTuple):
    """What a call gave, when the vendor was asked, and how long that took."""

    reading: Reading
    asked_at: datetime
    seconds: float


class Sharing:
    """Asks tools; those who want the same of the same toolset, so with the same credential, share one call.

    A failure is shared by those who wait for it and by nobody after them. Who stops waiting disturbs no other; when
    nobody waits any more, the call is cancelled.

    Args:
        ask: makes a call.
        clock: says when the vendor was asked; answers to what was asked in another minute are not reused, since the
            windows of time that tools look at end at the present.
        reuse_seconds: how long an answer serves those who come after it; 0: only those who came before it.
    """

    def __init__(self, ask: Ask, clock: Clock, reuse_seconds: float = REUSE_SECONDS) -> None:
        self._ask = ask
        self._clock = clock
        self._reuse_seconds = reuse_seconds
        self._calls: dict[_Key, _Call] = {}
        self.made = 0
        """Calls that were made."""
        self.spared = 0
        """Questions that the call of another answered."""

    async def read(self, tool: Tool, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer, of a call made for this or for who asked the same.

        Raises:
            ToolError: the vendor gave nothing.
        """
        key = self._key(tool, arguments)
        if key is None:
            self.made += 1
            return await self._timed(tool, arguments)
        call = self._calls.get(key)
        if call is None:
            self.made += 1
            call = self._calls[key] = self._begun(key, arguments)
        else:
            self.spared += 1
        try:
            return await call.answer()
        finally:
            if call.is_abandoned:
                self._forget(key, call)
                call.task.cancel()

    def _key(self, tool: Tool, arguments: Mapping[str, Any]) -> _Key | None:
        """Equal for calls that ask the same; None for those that nobody else may be answered by."""
        if not tool.shared:
            return None
        try:
            canonical = tool.arguments.model_validate(dict(arguments)).model_dump_json()
        except ValidationError:  # the tool itself says what is wrong with them
            return None
        return tool, canonical, self._clock.now().replace(second=0, microsecond=0)

    def _begun(self, key: _Key, arguments: Mapping[str, Any]) -> _Call:
        """The call is a task of its own, in a context that is no single investigation's."""

        async def work() -> Answer:
            try:
                answer = await self._timed(key[0], arguments)
            except BaseException:
                self._forget(key, call)
                raise
            asyncio.get_running_loop().call_later(self._reuse_seconds, self._forget, key, call)
            return answer

        call = _Call(asyncio.get_running_loop().create_task(work(), context=Context()))
        return call

    def _forget(self, key: _Key, call: _Call) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]

    async def _timed(self, tool: Tool, arguments: Mapping[str, Any]) -> Answer:
        asked_at, loop = self._clock.now(), asyncio.get_running_loop()
        began = loop.time()
        reading = await self._ask(tool, arguments)
        return Answer(reading, asked_at, loop.time() - began)


class _Call:
    """A call under way or just answered, and how many wait for it."""

    def __init__(self, task: asyncio.Task[Answer]) -> None:
        self.task = task
        self._waiting = 0

    async def answer(self) -> Answer:
        self._waiting += 1
        try:
            return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1

    @property
    def is_abandoned(self) -> bool:
        return not self._waiting and not self.task.done()
