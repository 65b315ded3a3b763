"""Scripted alerts, talk and changes come when the scenario says, at the pace that the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from sandbox.director import Director
from sandbox.slack.ports import Workspace
from sandbox.world.company import load_company
from sandbox.world.scenario import load_scenario, scenario_names
from sandbox.world.script import AlertSpec
from tests.unit.sandbox.world.stage import START, Stage


class Channel:
    """A workspace that keeps what is posted, with the seconds since the beginning."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._began = stage.now
        self.posts: list[tuple[float, str, Mapping[str, Any]]] = []
        self.said: list[tuple[str, str]] = []

    def app_connected(self) -> bool:
        return True

    def post_as_sender(
        self,
        sender: Mapping[str, str],
        channel_id: str,
        *,
        attachments: Sequence[Mapping[str, Any]] = (),
        at: datetime | None = None,
        thread_ts: str | None = None,
    ) -> str:
        seconds = (self._stage.now - self._began).total_seconds()
        self.posts.append((seconds, sender["name"], attachments[0]))
        return "1.0"

    async def post(self, user: str, channel: str, text: str) -> str:
        self.said.append((user, text))
        return "1.0"

    def titles(self, sender: str) -> list[str]:
        return [shown["fallback"] for _, name, shown in self.posts if name == sender]


def play(stage: Stage, seconds: float, *, step: float = 5.0, scale: float = 1.0) -> Channel:
    channel = Channel(stage)
    director = Director(
        stage.world,
        stage.store,
        cast(Workspace, channel),
        stage.sandbox.pagerduty,
        alert_delay_seconds=0,
        time_scale=scale,
    )
    for _ in range(round(seconds / step) + 1):
        asyncio.run(director.play())
        stage.wait(step)
    return channel


def test_the_storm_comes_from_four_senders_within_two_minutes() -> None:
    stage = Stage("alert-storm")
    channel = play(stage, 120, step=10)
    assert {name for _, name, _ in channel.posts} == {
        "Datadog",
        "PagerDuty",
        "alertmanager",
        "Grafana",
        "Zendesk",
    }
    assert len(channel.posts) == 12
    assert channel.titles("alertmanager")[0].startswith("[FIRING:3] HighErrorRate (production")
    assert channel.titles("Datadog")[-1] == "Re-Triggered: [P1] Payment errors"
    assert any("cannot check out" in text for _, text in channel.said)
    open_titles = {i.title for i in stage.sandbox.pagerduty.incidents() if i.status == "triggered"}
    assert open_titles == {"Connections of orders-db", "Checkout latency is high"}


def test_the_storm_ends_when_orders_is_rolled_back() -> None:
    stage = Stage("alert-storm")

    def roll_back(manifest: dict[str, Any]) -> None:
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        container["image"] = container["image"].replace("8.1.0", "8.0.4")

    assert stage.monitor(1013) == "Alert"
    stage.change("Deployment", "orders", roll_back)
    stage.wait(600)
    states = {number: stage.monitor(number) for number in (1008, 1009, 1011, 1012, 1013, 1014)}
    assert set(states.values()) == {"OK"}, states


def test_the_check_flaps_and_is_well_at_the_end() -> None:
    channel = play(Stage("flapping-check"), 45, step=0.5, scale=0.05)
    states = [shown["title"].split("]")[0] for _, _, shown in channel.posts]
    assert states == ["[FIRING:1", "[RESOLVED"] * 12
    first, second = channel.posts[0][0], channel.posts[1][0]
    assert second - first == pytest.approx(2.0, abs=0.5)


def test_nothing_of_the_noise_is_of_production() -> None:
    stage = Stage("noisy-dev")
    channel = play(stage, 130, step=10)
    assert len(channel.posts) >= 9
    for _, _, shown in channel.posts:
        assert "env:production" not in str(shown)
        assert "`production`" not in str(shown)
    assert any(title.startswith("No data") for title in channel.titles("Datadog"))
    assert any(title.startswith("Warn") for title in channel.titles("Datadog"))


