"""What other people change in the cluster: known within seconds, and told where something is in trouble."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.demo_person import plain
from sandbox.play.changes import Changer
from sandbox.world.script import ChangeNow, RolloutNow, ScaleNow, SettingNow
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, ENGINEER, spoken
from tests.e2e.scene import Scene, scene
from tests.e2e.test_awareness import posts_alert

pytestmark = pytest.mark.timeout(240)

ROLLOUT = RolloutNow(
    **{"is": "rollout"}, service="catalog", version="4.12.3", author="priya", note="Alt texts"
)
SETTING = SettingNow(**{"is": "setting"}, name="catalog-config", key="DB_POOL_SIZE", value="50")
SCALING = ScaleNow(**{"is": "scale"}, name="search", replicas=5)
SEEN_SECONDS = 8.0
"""A change is in the graph within 2 s; the rest is for a loaded machine."""


@pytest.fixture(scope="module")
def troubled(postgres_server: str) -> Iterator[Scene]:
    """A company that the bot knows, where a setting made catalog slow; nobody was alerted yet."""
    with scene(postgres_server, "config-cache-off", posts_alerts=False) as stage:
        eventually(lambda: knows(stage, "production/configmap/catalog-config"), 60)
        yield stage


def knows(stage: Scene, key: str) -> bool:
    """Whether an entity is in the graph."""
    return stage.read(lambda store: store.graph.get(key)) is not None


def changes(stage: Scene, change: ChangeNow) -> None:
    """Somebody else changes the cluster."""
    running = stage.company.running
    changer = Changer(running.sandbox.store, running.sandbox.world)
    running.call(changer.apply, change)


def answer(stage: Scene, question: str) -> str:
    """What srebot answers to a question by direct message."""
    engineer = stage.person(ENGINEER)
    asked = engineer.posts(question, engineer.direct)
    return plain(engineer.waits_for("hanged around", asked, engineer.direct, 30))


def test_a_change_that_somebody_makes_can_be_asked_for_within_seconds(troubled: Scene) -> None:
    question = "what changed around search in the last 10 minutes?"
    changes(troubled, SCALING)
    eventually(lambda: "replicas of search: 3 -> 5" in answer(troubled, question), SEEN_SECONDS)


def test_changes_of_what_is_in_trouble_are_one_line_each_in_its_thread(troubled: Scene) -> None:
    engineer = troubled.person(ENGINEER)
    ts = posts_alert(
        troubled,
        "Triggered: [P1] Catalog answers slowly",
        "service:catalog, env:production",
        "4713",
    )
    engineer.waits_for("Proposed fix", ts)
    for change in (ROLLOUT, SETTING, SCALING):
        changes(troubled, change)

    def told(words: str) -> list[str]:
        return [text for text in engineer.said(ts) if words in text]

    (rollout,) = eventually(lambda: told("catalog was rolled out"), 60)
    assert "after it began" in rollout
    assert "catalog:4.12.1 -> registry.sundial.example/catalog:4.12.3" in rollout
    (setting,) = eventually(lambda: told("catalog got a new configuration"), 60)
    assert "(DB_POOL_SIZE: 30 → DB_POOL_SIZE: 50)" in setting
    news = [text for text in told("search") if not text.startswith("Proposed fix")]
    assert news == [], "what is of no concern here is not told"
    top = [m for m in engineer.channel(ALERTS) if m["ts"] != ts]
    assert list(spoken(top)) == []


def test_the_answer_names_the_rollout_and_the_setting(troubled: Scene) -> None:
    said = answer(troubled, "what changed around catalog in the last 10 minutes?")
    assert "rollout of catalog" in said
    assert "DB_POOL_SIZE: 30 -> 50" in said
