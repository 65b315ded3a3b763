"""Investigations are recorded whole and played again, byte for byte, when neither vendor nor model is there any more."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest

from agent.investigation.comparing import first_difference
from agent.investigation.loop import Investigator
from agent.investigation.recorded import runs_of
from agent.investigation.replay import Differs, play
from agent.knowledge.scan import scan
from agent.model import Budget, Decision, Triage
from agent.ports import Reasoner, Received
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from agent.tools import Registry
from benchmarks.processes import environment
from benchmarks.quiet import NobodyTold
from benchmarks.scripted_model import ScriptedModel
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings
from sandbox.serving import running
from tests.scenarios import alert_of
from tests.unit.agent.investigation.house import Journal, Letters

SCENARIO = "redis-memory-pressure"
Thinks = Callable[[Registry], Reasoner]


@asynccontextmanager
async def company(url: str, scenario: str = SCENARIO) -> AsyncIterator[tuple[Parts, int]]:
    """A served company, and an investigation that was opened for its alert."""
    with (
        running(scenario, posts_alerts=False) as served,
        patch.dict(os.environ, environment(served.url)),
    ):
        async with parts(Settings(), url) as made:
            await scan(made.vendors.builders, made.store.graph)
            signal = alert_of(served)
            triage = Triage(decision=Decision.INVESTIGATE, reason="a test", impact=0.8)
            opened, _ = await made.store.investigations.open(
                signal, triage, Budget(), signal.key, SystemClock().now()
            )
            yield made, opened.id


async def investigate(
    made: Parts, number: int, reasoner: Reasoner | None = None, *letters: Received
) -> None:
    """Investigate, and let everything be recorded."""
    rules = Rules()
    investigator = Investigator(
        made.registry,
        reasoner or rules,
        rules,
        made.store.cases,
        made.store.memory,
        NobodyTold(),
        SystemClock(),
        patience_seconds=0.0,
        journal=made.store.journal,
    )
    await investigator.run(number, Journal(), Letters(*letters))


async def difference(store: Store, number: int) -> str:
    """Play it again and compare."""
    entries = await store.journal.read(number)
    case = await store.cases.load(number)
    played = await play(number, runs_of(entries, number))
    assert not played.cut_short
    return first_difference(played, await store.cases.boards(number), case.evidence, case.finding)


@pytest.mark.parametrize("thinks", [lambda _: Rules(), ScriptedModel], ids=["rules", "model"])
async def test_played_again_without_vendors_or_model_it_is_the_same_byte_for_byte(
    database_url: str, store: Store, thinks: Thinks
) -> None:
    async with company(database_url) as (made, number):
        await investigate(made, number, thinks(made.registry))
    assert await difference(store, number) == ""
    case = await store.cases.load(number)
    assert case.finding is not None
    assert case.finding.chain
    assert len(await store.cases.boards(number)) >= 2
