"""The director posts what the scenario says, when it says so, and recoveries when they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sandbox.director import Director
from sandbox.slack.ports import Workspace
from tests.unit.sandbox.world.stage import Stage


class Channel:
    """The two methods of a workspace that the director uses."""

    def __init__(self) -> None:
        self.connected = False
        self.posts: list[tuple[str, str, str]] = []

    def app_connected(self) -> bool:
        return self.connected

    def post_as_sender(
        self,
        sender: Mapping[str, str],
        channel_id: str,
        *,
        attachments: Sequence[Mapping[str, Any]] = (),
        at: datetime | None = None,
        thread_ts: str | None = None,
    ) -> str:
        self.posts.append((sender["name"], channel_id, attachments[0]["title"]))
        return "1.0"


def direct(stage: Stage, **options: Any) -> tuple[Director, Channel]:
    channel = Channel()
    workspace = cast(Workspace, channel)
    director = Director(stage.world, stage.store, workspace, stage.sandbox.pagerduty, **options)
    return director, channel


def open_incidents(stage: Stage) -> list[str]:
    return [i.title for i in stage.sandbox.pagerduty.incidents() if i.status == "triggered"]


def test_the_alert_waits_for_the_app_and_for_its_delay() -> None:
    stage = Stage("redis-memory-pressure")
    director, channel = direct(stage, alert_delay_seconds=3)
    stage.wait(60)
    director.tick()
    channel.connected = True
    director.tick()
    stage.wait(2)
    director.tick()
    assert channel.posts == []
    stage.wait(1)
    director.tick()
    director.tick()
    title = "Triggered: [P3] Redis command latency is high on redis-reco"
    assert channel.posts == [("Datadog", "C0ALERTS", title)]


def test_it_recovers_once_after_the_fix_and_not_before() -> None:
    stage = Stage("redis-memory-pressure")
    director, channel = direct(stage, alert_delay_seconds=0)
    channel.connected = True
    director.tick()
    stage.wait(300)
    director.tick()
    assert len(channel.posts) == 1
    stage.suspend("CronJob", "redis-reco-backup")
    stage.wait(120)
    director.tick()
    director.tick()
    assert [post[2].split(":")[0] for post in channel.posts] == ["Triggered", "Recovered"]


def test_a_blip_is_posted_and_recovers_by_itself() -> None:
    stage = Stage("blip")
    director, channel = direct(stage, alert_delay_seconds=0)
    channel.connected = True
    stage.wait(3600)
    director.tick()
    stage.wait(15)
    director.tick()
    assert [post[2].split(":")[0] for post in channel.posts] == ["Triggered", "Recovered"]


def test_the_incident_opens_with_the_alert_and_ends_with_its_recovery() -> None:
    stage = Stage("login-failure")
    director, channel = direct(stage, alert_delay_seconds=0)
    before = open_incidents(stage)
    channel.connected = True
    director.tick()
    assert set(open_incidents(stage)) - set(before) == {"Login failures on auth"}
    stage.suspend("CronJob", "auth-report")
    stage.wait(120)
    director.tick()
    assert open_incidents(stage) == before


def test_without_alerts_nothing_is_posted() -> None:
    stage = Stage("redis-memory-pressure")
    director, channel = direct(stage, alert_delay_seconds=0, posts_alerts=False)
    channel.connected = True
    director.tick()
    assert channel.posts == []


def test_suspending_the_cron_job_ends_its_running_job() -> None:
    stage = Stage("redis-memory-pressure")
    director, _ = direct(stage)
    stage.suspend("CronJob", "redis-reco-backup")
    director.tick()
    job = stage.store.get("Job", "production", stage.latest_job("redis-reco-backup"))
    other = stage.store.get("Job", "production", stage.latest_job("catalog-reindex"))
    assert job is not None and job["spec"]["suspend"]
    assert other is not None and not other["spec"]["suspend"]
