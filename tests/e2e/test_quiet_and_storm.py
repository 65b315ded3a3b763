"""A storm of one cause, a check that flaps, a noisy environment, a quiet week: what is said, once, and what is not said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.awareness.issues import Issue, IssueStatus
from agent.model import Case, Decision, Ending
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, ENGINEER, Json, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)

SUPPORT, DEPLOYS = "C0SUPPORT", "C0DEPLOYS"
SETTINGS = {"SLACK_SUPPORT_CHANNELS": "support-tickets"}
KNOWN_SECONDS = 8.0
"""After the bot is connected: the company is known when its first alert comes."""


class Clock:
    """The company's clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def posted(stage: Scene, channel: str = ALERTS) -> list[Json]:
    """The messages of a channel since the scenario began, threads apart."""
    started = stage.company.running.sandbox.world.started_at.timestamp()
    found = stage.person(ENGINEER).channel(channel)
    return [m for m in found if float(m["ts"]) >= started and not m.get("is_ephemeral")]


def alerts(stage: Scene) -> list[Json]:
    """The senders' messages in the alert channel."""
    return [m for m in posted(stage) if m.get("attachments")]


def said(stage: Scene, channel: str = ALERTS) -> list[str]:
    """All that srebot said in a channel and its threads."""
    engineer = stage.person(ENGINEER)
    top = [plain(m) for m in spoken(posted(stage, channel))]
    return top + [text for m in posted(stage, channel) for text in engineer.said(m["ts"], channel)]


def issues(stage: Scene) -> list[Issue]:
    """All Issues that are open."""
    return list(stage.read(lambda store: store.issues.open_ones()))


def investigations(stage: Scene) -> list[Any]:
    """All investigations, the latest first."""
    return list(stage.read(lambda store: store.investigations.list(50)))


def issue(stage: Scene, number: int = 1) -> Issue | None:
    """An Issue as it stands; None before it is opened."""
    return stage.read(lambda store: store.issues.get(number))


# An alert storm.


class Storm:
    """A storm played to its end: reported, mended by an approved fix, recovered."""

    def __init__(self, stage: Scene, clock: Clock) -> None:
        self.stage = stage
        self.engineer = stage.person(ENGINEER)
        self.thread: str = self.engineer.alert()["ts"]
        eventually(lambda: (i := issue(stage)) and len(i.entities) == 6, 60, "it did not grow")
        self.offer = self.engineer.waits_for_button("approve_change", self.thread, 90)
        eventually(lambda: "12 alerts" in self.engineer.said(self.thread)[0], 60)
        self.summary = self.engineer.said(self.thread)[0]
        # Lines to the thread wait their turn in the channel, behind what is said in the thread.
        eventually(lambda: len([a for a in self._answers() if a]) >= 7, 60, "no lines came")
        self.others = self._answers()
        assert self.engineer.approves(self.offer, "the leak").ok
        eventually(lambda: stage.changes(), 60, "nothing was applied")
        clock.ahead = timedelta(minutes=7)
        self.engineer.waits_for("recovered at", self.thread)
        eventually(lambda: self.case.investigation.ended_at, 60)

    def _answers(self) -> list[list[Any]]:
        """What srebot said under each of the other alerts."""
        return [
            list(spoken(self.engineer.thread(m["ts"], channel)))
            for channel in (ALERTS, SUPPORT)
            for m in posted(self.stage, channel)
            if m["ts"] != self.thread
        ]

    @property
    def case(self) -> Case:
        """Its investigation."""
        return self.stage.case(1)


@pytest.fixture(scope="module")
def storm(postgres_server: str) -> Iterator[Storm]:
    clock = Clock()
    with scene(
        postgres_server,
        "alert-storm",
        SETTINGS,
        alert_delay_seconds=KNOWN_SECONDS,
        time_scale=0.12,
        now=clock,
    ) as stage:
        yield Storm(stage, clock)


def test_a_storm_of_one_cause_is_one_investigation_in_one_thread(storm: Storm) -> None:
    assert [i.id for i in investigations(storm.stage)] == [1]
    assert list(spoken(posted(storm.stage))) == []
    reports = [text for text in said(storm.stage) if text.startswith("Cause found")]
    assert len(reports) == 1


def test_the_report_names_what_the_scenario_knows_to_be_the_cause(storm: Storm) -> None:
    finding, truth = storm.case.finding, storm.stage.company.running.sandbox.scenario.truth
    assert finding is not None
    assert truth.entity is not None
    assert finding.ending is Ending.CAUSE_FOUND
    assert finding.entity == truth.entity.name
    assert finding.mode.replace("_", "-") == truth.kind
    assert "connections that orders never gives back" in storm.summary
    assert "rollback of orders" in plain(storm.offer)
    (change,) = storm.stage.changes()
    assert change[1].endswith("/namespaces/production/deployments/orders")


