"""HTTP mode: Slack delivers signed requests to the bot, which has no Socket Mode token."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bot.demo_person import plain
from sandbox.slack.http_delivery import sign
from sandbox.slack.identity import BOT_USER_ID, SIGNING_SECRET, TEAM_ID
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, APPROVERS, ENGINEER, OUTSIDER, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def night(postgres_server: str) -> Iterator[Scene]:
    settings = {"SLACK_APP_TOKEN": "", "SREBOT_CHANGE_APPROVERS": APPROVERS}
    with scene(postgres_server, settings=settings) as stage:
        running = stage.company.running
        running.call(running.sandbox.workspace.set_request_url, f"{stage.bot.pages}/slack/events")
        eventually(running.sandbox.workspace.app_connected, 60)
        yield stage


def deliver(
    stage: Scene, body: dict[str, Any], secret: str = SIGNING_SECRET, age: int = 0, **headers: str
) -> tuple[int, str]:
    """Send an event as Slack does, or as somebody who would like to be Slack."""
    data, when = json.dumps(body).encode(), int(time.time()) - age
    request = urllib.request.Request(f"{stage.bot.pages}/slack/events", data=data)
    signed = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": str(when),
        "X-Slack-Signature": sign(data, when, secret),
    }
    for name, value in {**signed, **headers}.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def mention(stage: Scene, text: str) -> dict[str, Any]:
    """The event of a mention that really stands in the channel, though Slack has not told of it."""
    engineer = stage.person(ENGINEER)
    ts = engineer.posts(text)
    event = {
        "type": "app_mention",
        "user": ENGINEER,
        "text": f"<@{BOT_USER_ID}> {text}",
        "channel": ALERTS,
        "ts": ts,
        "event_ts": ts,
    }
    return {
        "type": "event_callback",
        "team_id": TEAM_ID,
        "api_app_id": "A0SREBOT",
        "event_id": f"Ev{ts}",
        "event_time": int(float(ts)),
        "authorizations": [{"team_id": TEAM_ID, "user_id": BOT_USER_ID, "is_bot": True}],
        "event": event,
    }


def test_the_challenge_is_answered(night: Scene) -> None:
    status, text = deliver(night, {"type": "url_verification", "challenge": "c-123"})
    assert status == 200
    assert "c-123" in text


@pytest.mark.parametrize(
    ("secret", "age"), [("0" * 32, 0), (SIGNING_SECRET, 3600)], ids=["wrong secret", "replayed"]
)
def test_a_request_that_slack_did_not_sign_now_is_refused(
    night: Scene, secret: str, age: int
) -> None:
    before = len(night.read(lambda store: store.investigations.list(100)))
    status, _ = deliver(night, mention(night, "who owns cart?"), secret, age)
    assert status == 401
    assert len(night.read(lambda store: store.investigations.list(100))) == before


def test_an_event_that_slack_repeats_is_answered_once(night: Scene) -> None:
    body = mention(night, "who owns cart?")
    assert deliver(night, body)[0] == 200
    for attempt in ("1", "2"):
        status, _ = deliver(
            night, body, **{"X-Slack-Retry-Num": attempt, "X-Slack-Retry-Reason": "http_timeout"}
        )
        assert status == 200
    engineer, ts = night.person(ENGINEER), body["event"]["ts"]
    engineer.waits_for("cart belongs to team payments", ts)
    # An answer to a later question shows that nothing of the repeats is still on its way.
    later = mention(night, "who owns auth?")
    deliver(night, later)
    engineer.waits_for("auth belongs to team identity", later["event"]["ts"])
    assert len([text for text in engineer.said(ts) if text]) == 1, "beside its picture"


def test_the_alert_is_investigated_and_the_fix_approved_and_applied(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.alert()["ts"]
    button = engineer.waits_for_button("approve_change", ts)
    night.person(OUTSIDER).presses(button, "approve_change")
    assert "You may not decide" in eventually(lambda: night.person(OUTSIDER).whispers(ts))[0]
    assert night.changes() == []
    assert engineer.approves(button, "as last month").ok
    engineer.waits_for("Applied.", ts)
    assert night.object("CronJob", "redis-reco-backup")["spec"]["suspend"] is True
    assert len([p for _, p in night.changes() if p.endswith("/cronjobs/redis-reco-backup")]) == 1


def test_commands_arrive_as_forms(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    result = engineer.commands("redis-reco is slow in production")
    assert "On it" in result.text
    eventually(
        lambda: [m for m in spoken(engineer.channel(ALERTS)) if "redis-reco" in plain(m)], 30
    )
