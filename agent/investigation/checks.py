"""Runs a round of checks at once, within what each vendor bears and what the budget leaves."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from agent.errors import ToolError
from agent.investigation.context import current_investigation
from agent.investigation.sharing import Answer, Sharing
from agent.investigation.stragglers import CANCELLED, Matter, awaited
from agent.model import Check, Reading, Step
from agent.ports import CaseStore, Clock
from agent.tools import Registry, Tool

DEFAULT_CONCURRENCY = 24
"""Checks of one vendor at the same time: a whole round, so that it takes as long as its slowest check."""

_log = structlog.get_logger(__name__)


async def _all_matter(done: Sequence[Step], late: Sequence[Check]) -> Sequence[Check]:
    return late


class Checks:
    """Calls tools, many at once; all investigations of this process share the limits per vendor, and the calls
    that several of them want made."""

    def __init__(
        self,
        registry: Registry,
        store: CaseStore,
        clock: Clock,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.registry = registry
        self._store = store
        self._clock = clock
        given = dict(limits or {})
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(DEFAULT_CONCURRENCY)
        )
        for vendor, count in given.items():
            self._slots[vendor] = asyncio.Semaphore(count)
        self.sharing = Sharing(self._within_limit, clock)

    def cost_seconds(self, tool: str) -> float:
        """What a call of that tool usually takes; one that does not exist costs nothing."""
        return self.registry[tool].cost_seconds if tool in self.registry else 0.0

    async def run(
        self,
        investigation: int,
        round_number: int,
        first_number: int,
        checks: Sequence[Check],
        seconds: float,
        matter: Matter = _all_matter,
        *,
        may_be_done: bool = True,
    ) -> tuple[Step, ...]:
        """The steps of ``checks``, numbered in their order from ``first_number``, none taking longer than ``seconds``.

        Each is stored as it completes. Those that a run before a crash completed are not asked again, if there may be
        such (``may_be_done``). Late ones that no longer ``matter`` are cancelled, and their steps say so.
        """
        if not checks:
            return ()
        wanted = range(first_number, first_number + len(checks))
        done: dict[int, Step] = {}
        if may_be_done:
            stored = await self._store.load_steps_from(investigation, first_number)
            done = {s.number: s for s in stored}

        async def one(number: int, check: Check) -> Step:
            if number in done and done[number].check.key == check.key:
                return done[number]
            step = await self._call(investigation, number, round_number, check, seconds)
            return await self._store.save_step(investigation, step)

        running = {asyncio.create_task(one(n, c)): c for n, c in zip(wanted, checks, strict=True)}
        usual = max(self.cost_seconds(c.tool) for c in checks)
        asked_at, began = self._clock.now(), asyncio.get_running_loop().time()
        await awaited(running, usual, matter)
        steps = []
        for number, (task, check) in zip(wanted, running.items(), strict=True):
            if not task.cancelled():
                steps.append(task.result())
                continue
            took = round(asyncio.get_running_loop().time() - began, 4)
            dropped = _dropped(number, round_number, check, asked_at, took)
            steps.append(await self._store.save_step(investigation, dropped))
        return tuple(_without_raw(s) for s in steps)

    async def _call(
        self, investigation: int, number: int, round_number: int, check: Check, seconds: float
    ) -> Step:
        started_at = self._clock.now()
        began = asyncio.get_running_loop().time()
        status, error = "ok", ""
        answer: Answer | None = None
        current_investigation.set(investigation)
        try:
            async with asyncio.timeout(seconds):
                answer = await self.sharing.read(self.registry[check.tool], check.arguments)
        except ToolError as problem:
            status, error = problem.status, str(problem)
        except TimeoutError:
            status, error = "unreachable", f"The time for {check.tool} was used up."
        except Exception as bug:  # a defect of one tool must not end the investigation
            _log.exception("tool_failed", tool=check.tool, investigation=investigation)
            status, error = "error", f"{check.tool} failed inside srebot ({type(bug).__name__})."
        seconds = answer.seconds if answer else asyncio.get_running_loop().time() - began
        return Step(
            number=number,
            round=round_number,
            check=check,
            status=status,
            reading=answer.reading if answer else None,
            error=error,
            started_at=answer.asked_at if answer else started_at,
            seconds=round(seconds, 4),
        )

    async def _within_limit(self, tool: Tool, arguments: Mapping[str, Any]) -> Reading:
        async with self._slots[tool.vendor]:
            return await tool(arguments)


def _dropped(
    number: int, round_number: int, check: Check, asked_at: datetime, seconds: float
) -> Step:
    return Step(
        number=number,
        round=round_number,
        check=check,
        status=CANCELLED,
        error=f"Not waited for any longer: its answer could not have changed what is found ({seconds:.1f} s).",
        started_at=asked_at,
        seconds=seconds,
    )


def _without_raw(step: Step) -> Step:
    """Raw answers stay in the store: a durable result carries only what reasoning needs."""
    if step.reading is None or not step.reading.raw:
        return step
    return step.model_copy(update={"reading": step.reading.model_copy(update={"raw": ""})})
