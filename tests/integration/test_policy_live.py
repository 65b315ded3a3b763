"""``srebot policy explain`` with what is recorded: the graph's word on the target, its record, what was approved, a freeze."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from agent.knowledge.facts import Seen
from agent.model import ChangeKind, Entity, Freeze
from agent.resolution.carrying_out import CarryingOut
from agent.store.repository import Store
from bot.policy_question import Question, live_answer
from bot.settings import Settings
from tests.integration.fake_house import LEAD, NOW, change, investigated, outside

POLICY = """\
environments:
  production:
    where: [{labels: {tier: "1"}}]
    rules: [{name: ask, kinds: all, approvers: [sre-approvers]}]
  development:
    rules:
      - name: proven
        kinds: all
        approvers: [team-leads]
        auto_apply: {approved_before: true}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


async def told(question: Question, url: str) -> str:
    return " ".join((await live_answer(question, Settings(), url)).split())


async def test_the_graph_says_where_the_target_is(
    store: Store, database_url: str, file: Path
) -> None:
    labelled = {"labels": {"tier": "1"}}
    cart = Entity(
        name="cart",
        kind="deployment",
        namespace="development",
        environment="development",
        properties=labelled,
    )
    await store.graph.take("kubernetes", Seen(entities=(cart,), complete=True))
    asked = Question(kind="restart", target="development/deployment/cart", file=file)
    assert "rule 'ask' of production (line 4)" in await told(asked, database_url)
    other = Question(kind="restart", target="development/deployment/other", file=file)
    assert "rule 'proven' of development" in await told(other, database_url)


async def test_records_approvals_and_the_freeze_count(
    store: Store, database_url: str, file: Path
) -> None:
    asked = Question(
        kind="restart",
        target="development/cronjob/backup",
        file=file,
        at=datetime.fromisoformat("2026-11-24T10:00"),
    )
    assert "Nobody approved restart here before" in await told(asked, database_url)
    await investigated(store, "development")
    world = outside(store)
    decided = partial(world.decided, LEAD, approved=True)
    restart = change(ChangeKind.RESTART, "development")
    await CarryingOut(world.house, world.workflow(decided), 1).one(restart)
    said = await told(asked, database_url)
    assert "without asking yes." in said
    assert "record 1 went well, 0 did not" in said
    await store.freezes.begin(Freeze(by=LEAD, reason="an outage", since=NOW))
    said = await told(asked, database_url)
    assert "applied not now." in said
    assert "an outage" in said
