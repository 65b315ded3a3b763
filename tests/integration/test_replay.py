"""Investigations are recorded whole, played again byte for byte when neither vendor nor model is there, and forked."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from rich.console import Console
from sqlalchemy import text

from agent.errors import SrebotError
from agent.investigation.loop import Investigator
from agent.knowledge.scan import scan
from agent.model import Budget, Decision, Note, SignalKind, Triage
from agent.ports import ModelLog, Reasoner, Received
from agent.reasoning.rules import Rules
from agent.store.engine import create_engine
from agent.store.repository import Store
from agent.tools import Registry
from benchmarks.processes import environment
from benchmarks.quiet import NobodyTold
from benchmarks.scripted_model import ScriptedModel
from bot.clock import SystemClock
from bot.replay import Wanted, replay
from bot.runtime import Parts, parts
from bot.settings import Settings
from sandbox.serving import running
from tests import postgres
from tests.integration.test_store_cases import opened
from tests.scenarios import alert_of
from tests.unit.agent.investigation.house import Journal, Letters

SCENARIO = "redis-memory-pressure"


class LoggedModel(ScriptedModel):
    """The scripted model, whose exchanges are kept."""

    def __init__(self, registry: Registry, log: ModelLog) -> None:
        super().__init__(registry)
        self._log = log


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
            found, _ = await made.store.investigations.open(
                signal, triage, Budget(), signal.key, SystemClock().now()
            )
            yield made, found.id


async def investigate(
    made: Parts,
    number: int,
    reasoner: Reasoner | None = None,
    *letters: Received,
    reopened: tuple[Note, ...] = (),
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
    await investigator.run(number, Journal(), Letters(*letters), reopened=reopened)


class Past(NamedTuple):
    """A database with investigations of a company that is gone."""

    url: str
    by_rules: int
    by_model: int
    prompts: list[bytes]
    """What the model was given to read."""


async def _lived(url: str) -> Past:
    said = Received(notes=(Note(user="U1", text="we had a sale", at=SystemClock().now()),))
    async with company(url) as (made, by_rules):
        await investigate(made, by_rules, None, said)
    async with company(url) as (made, by_model):
        model = LoggedModel(made.registry, made.store.exchanges)
        await investigate(made, by_model, model)
    return Past(url, by_rules, by_model, model.prompts)


@pytest.fixture(scope="module")
def lived(postgres_server: str) -> Iterator[Past]:
    """Shared by the tests that change nothing in it; no vendor is configured any more."""
    with postgres.fresh_database(postgres_server) as url:
        yield asyncio.run(_lived(url))


async def shown(past: Past, number: int, **wanted: Any) -> tuple[int, str]:
    """What ``srebot replay`` prints, and its exit status."""
    console = Console(file=StringIO(), width=200)
    status = await replay(Settings(), past.url, Wanted(number, **wanted), console)
    assert isinstance(console.file, StringIO)
    return status, console.file.getvalue()


async def as_json(past: Past, number: int, **wanted: Any) -> Any:
    return json.loads((await shown(past, number, as_json=True, **wanted))[1])


async def change(past: Past, statement: str) -> None:
    engine = create_engine(past.url)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@asynccontextmanager
async def store_of(past: Past) -> AsyncIterator[Store]:
    store = Store(create_engine(past.url))
    yield store
    await store.close()


@pytest.mark.parametrize("who", ["by_rules", "by_model"])
async def test_played_again_without_vendors_or_model_it_is_identical(lived: Past, who: str) -> None:
    number: int = getattr(lived, who)
    status, told = await shown(lived, number)
    assert "it is identical (boards, evidence and finding, byte for byte)" in " ".join(told.split())
    assert status == 0
    async with store_of(lived) as store:
        case = await store.cases.load(number)
        assert case.finding is not None
        assert case.finding.chain
        assert len(await store.cases.boards(number)) >= 2
        for step in case.steps:
            assert f"{step.number} {step.check.tool}(" in told
        assert case.finding.headline[:60] in told


async def test_the_replay_shows_what_people_said(lived: Past) -> None:
    async with store_of(lived) as store:
        await store.cases.add_note(
            lived.by_rules, Note(user="U1", text="we had a sale", at=SystemClock().now())
        )
    assert "U1: we had a sale" in (await shown(lived, lived.by_rules))[1]


DIFFERENCES = {
    "UPDATE findings SET confidence = confidence - 0.001": "the finding: number 1: confidence is",
    "UPDATE evidence SET statement = statement || '.' WHERE number = 2": "the evidence: number 2",
    "DELETE FROM boards WHERE round = 1": "the board after round 1",
    "DELETE FROM journal WHERE name = 'report'": "The record ends before the step report",
    "UPDATE journal SET name = 'dream-1' WHERE name = 'look-1'": (
        "The code that ran then differs: expected the step look-1, recorded is dream-1"
    ),
}
"""Made one after the other -> what is said first then."""


async def test_what_is_not_identical_is_named(database_url: str) -> None:
    async with company(database_url) as (made, number):
        await investigate(made, number)
    past = Past(database_url, number, 0, [])
    for statement, difference in DIFFERENCES.items():
        await change(past, statement)
        status, told = await shown(past, number)
        assert difference in " ".join(told.split())
        assert status == 1


async def test_what_the_model_was_shown_is_kept_byte_for_byte(lived: Past) -> None:
    async with store_of(lived) as store:
        exchanges = await store.exchanges.of(lived.by_model)
    kept = [
        b"".join(
            json.dumps(list(part), ensure_ascii=False).encode() for part in (e.tools, e.messages)
        )
        for e in exchanges
    ]
    assert kept == lived.prompts
    assert [e.number for e in exchanges] == list(range(1, len(kept) + 1))
    assert {e.purpose for e in exchanges} >= {"propose", "weigh"}


async def test_a_fork_by_the_rules_shows_where_the_model_judged_otherwise(lived: Past) -> None:
    found = await as_json(lived, lived.by_model, model="rules")
    assert (found["recorded"]["reasoner"], found["forked"]["reasoner"]) == ("scripted", "rules")
    assert {"reasoner", "checks"} <= set(found["differs"])
    assert any("not in the record" in sentence for sentence in found["forked"]["unseen"])
    told = (await shown(lived, lived.by_model, model="rules"))[1]
    assert "They differ in:" in told
    assert "only here:" in told


async def test_a_fork_that_changes_nothing_comes_to_the_same_verdict(lived: Past) -> None:
    for start in ("0", "r0", "r1", "5"):
        found = await as_json(lived, lived.by_rules, start=start)
        assert found["differs"] == [], start


async def test_a_fork_with_a_hint_looks_where_the_hint_says(lived: Past) -> None:
    found = await as_json(lived, lived.by_rules, start="r1", hint="look at session-db")
    assert "checks" in found["differs"]
    new = set(found["forked"]["checks"]) - set(found["recorded"]["checks"])
    assert any("session-db" in check for check in new)
    assert any("not in the record" in s and "session-db" in s for s in found["forked"]["unseen"])


async def test_an_investigation_that_was_taken_up_again_is_played_through_both_runs(
    database_url: str,
) -> None:
    async with company(database_url) as (made, number):
        await investigate(made, number)
        before = len(await made.store.cases.boards(number))
        note = Note(user="U1", text="look at session-db", at=SystemClock().now())
        await investigate(made, number, reopened=(note,))
        assert len(await made.store.cases.boards(number)) > before
    status, told = await shown(Past(database_url, number, 0, []), number)
    assert "it is identical" in " ".join(told.split())
    assert status == 0


async def test_a_fork_leaves_the_original_as_it_is(lived: Past) -> None:
    tables = ("journal", "steps", "boards", "evidence", "findings", "exchanges", "investigations")
    async with store_of(lived) as store, store.sessions.begin() as tx:
        query = ", ".join(f"(SELECT json_agg(t)::text FROM {t} t)" for t in tables)
        before = (await tx.execute(text(f"SELECT {query}"))).one()
    await shown(lived, lived.by_rules, start="r1", hint="look at session-db")
    async with store_of(lived) as store, store.sessions.begin() as tx:
        assert (await tx.execute(text(f"SELECT {query}"))).one() == before


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"number": 99}, "There is no investigation 99."),
        ({"number": 2**70}, "There is no investigation"),
        ({"start": "999"}, "There is no step 999: the record has the steps 1 to "),
        ({"start": "r9"}, "There is no round 9: the record has the steps 1 to "),
        ({"start": "soon"}, "--from takes the number of a step, such as 7, or a round"),
        (
            {"model": "gpt-9"},
            "No model is configured, so gpt-9 cannot be asked: set OPENAI_API_KEY",
        ),
    ],
)
async def test_what_cannot_be_played_is_said_with_what_to_do(
    lived: Past, wanted: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SrebotError) as refused:
        await shown(lived, **{"number": lived.by_rules, **wanted})
    assert sentence in str(refused.value)


async def test_what_has_no_journal_is_said_to_have_none(database_url: str, store: Store) -> None:
    past = Past(database_url, 0, 0, [])
    old, question = await opened(store), await opened(store, "k2", kind=SignalKind.QUESTION)
    with pytest.raises(SrebotError, match="cannot be played again: it has no journal"):
        await shown(past, old.id)
    with pytest.raises(SrebotError, match="is a question"):
        await shown(past, question.id)


async def test_after_the_retention_it_is_played_again_and_says_what_is_gone(
    database_url: str, store: Store
) -> None:
    async with company(database_url) as (made, number):
        await investigate(made, number)
    later = SystemClock().now() + timedelta(days=31)
    assert await store.retention.empty(later - timedelta(days=30), later) > 10
    status, told = await shown(Past(database_url, number, 0, []), number)
    assert status == 0
    assert "steps are no longer kept (SREBOT_RAW_RETENTION_DAYS)" in " ".join(told.split())
    assert not any(s.reading and s.reading.raw for s in await store.cases.load_steps(number))