def test_no_alert_is_posted_while_the_redis_trouble_is_young() -> None:
    stage = Stage("emerging-redis")
    assert play(stage, 60, step=20).posts == []
    stage.wait(5 * 3600)
    assert stage.value("redis.keys.evicted", "redis-reco") > 0
    assert stage.monitor(1002) == "Alert"


def test_a_quiet_week_stays_quiet_for_a_day() -> None:
    stage = Stage("quiet-week")
    for _ in range(8):
        alerting = [m.name for m in stage.world.company.monitors if stage.monitor(m.id) != "OK"]
        assert alerting == []
        stage.wait(3 * 3600)


def test_changes_by_others_reach_the_cluster_and_the_vendors() -> None:
    stage = Stage("quiet-week")
    version = stage.store.resource_version
    play(stage, 330, step=30)
    catalog = stage.store.get("Deployment", "production", "catalog")
    config = stage.store.get("ConfigMap", "production", "notifications-config")
    search = stage.store.get("Deployment", "production", "search")
    assert catalog is not None and config is not None and search is not None
    image = catalog["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith("catalog:4.12.3")
    assert config["data"]["MAIL_BATCH_SIZE"] == "50"
    assert search["spec"]["replicas"] == 4
    assert stage.store.resource_version >= version + 3
    title = "Deployed catalog 4.12.3 to production"
    assert title in [change.title for change in stage.world.changes()]
    assert title in [change.summary for change in stage.sandbox.pagerduty.changes()]


def test_a_monitors_transitions_are_in_the_event_stream() -> None:
    stage = Stage("redis-memory-pressure")
    play(stage, 10)
    (event,) = [change for change in stage.world.changes() if change.source == "alert"]
    assert (event.service, event.status) == ("redis-reco", "error")
    assert event.title.startswith("Triggered: [P3] Redis command latency")
    changed = {change.summary for change in stage.sandbox.pagerduty.changes()}
    assert event.title not in changed


def test_an_alert_is_told_again_while_it_stands() -> None:
    spec = AlertSpec.model_validate({"monitor": 1, "renotifies": {"every": "10m", "times": 2}})
    assert [(step.after, step.state) for step in spec.steps] == [
        (timedelta(0), "triggered"),
        (timedelta(minutes=10), "renotified"),
        (timedelta(minutes=20), "renotified"),
    ]


@pytest.mark.parametrize("name", scenario_names())
def test_every_script_names_what_exists(name: str) -> None:
    script = load_scenario(name)
    company = load_company(START, script.rollouts, script.reports)
    monitors, services = {m.id for m in company.monitors}, {s.name for s in company.services}
    channels, people = {c.id for c in company.channels}, {p.slack_id for p in company.people}
    incidents = [spec.incident for spec in script.alerts if spec.incident]
    assert {spec.watched for spec in script.alerts if spec.watched} <= monitors
    assert {incident.service for incident in incidents} <= services
    assert {spec.channel for spec in script.alerts} <= channels
    assert {said.channel for said in script.said} <= channels
    assert {ticket.channel for ticket in script.tickets} <= channels
    assert {said.user for said in script.said} <= people


def test_every_alert_of_the_storm_recovers_although_monitors_take_turns() -> None:
    stage = Stage("alert-storm")
    channel = Channel(stage)
    workspace = cast(Workspace, channel)
    pagerduty = stage.sandbox.pagerduty
    director = Director(stage.world, stage.store, workspace, pagerduty, alert_delay_seconds=0)

    def roll_back(manifest: dict[str, Any]) -> None:
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        container["image"] = container["image"].replace("8.1.0", "8.0.4")

    for _ in range(13):
        director.tick()
        stage.wait(10)
    stage.change("Deployment", "orders", roll_back)
    stage.wait(600)
    for _ in range(10):
        director.tick()
        stage.wait(2)
    texts = [str(shown) for _, name, shown in channel.posts if name != "Zendesk"]
    over = [text for text in texts if "Recovered:" in text or "RESOLVED" in text]
    over += [text for text in texts if "*Resolved #" in text]
    assert len(over) == 10
    assert [i.title for i in pagerduty.incidents() if i.status == "triggered"] == []
