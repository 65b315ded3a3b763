"""Late look-ups are waited for while their answers could change the finding, and not a moment longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from agent.investigation.checks import Checks
from agent.investigation.foresight import still_mattering
from agent.investigation.stragglers import CANCELLED
from agent.model import Check, Reading, Step
from agent.reasoning.rules import Rules
from agent.tools import Registry, tool
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import (
    House,
    MemoryStore,
    TestClock,
    case_of,
    signal_on,
)

SIGNAL = signal_on("auth", "Login failures on auth", fingerprint="1003")


class Vendor:
    """Two tools that usually are quick; one of them hangs."""

    def __init__(self) -> None:
        self.given_up = 0

    @tool("datadog", cost_seconds=0.05)
    async def quick(self, query: str) -> Reading:
        """Quick."""
        return Reading(source="datadog", query=query, observation="", data={})

    @tool("datadog", cost_seconds=0.05)
    async def hangs(self, query: str) -> Reading:
        """Hangs."""
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return Reading(source="datadog", query=query, observation="", data={})


QUICK = Check(tool="quick", arguments={"query": "a"}, tells=("H1",))
HANGS = Check(tool="hangs", arguments={"query": "b"}, tells=("H2",))


def checks(vendor: Vendor) -> tuple[Checks, MemoryStore]:
    store = MemoryStore(case_of(SIGNAL))
    return Checks(Registry([vendor]), store, TestClock()), store


async def nothing(done: Sequence[Step], late: Sequence[Check]) -> Sequence[Check]:
    return ()


async def everything(done: Sequence[Step], late: Sequence[Check]) -> Sequence[Check]:
    return late


async def test_what_no_longer_matters_is_cancelled_and_its_step_says_so() -> None:
    vendor = Vendor()
    running, store = checks(vendor)
    began = time.monotonic()
    first, second = await running.run(7, 1, 1, [QUICK, HANGS], 60.0, nothing)
    assert time.monotonic() - began < 15
    assert (first.number, first.status) == (1, "ok")
    assert (second.number, second.status, second.reading) == (2, CANCELLED, None)
    assert "could not have changed" in second.error
    assert store.steps[2] == second
    await asyncio.sleep(0.01)
    assert vendor.given_up == 1


async def test_what_matters_is_waited_for_until_the_time_is_up() -> None:
    running, _ = checks(Vendor())
    _, second = await running.run(7, 1, 1, [QUICK, HANGS], 0.5, everything)
    assert second.status == "unreachable"


async def test_after_a_crash_what_was_cancelled_is_not_asked_again() -> None:
    vendor = Vendor()
    running, _ = checks(vendor)
    once = await running.run(7, 1, 1, [QUICK, HANGS], 60.0, nothing)
    assert await running.run(7, 1, 1, [QUICK, HANGS], 60.0, everything) == once


async def test_when_the_investigation_itself_is_cancelled_nothing_keeps_running() -> None:
    vendor = Vendor()
    running, store = checks(vendor)
    task = asyncio.create_task(running.run(7, 1, 1, [HANGS], 60.0, nothing))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)
    assert vendor.given_up == 1
    assert store.steps == {}


async def test_while_nothing_is_decided_all_that_is_under_way_matters() -> None:
    case = case_of(SIGNAL)
    assert await still_mattering(case, Rules(), (), [HANGS]) == (HANGS,)


async def test_once_a_cause_stands_out_only_what_could_topple_it_matters() -> None:
    case = (await House(login_story(), SIGNAL).investigate()).case
    ranked = case.ranked()
    last = ranked[-1]
    far = HANGS.model_copy(update={"tells": (last.id,)})
    unnamed = HANGS.model_copy(update={"tells": ()})
    assert ranked[0].log_odds - last.log_odds > 4
    assert await still_mattering(case, Rules(), (), [far, unnamed]) == (unnamed,)