def test_the_other_alerts_get_one_line_that_leads_to_the_thread(storm: Storm) -> None:
    link = f"archives/{ALERTS}/p{storm.thread.replace('.', '')}"
    told = [answers for answers in storm.others if answers]
    for answers in told:
        (pointer,) = answers
        assert plain(pointer).startswith("Part of Order errors (")
        assert link in str(pointer["blocks"])


def test_the_summary_counts_alerts_and_services(storm: Storm) -> None:
    assert "12 alerts on 6 services" in storm.summary
    found = issue(storm.stage)
    assert found is not None
    names = {key.rsplit("/", 1)[-1] for key in found.entities}
    assert names == {"orders", "orders-db", "payments", "checkout", "gateway", "rabbitmq"}


def test_that_it_is_over_is_said_once_and_closes_the_issue(storm: Storm) -> None:
    lines = [text for text in said(storm.stage) if "alerts recovered at" in text]
    assert len(lines) == 1
    assert re.search(r"the last of its 1[23] alerts recovered", lines[0]), "one may come again"
    found = issue(storm.stage)
    assert found is not None
    assert found.status is IssueStatus.RECOVERED
    assert found.fingerprints == ()


# A check that flaps.


@pytest.fixture(scope="module")
def flapping(postgres_server: str) -> Iterator[Scene]:
    """A check fires and recovers twelve times; it is over."""
    with scene(
        postgres_server,
        "flapping-check",
        alert_delay_seconds=KNOWN_SECONDS,
        time_scale=0.03,
    ) as stage:
        eventually(lambda: (i := issue(stage)) and i.signals == 12 and i.closed_at, 90)
        eventually(lambda: stage.case(1).finding, 60)
        yield stage


def test_flapping_is_recognised_and_said_once(flapping: Scene) -> None:
    found = issue(flapping)
    assert found is not None
    assert found.flapping
    lines = [text for text in said(flapping) if "it is flapping" in text]
    assert len(lines) == 1
    thread = flapping.person(ENGINEER).said(alerts(flapping)[0]["ts"])
    assert "flapping" in thread[0], "the summary says so"


def test_a_check_that_flaps_is_looked_into_at_most_once_and_little_is_said(
    flapping: Scene,
) -> None:
    assert len(investigations(flapping)) <= 1
    assert len(alerts(flapping)) == 24
    assert list(spoken(posted(flapping))) == []
    assert len(said(flapping)) <= 10
    late = alerts(flapping)[10:]
    assert [flapping.person(ENGINEER).said(m["ts"]) for m in late] == [[]] * len(late)


# A noisy environment.


@pytest.fixture(scope="module")
def noisy(postgres_server: str) -> Iterator[Scene]:
    """Ten alerts of development and staging, all of them taken in."""
    with scene(
        postgres_server,
        "noisy-dev",
        alert_delay_seconds=KNOWN_SECONDS,
        time_scale=0.06,
    ) as stage:
        eventually(lambda: len(kept_quiet(stage)) >= 10, 90, "they were not taken in")
        yield stage


def kept_quiet(stage: Scene) -> list[Any]:
    """What was decided to keep quiet about."""
    since = datetime.now(UTC) - timedelta(hours=1)
    return list(stage.read(lambda store: store.decisions.quiet(since)))


def test_of_a_noisy_development_environment_nothing_is_said(noisy: Scene) -> None:
    assert len(alerts(noisy)) >= 9
    assert said(noisy) == []
    assert investigations(noisy) == []


def test_all_that_was_kept_quiet_is_listed_with_its_reason(noisy: Scene) -> None:
    engineer = noisy.person(ENGINEER)
    assert engineer.commands("quiet").ok
    (shown,) = (m for m in engineer.channel() if m.get("is_ephemeral"))
    text = str(shown["blocks"])
    for kept in kept_quiet(noisy):
        assert kept.decision is not Decision.INVESTIGATE
        assert kept.title in text
        assert kept.reason in text
    assert "an alert in development with little impact" in text
    assert "it is a warning, not an alert" in text
    assert "it only says that no data came" in text


# A quiet week.


@pytest.fixture(scope="module")
def quiet(postgres_server: str) -> Iterator[Scene]:
    """A rollout, a setting and a scaling have happened, and weak signals were looked at several times since."""
    settings = {**SETTINGS, "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "3"}
    with scene(postgres_server, "quiet-week", settings, time_scale=0.03) as stage:
        eventually(lambda: stage.object("Deployment", "search")["spec"]["replicas"] == 4, 60)
        looked = looks(stage)
        eventually(lambda: looks(stage) >= looked + 3, 90, "weak signals were not looked at")
        yield stage


def looks(stage: Scene) -> int:
    """How often weak signals were combined."""
    return stage.bot.log.read_text().count("weak_signals")


def test_in_a_quiet_week_nothing_is_said_and_nothing_is_made_of_it(quiet: Scene) -> None:
    for channel in (ALERTS, SUPPORT, DEPLOYS):
        assert said(quiet, channel) == []
    assert issues(quiet) == []
    assert investigations(quiet) == []
