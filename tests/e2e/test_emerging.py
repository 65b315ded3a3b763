"""An outage of the morning, noticed at night with no alert at all; and the silence while nothing is coming."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from agent.awareness.issues import IssueKind
from agent.model import Ending
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import ENGINEER, Json, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)

SETTINGS = {"SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "3", "SREBOT_SCAN_INTERVAL_SECONDS": "60"}
CRITICAL = re.compile(r"critical at (\d\d):(\d\d)( tomorrow)?")
MORNING = timedelta(hours=5)
"""From the scenario's start, at the company's 3 AM, to the load of its 8 AM."""


def announcements(stage: Scene) -> list[Json]:
    """srebot's own messages in the channel, threads apart."""
    return [m for m in spoken(stage.person(ENGINEER).channel()) if CRITICAL.search(plain(m))]


@pytest.fixture(scope="module")
def night(postgres_server: str) -> Iterator[Scene]:
    """Redis memory pressure at 3 AM; the company's monitors say nothing."""
    with scene(postgres_server, "emerging-redis", SETTINGS) as stage:
        eventually(lambda: announcements(stage), 90, "nothing was announced")
        yield stage


def test_it_is_announced_hours_before_the_morning_as_minor_now_and_critical_when(
    night: Scene,
) -> None:
    (message,) = announcements(night)
    text = plain(message)
    found = CRITICAL.search(text)
    assert found is not None
    assert "Minor now" in text
    assert "redis-reco" in text
    assert "an hour" in text
    for dependant in ("cart", "recommendation", "session"):
        assert dependant in text
    assert re.search(r"\d+x the present load comes at \d\d:\d\d", text), "the load of the morning"

    said_at = datetime.fromtimestamp(float(message["ts"]), UTC)
    day = said_at.date() + timedelta(days=1 if found[3] else 0)
    critical_at = datetime(day.year, day.month, day.day, int(found[1]), int(found[2]), tzinfo=UTC)
    started_at = night.company.running.sandbox.world.started_at
    assert said_at < critical_at < started_at + MORNING
    assert started_at + MORNING - said_at > timedelta(hours=4)


def test_it_is_investigated_in_its_thread_to_the_right_cause(night: Scene) -> None:
    (message,) = announcements(night)
    night.person(ENGINEER).waits_for("Proposed fix:", message["ts"], seconds=120)
    case = night.case(1)
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND
    truth = night.company.running.sandbox.scenario.truth
    assert truth.entity is not None
    assert case.finding.entity == truth.entity.name
    assert night.changes() == [], "nothing is changed unasked"


def test_it_is_said_once_while_it_is_open(night: Scene) -> None:
    looked = night.bot.log.read_text().count("weak_signals")
    eventually(lambda: night.bot.log.read_text().count("weak_signals") >= looked + 3, 60)
    assert len(announcements(night)) == 1
    (issue,) = night.read(lambda store: store.issues.open_ones())
    assert issue.kind is IssueKind.EMERGING
    assert issue.investigation == 1


@pytest.mark.parametrize("scenario", ["quiet-week", "blip"])
def test_where_nothing_emerges_nothing_is_said(postgres_server: str, scenario: str) -> None:
    with scene(postgres_server, scenario, SETTINGS, posts_alerts=False) as stage:
        eventually(lambda: stage.bot.log.read_text().count("weak_signals") >= 2, 150)
        assert list(spoken(stage.person(ENGINEER).channel())) == []
        assert stage.read(lambda store: store.issues.open_ones()) == []
        assert "emerging=0" in stage.bot.log.read_text()
