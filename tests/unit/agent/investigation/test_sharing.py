"""What several want at the same time is asked once, and nobody pays for another's failure or impatience."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.errors import BadArguments, Unreachable
from agent.investigation.sharing import Answer, Sharing
from agent.model import Reading
from agent.tools import Registry, Tool, tool

AT = datetime(2026, 11, 25, 3, 0, 30, tzinfo=UTC)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at


class Vendor:
    """Answers when it is let, or fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled = 0
        self.may_answer = asyncio.Event()
        self.failure: Exception | None = None

    @tool("vendor")
    async def look(self, name: str, minutes: int = 60) -> Reading:
        """Looks."""
        return await self._answer(name)

    @tool("vendor", shared=False)
    async def recall(self, name: str) -> Reading:
        """Looks at what the investigation itself knows."""
        return await self._answer(name)

    async def _answer(self, name: str) -> Reading:
        self.asked.append(name)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return Reading(source="vendor", query=name, observation=name)


async def _ask(tool: Tool, arguments: Mapping[str, Any]) -> Reading:
    return await tool(arguments)


class Scene:
    """A vendor, and those who ask it."""

    def __init__(self, reuse_seconds: float = 0.0) -> None:
        self.vendor = Vendor()
        self.clock = Clock()
        self.sharing = Sharing(_ask, self.clock, reuse_seconds)
        self.tools = Registry([self.vendor])

    async def asking(self, tool: str = "look", **arguments: Any) -> asyncio.Task[Answer]:
        """Somebody who waits for an answer."""
        task = asyncio.create_task(self.sharing.read(self.tools[tool], arguments))
        await asyncio.sleep(0.001)
        return task

    async def answered(self, *asking: asyncio.Task[Answer]) -> list[Answer]:
        self.vendor.may_answer.set()
        return await asyncio.gather(*asking)


async def test_the_same_question_at_the_same_time_is_one_call() -> None:
    scene = Scene()
    one = await scene.asking(name="auth")
    scene.clock.at += timedelta(seconds=5)
    two = await scene.asking(name="auth", minutes=60)

    first, second = await scene.answered(one, two)

    assert scene.vendor.asked == ["auth"]
    assert first.reading is second.reading
    assert second.asked_at == AT, "it is told when the vendor was asked, not who asked"
    assert (scene.sharing.made, scene.sharing.spared) == (1, 1)


async def test_other_arguments_and_another_minute_are_other_questions() -> None:
    scene = Scene()
    one = await scene.asking(name="auth")
    two = await scene.asking(name="auth", minutes=30)
    scene.clock.at += timedelta(seconds=31)
    three = await scene.asking(name="auth")

    await scene.answered(one, two, three)

    assert scene.vendor.asked == ["auth", "auth", "auth"]


async def test_another_credential_is_another_call() -> None:
    scene, other = Scene(), Vendor()
    one = await scene.asking(name="auth")
    scene.tools = Registry([other])
    two = await scene.asking(name="auth")

    other.may_answer.set()
    await scene.answered(one, two)

    assert (scene.vendor.asked, other.asked) == (["auth"], ["auth"])


async def test_what_depends_on_the_investigation_is_never_shared() -> None:
    scene = Scene()
    asking = [await scene.asking("recall", name="auth") for _ in range(2)]

    await scene.answered(*asking)

    assert scene.vendor.asked == ["auth", "auth"]


async def test_who_gives_up_disturbs_nobody() -> None:
    scene = Scene()
    first, second = [await scene.asking(name="auth") for _ in range(2)]
    first.cancel()
    await asyncio.sleep(0.001)

    (answer,) = await scene.answered(second)

    assert answer.reading.query == "auth"
    assert scene.vendor.cancelled == 0


async def test_a_call_that_nobody_waits_for_is_cancelled_and_the_next_is_a_new_one() -> None:
    scene = Scene()
    for asking in [await scene.asking(name="auth") for _ in range(2)]:
        asking.cancel()
    again = await scene.asking(name="auth")

    (answer,) = await scene.answered(again)

    assert answer.reading.query == "auth"
    assert scene.vendor.cancelled == 1
    assert len(scene.vendor.asked) == 2


async def test_a_failure_is_shared_with_those_who_waited_only() -> None:
    scene = Scene(reuse_seconds=10.0)
    waiting = [await scene.asking(name="auth") for _ in range(2)]
    scene.vendor.failure = Unreachable("it is away")
    scene.vendor.may_answer.set()
    assert await asyncio.gather(*waiting, return_exceptions=True) == [scene.vendor.failure] * 2

    scene.vendor.failure = None
    (answer,) = await scene.answered(await scene.asking(name="auth"))

    assert answer.reading.query == "auth"
    assert len(scene.vendor.asked) == 2


async def test_an_answer_serves_those_who_come_soon_after_it() -> None:
    scene = Scene(reuse_seconds=0.5)
    await scene.answered(await scene.asking(name="auth"))
    scene.clock.at += timedelta(seconds=2)
    (soon,) = await scene.answered(await scene.asking(name="auth"))
    await asyncio.sleep(0.55)
    (late,) = await scene.answered(await scene.asking(name="auth"))

    assert (soon.asked_at, late.asked_at) == (AT, AT + timedelta(seconds=2))
    assert len(scene.vendor.asked) == 2


async def test_wrong_arguments_are_refused_by_the_tool() -> None:
    scene = Scene()
    with pytest.raises(BadArguments, match="minutes"):
        await scene.sharing.read(scene.tools["look"], {"name": "auth", "minutes": "soon"})
    assert scene.vendor.asked == []
