"""What is forgotten is in no table any more, and everything else is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import text

from agent.chores import let_go as let_go_of_old
from agent.errors import SrebotError
from agent.model import (
    Budget,
    Check,
    Decision,
    Ending,
    EntityNote,
    Finding,
    InvestigationStatus,
    Note,
    Pattern,
    Reading,
    SignalKind,
    Step,
    Triage,
)
from agent.ports import Entry
from agent.store.repository import Store
from bot.forget import Wanted, let_go
from tests.integration.fake_house import NOW, alert, investigated, outside
from tests.integration.shared_store import database_url, store

__all__ = ["database_url", "store"]
CART = "production/service/cart"
WORDS = "the cart was always like that"
MARA = "U0MARA"


async def rows_with(store: Store, needle: str) -> dict[str, int]:
    """How many rows of each table contain some words, the audit log apart."""
    found = {}
    async with store.engine.connect() as connection:
        names = await connection.execute(
            text(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            )
        )
        for name in names.scalars().all():
            sql = f'SELECT count(*) FROM "{name}" AS t WHERE t::text LIKE :needle'
            rows = await connection.execute(text(sql), {"needle": f"%{needle}%"})
            if (count := rows.scalar_one()) and name != "audit_log":
                found[name] = count
    return found


async def asked(store: Store, key: str, signal: Mapping[str, object] | None = None) -> int:
    """An ended investigation into cart that Mara asked for and spoke in."""
    given = alert(
        key,
        service="cart",
        namespace="production",
        kind=SignalKind.REQUEST,
        title=WORDS,
        requested_by=MARA,
        **(signal or {}),
    )
    triage = Triage(decision=Decision.INVESTIGATE, reason="asked", impact=0.5)
    opened, _ = await store.investigations.open(given, triage, Budget(), given.key, NOW)
    number = opened.id
    await store.cases.add_note(number, Note(user=MARA, text=WORDS, at=NOW))
    talk = Reading(
        source="slack", query="cart", observation=f"{MARA}: {WORDS}", data={"by": MARA}, raw=WORDS
    )
    step = Step(
        number=1,
        round=1,
        check=Check(tool="slack_discussions", arguments={"words": "cart"}),
        reading=talk,
        started_at=NOW,
    )
    await store.cases.save_step(number, step)
    finding = Finding(
        ending=Ending.CAUSE_FOUND, headline="cart leaks", entity="cart", namespace="production"
    )
    await store.cases.save_finding(number, finding)
    await store.feedback.add(MARA, "finding", str(number), "right", WORDS, NOW)
    await store.investigations.set_status(number, InvestigationStatus.CLOSED, NOW)
    return number


async def test_an_entity_goes_with_its_graph_its_patterns_and_the_investigations_into_it(
    store: Store,
) -> None:
    await asked(store, "slack:C1:2.0")
    other = await investigated(store)
    await store.patterns.learn(
        Pattern(
            symptoms=("cart is slow",),
            mode="memory_leak",
            entity="cart",
            investigation=1,
            last_seen=NOW,
        )
    )
    note = EntityNote(entity=CART, text="look at the cart first", author=MARA, at=NOW)
    await keep(store, note)
    await store.forgetting.entity(CART)
    assert not await rows_with(store, "cart")
    assert await store.investigations.get(other.id)


async def keep(store: Store, note: EntityNote) -> None:
    """Keep a note, as a click does."""
    await store.entity_notes.keep(note, investigation=1, kept_by=note.author)


async def test_a_persons_words_go_and_what_was_found_stays(store: Store) -> None:
    number = await asked(store, "slack:C1:2.0")
    await store.forgetting.user(MARA)
    assert not await rows_with(store, MARA)
    assert not await rows_with(store, WORDS)
    case = await store.cases.load(number)
    assert case.finding is not None
    assert case.finding.headline == "cart leaks"


async def test_what_ended_before_a_time_goes_and_what_runs_or_came_later_stays(
    store: Store,
) -> None:
    old = await asked(store, "slack:C1:2.0")
    running = await investigated(store)
    counts = await store.forgetting.older_than(NOW + timedelta(seconds=1))
    assert counts["investigations"] == 1
    assert counts["steps"] == 1
    with pytest.raises(SrebotError):
        await store.investigations.get(old)
    assert (await store.cases.load(running.id)).steps


async def test_the_chore_lets_go_of_each_kind_after_its_own_time(store: Store) -> None:
    number = await asked(store, "slack:C1:2.0")
    await store.journal.write(
        number, Entry(position=0, name="propose", kind="none", value="", at=NOW)
    )
    day = timedelta(days=1)
    world = outside(store, raw_retention_seconds=30 * 86_400, record_retention_seconds=365 * 86_400)

    async def left() -> list[bool]:
        case = await store.cases.load(number)
        raw = await store.cases.load_raw(number)
        return [bool(raw), bool(await store.journal.read(number)), bool(case.steps)]

    assert await left() == [True, True, True]
    await let_go_of_old(world.house, NOW + 29 * day)
    assert await left() == [True, True, True]
    await let_go_of_old(world.house, NOW + 31 * day)
    assert await left() == [False, True, True]
    await let_go_of_old(world.house, NOW + 91 * day)
    assert await left() == [False, False, True]
    await let_go_of_old(world.house, NOW + 366 * day)
    with pytest.raises(SrebotError):
        await store.investigations.get(number)


async def test_a_rehearsal_counts_the_same_and_changes_nothing(store: Store) -> None:
    await asked(store, "slack:C1:2.0")
    before = await rows_with(store, "cart")
    told = await store.forgetting.entity(CART, rehearse=True)
    assert await rows_with(store, "cart") == before
    assert await store.forgetting.entity(CART) == told


class TestTheCommand:
    async def test_it_shows_asks_and_is_audited_without_the_content(
        self, store: Store, database_url: str
    ) -> None:
        await asked(store, "slack:C1:2.0")
        said, questions = Console(file=StringIO(), width=100), []

        def sure(question: str) -> bool:
            questions.append(question)
            return True

        await let_go(database_url, Wanted(user=MARA), said, sure, False)
        assert questions == [f"Forget user {MARA} for good?"]
        assert "feedback" in said.file.getvalue()  # type: ignore[attr-defined]
        (entry,) = await store.audit.entries(5)
        assert entry.action == "forgot"
        assert WORDS not in str(entry.details)
        assert await store.audit.verify() is None

    async def test_a_no_and_a_dry_run_change_nothing(self, store: Store, database_url: str) -> None:
        await asked(store, "slack:C1:2.0")
        said = Console(file=StringIO(), width=100)
        await let_go(database_url, Wanted(user=MARA), said, lambda _: False, False)
        await let_go(database_url, Wanted(user=MARA), said, lambda _: True, True)
        assert await rows_with(store, WORDS)
        assert not await store.audit.entries(5)

    async def test_exactly_one_thing_is_named(self, database_url: str) -> None:
        for wanted in (Wanted(), Wanted(entity=CART, user=MARA)):
            with pytest.raises(SrebotError, match="Name one of"):
                await let_go(database_url, wanted, Console(file=StringIO()), lambda _: True, False)
