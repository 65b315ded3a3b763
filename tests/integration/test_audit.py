"""The audit log as a whole: who cut or changed it is found out, and all of it can be read elsewhere without its secrets."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from agent.redaction import MARK
from agent.store.audit import Which
from agent.store.repository import Store
from bot.audit import Format, audit, lines
from bot.freeze import freeze
from tests.integration.fake_house import NOW, change, investigated, outside
from tests.integration.test_store_changes import proposal

SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


async def entered(store: Store, count: int = 3) -> None:
    for n in range(count):
        at = NOW + timedelta(minutes=n)
        await store.audit.append(f"U{n}", "approved", f"proposal:{n}", {"reason": f"r{n}"}, at)


def as_owner(database_url: str, *statements: str) -> None:
    """What only who owns the database can do."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER TABLE audit_log DISABLE TRIGGER ALL")
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_log SET actor = 'U9' WHERE id = 2", 2),
        ("UPDATE audit_log SET details = '{}' WHERE id = 1", 1),
        ("UPDATE audit_log SET at = at + interval '1 hour' WHERE id = 3", 3),
        ("DELETE FROM audit_log WHERE id = 2", 3),
        ("DELETE FROM audit_log WHERE id = 1", 2),
    ],
)
async def test_the_first_entry_that_does_not_fit_is_named(
    store: Store, database_url: str, statement: str, broken: int
) -> None:
    await entered(store)
    as_owner(database_url, statement)
    chain = await store.audit.chain()
    assert chain.broken == broken
    assert chain.entries == len([e async for e in store.audit.read() if e.id < broken])


async def test_entries_cut_off_at_the_end_are_missed_by_who_noted_the_head(
    store: Store, database_url: str
) -> None:
    await entered(store)
    head = (await store.audit.chain()).head
    await entered(store, 1)
    assert (await store.audit.chain(head)).expected_met, "a log that grew holds its older heads"
    as_owner(database_url, "DELETE FROM audit_log WHERE id >= 3")
    cut = await store.audit.chain(head)
    assert cut.broken is None
    assert cut.entries == 2
    assert not cut.expected_met


async def exported(store: Store, which: Which, form: Format = Format.JSONL) -> str:
    return "".join([line async for line in lines(store.audit, which, form)])


async def test_an_export_has_the_entries_of_a_time(store: Store) -> None:
    await entered(store)
    which = Which(NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
    (line,) = (await exported(store, which)).splitlines()
    entry = json.loads(line)
    assert (entry["actor"], entry["details"]) == ("U1", {"reason": "r1"})
    assert len(entry["hash"]) == 64


async def test_an_export_has_all_that_belongs_to_an_investigation(store: Store) -> None:
    opened = await investigated(store)
    put = proposal(opened.id)
    await store.proposals.add(put)
    append = store.audit.append
    await append("U1", "approved", f"proposal:{put.id}", {}, NOW)
    await append("U1", "stop", f"investigation:{opened.id}", {}, NOW)
    await append("srebot", "paged", "redis", {"investigation": opened.id}, NOW)
    await append("U1", "approved", f"proposal:{uuid4()}", {"investigation": opened.id + 1}, NOW)
    shown = await exported(store, Which(investigation=opened.id))
    assert [json.loads(line)["action"] for line in shown.splitlines()] == [
        "approved",
        "stop",
        "paged",
    ]


async def test_nothing_in_a_spreadsheet_is_a_formula_and_no_secret_leaves(
    store: Store, database_url: str
) -> None:
    await store.audit.append("=1+1", "stop", "-2", {"reason": 'say "x", or\nnot'}, NOW)
    as_owner(
        database_url,
        "INSERT INTO audit_log (at, actor, action, subject, details, previous_hash, hash) "
        f"VALUES (now(), 'U1', 'stop', 's', '{{\"reason\": \"{SECRET}\"}}', 'p', 'h')",
    )
    shown = await exported(store, Which(), Format.CSV)
    header, first, second = csv.reader(io.StringIO(shown))
    assert header[:3] == ["id", "at", "actor"]
    assert (first[2], first[4]) == ("'=1+1", "'-2")
    assert json.loads(first[5])["reason"] == 'say "x", or\nnot'
    assert SECRET not in shown
    assert MARK in second[5]


async def test_more_than_a_page_is_read_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.audit._PAGE", 4)
    await entered(store, 10)
    assert [e.actor async for e in store.audit.read()] == [f"U{n}" for n in range(10)]
    assert (await store.audit.chain()).entries == 10


async def test_a_story_leaves_a_chain_that_fits(store: Store) -> None:
    from agent.resolution.carrying_out import CarryingOut

    await investigated(store)
    world = outside(store, proposal_expiry_seconds=5.0)
    await CarryingOut(world.house, world.workflow(None), 1).one(change())
    chain = await store.audit.chain()
    assert chain.broken is None
    assert chain.entries == len(await world.actions()) == 2


class TestCommand:
    @pytest.fixture
    def run(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
        monkeypatch.setenv("DATABASE_URL", database_url)
        return CliRunner()

    def test_it_says_the_head_and_exits_1_on_what_does_not_fit(
        self, run: CliRunner, database_url: str
    ) -> None:
        import asyncio

        from agent.store.engine import create_engine

        async def fill() -> str:
            store = Store(create_engine(database_url))
            await entered(store)
            head = (await store.audit.chain()).head
            await store.close()
            return head

        head = asyncio.run(fill())
        whole = run.invoke(audit, ["verify"])
        assert whole.exit_code == 0
        assert f"3 entries, all fit. Head: {head}" in whole.output
        assert run.invoke(audit, ["verify", "--expect", head]).exit_code == 0
        assert run.invoke(audit, ["verify", "--expect", "0" * 64]).exit_code == 1
        shown = run.invoke(audit, ["export", "--since", "2026-11-24", "--format", "csv"])
        assert len(shown.output.splitlines()) == 4
        as_owner(database_url, "UPDATE audit_log SET actor = 'U9' WHERE id = 2")
        broken = run.invoke(audit, ["verify"])
        assert broken.exit_code == 1
        assert "Entry 2 does not fit" in broken.output


def test_who_has_the_database_can_freeze_when_slack_is_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    run = CliRunner()
    assert run.invoke(freeze, ["status"]).exit_code == 0
    assert "nothing is applied" in run.invoke(freeze, ["on", "Slack is down"]).output
    assert "already" in run.invoke(freeze, ["on"]).output
    shown = run.invoke(freeze, ["status"])
    assert shown.exit_code == 1
    assert "Slack is down" in shown.output
    assert "No longer frozen" in run.invoke(freeze, ["off"]).output
    log = run.invoke(audit, ["export"]).output.splitlines()
    assert [json.loads(line)["action"] for line in log] == ["frozen", "unfrozen"]
    assert json.loads(log[0])["actor"].startswith("terminal:")
