"""What was kept quiet shows, is judged, and moves the next decision; alerts by webhook; tickets; the digest."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from agent.awareness import digest
from agent.awareness.issues import AttentionScore
from agent.model import Decision
from agent.store.repository import Store
from bot.demo_person import plain
from bot.runtime import parts
from bot.settings import Settings
from bot.slack.channels import Channels
from bot.slack.client import build_client
from bot.slack.directory import SlackDirectory
from bot.slack.notifier import SlackNotifier
from bot.slack.views.render import Views
from sandbox.slack.senders import SENDERS
from tests.e2e.bot_process import eventually, settings_for
from tests.e2e.people import ALERTS, ENGINEER, TEAM_LEAD, Json, block_of, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(240)

SECRET, SUPPORT = "s3cret-of-datadog", "C0SUPPORT"
SETTINGS = {
    "WEBHOOK_DATADOG_SECRET": SECRET,
    "SLACK_SUPPORT_CHANNELS": "support-tickets",
    "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "0",
}


@pytest.fixture(scope="module")
def healthy(postgres_server: str) -> Iterator[Scene]:
    """A company in which nothing is wrong and no monitor fires by itself."""
    with scene(postgres_server, "blip", SETTINGS, posts_alerts=False) as stage:
        yield stage


def posts_alert(stage: Scene, title: str, tags: str, monitor: str) -> str:
    """Datadog's bot posts an alert; returns its ts."""
    attachment = {
        "title": title,
        "fallback": title,
        "text": f"It is beyond its threshold.\n\n*Tags:* {tags}",
        "footer": f"Monitor {monitor}",
    }
    running = stage.company.running
    post = running.sandbox.workspace.post_as_sender
    return str(running.call(post, SENDERS["datadog"], ALERTS, attachments=[attachment]))


def sends(stage: Scene, secret: str = SECRET, **payload: Any) -> int:
    """Datadog calls the webhook; returns the status."""
    request = urllib.request.Request(
        f"{stage.bot.pages}/webhooks/datadog",
        data=json.dumps(payload).encode(),
        headers={"X-Srebot-Secret": secret, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def decided(stage: Scene, key: str) -> Any:
    """What was decided on a signal, once it was."""

    def look() -> Any:
        return stage.read(lambda store: store.decisions.of_signal(key))

    return eventually(look, 60, f"nothing was decided on {key}")


def ephemeral(stage: Scene, channel: str = ALERTS) -> list[Json]:
    """What only the engineer sees in a channel."""
    return [m for m in stage.person(ENGINEER).channel(channel) if m.get("is_ephemeral")]


NOISE = "service:notifications, env:development, host:{host}"


def noise(stage: Scene, host: str) -> Any:
    """An alert of little impact in development, and what was decided on it."""
    title = f"Triggered on {{host:{host}}}: [P5] Mail queue is long"
    ts = posts_alert(stage, title, NOISE.format(host=host), "4711")
    return ts, decided(stage, f"slack:{ALERTS}:{ts}")


def test_what_should_have_been_told_is_told_the_next_time_with_the_reason(healthy: Scene) -> None:
    engineer = healthy.person(ENGINEER)
    ts, first = noise(healthy, "a")
    assert first.decision is Decision.WATCH
    assert list(spoken(engineer.thread(ts))) == []

    assert engineer.commands("quiet").ok
    (shown,) = ephemeral(healthy)
    assert "Mail queue is long" in str(shown["blocks"])
    assert "little impact" in str(shown["blocks"])
    assert engineer.clicks(shown, "quiet_told").ok
    eventually(lambda: [m for m in ephemeral(healthy) if "full attention" in plain(m)], 60)

    second_ts, second = noise(healthy, "b")
    assert second.decision is Decision.INVESTIGATE
    assert "you said once that I should have told" in second.reason
    eventually(lambda: list(spoken(engineer.thread(second_ts))), 60, "no thread was opened")


def test_the_page_lists_what_was_kept_quiet(healthy: Scene) -> None:
    noise(healthy, "listed")
    title = "Warn: [P3] Cache is nearly full"
    ts = posts_alert(healthy, title, "service:search, env:production", "4712")
    assert decided(healthy, f"slack:{ALERTS}:{ts}").decision is Decision.WATCH
    status, body = healthy.page("/quiet")
    assert status == 200
    assert "Cache is nearly full" in body
    assert "it is a warning, not an alert" in body


def test_an_alert_by_webhook_opens_a_thread_and_its_message_in_slack_no_second(
    healthy: Scene,
) -> None:
    payload = {
        "id": "77",
        "title": "[Triggered] [P1] Catalog answers slowly",
        "transition": "Triggered",
        "monitor_id": "4713",
        "scope": "service:catalog,env:production",
        "tags": "service:catalog,env:production",
        "priority": "P1",
        "date": str(int(datetime.now(UTC).timestamp() * 1000)),
        "text": "p95 is above 1 s",
    }
    assert sends(healthy, "guess", **payload) == 401
    assert [sends(healthy, **payload) for _ in range(2)] == [202, 202]
    engineer = healthy.person(ENGINEER)

    def own() -> list[Json]:
        told = spoken(engineer.channel())
        return [m for m in told if "atalog" in plain(m) and not m.get("is_ephemeral")]

    (summary,) = eventually(own, 60, "no thread was opened")
    tags = "service:catalog, env:production"
    ts = posts_alert(healthy, "Triggered: [P1] Catalog answers slowly", tags, "4713")
    joined = decided(healthy, f"slack:{ALERTS}:{ts}")
    assert joined.decision is not Decision.INVESTIGATE
    assert joined.issue == decided(healthy, "webhook:datadog:77").issue
    assert [m["ts"] for m in own()] == [summary["ts"]]
    case = healthy.case_of(summary["ts"], ALERTS)
    assert case is not None
    assert case.signal.key == "webhook:datadog:77"


@contextmanager
def outage(server: str, database_url: str) -> Iterator[None]:
    """While this lasts, the bot's database lets nobody in."""
    engine, name = (
        create_engine(server, isolation_level="AUTOCOMMIT"),
        make_url(database_url).database,
    )
    with engine.connect() as admin:
        admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        admin.execute(text(gone), {"name": name})
        try:
            yield
        finally:
            admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    engine.dispose()


def test_while_the_database_is_away_the_sender_is_asked_to_come_again_and_nothing_is_lost(
    postgres_server: str,
) -> None:
    payload = {
        "id": "78",
        "title": "[Triggered] [P1] Catalog answers slowly",
        "transition": "Triggered",
        "monitor_id": "4717",
        "tags": "service:catalog,env:production",
    }
    with scene(postgres_server, "blip", SETTINGS, posts_alerts=False) as stage:
        with outage(postgres_server, stage.database_url):
            assert sends(stage, **payload) == 503
        eventually(lambda: sends(stage, **payload) == 202, 60, "it did not come back")
        assert decided(stage, "webhook:datadog:78").service == "catalog"


def test_a_ticket_joins_what_is_looked_into_and_alone_it_is_only_watched(healthy: Scene) -> None:
    engineer = healthy.person(ENGINEER)
    alone = engineer.posts("#99: customers get error 500 from notifications", SUPPORT)
    watched = decided(healthy, f"slack:{SUPPORT}:{alone}")
    assert watched.decision is Decision.WATCH
    assert list(spoken(engineer.thread(alone, SUPPORT))) == []

    alert = posts_alert(
        healthy, "Triggered: [P1] Orders fail", "service:orders, env:production", "4714"
    )
    issue = decided(healthy, f"slack:{ALERTS}:{alert}").issue
    ticket = engineer.posts("#100: customers get error 500 from orders", SUPPORT)
    assert decided(healthy, f"slack:{SUPPORT}:{ticket}").issue == issue
    engineer.posts("who wants lunch?", SUPPORT)


def test_the_digest_is_posted_once_and_its_entries_can_be_judged(
    healthy: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = "Warn: [P3] Disk is filling"
    ts = posts_alert(healthy, title, "service:payments, env:staging", "4715")
    kept = decided(healthy, f"slack:{ALERTS}:{ts}")
    for name, value in settings_for(healthy.company.url).items():
        monkeypatch.setenv(name, value)
    tomorrow = kept.at + timedelta(days=1)
    for _ in range(2):
        asyncio.run(send_digest(healthy.database_url, tomorrow))

    engineer, lead = healthy.person(ENGINEER), healthy.person(TEAM_LEAD)

    def posted() -> list[Json]:
        return [m for m in spoken(engineer.channel()) if "What I kept quiet" in plain(m)]

    (message,) = posted()
    assert "Disk is filling" in plain(message)
    assert block_of(message, "quiet_right")
    for person, action in ((engineer, "quiet_told"), (lead, "quiet_right")):
        assert judges(healthy, person.user, message, kept.id, action)
    eventually(lambda: "should have been told" in str(posted()[0]["blocks"]), 60)
    assert ": right" in str(posted()[0]["blocks"])

    def ledger(store: Store) -> Any:
        return store.attention.get(f"digest-{digest.due_at(tomorrow, 8):%Y-%m-%d}")

    entry = eventually(lambda: healthy.read(ledger))
    assert (entry.kind, entry.score) == ("digest", AttentionScore.USED)


def judges(stage: Scene, user: str, message: Json, decision: int, action: str) -> bool:
    """Press a button of one entry."""
    running = stage.company.running
    click = running.sandbox.workspace.click
    result = running.run(click(user, ALERTS, message["ts"], f"quiet-{decision}", action))
    return bool(result.ok)


async def send_digest(url: str, at: datetime) -> None:
    """What the daily schedule does, at another time."""
    settings = Settings()
    client = build_client(settings.slack)
    async with parts(settings, url) as made:
        notifier = SlackNotifier(
            client,
            made.store.messages,
            Views("https://srebot.example"),
            made.store.investigations.set_conversation,
            made.store.attention,
            digest_place=Channels(client, ("alerts",)).place,
        )
        await digest.send(made.house(notifier, SlackDirectory(client)), at)


def test_a_thumb_down_on_what_nobody_asked_for_counts_against_it_and_shows_at_home(
    healthy: Scene,
) -> None:
    title, tags = "Triggered: [P1] Search is slow", "service:search, env:staging"
    engineer, running = healthy.person(ENGINEER), healthy.company.running
    slack = running.sandbox.workspace
    ts = posts_alert(healthy, title, tags, "4716")
    (first, *_) = eventually(lambda: list(spoken(engineer.thread(ts))), 60, "no thread was opened")
    running.run(slack.react(ENGINEER, ALERTS, first["ts"], "-1"))

    def scored() -> Any:
        case = healthy.case_of(ts, ALERTS)
        key = f"summary-{case.investigation.id}" if case else ""
        entry = healthy.read(lambda store: store.attention.get(key))
        return entry if entry and entry.score is not AttentionScore.PENDING else None

    entry = eventually(scored, 60, "it was not scored")
    assert entry.score is AttentionScore.CONTRADICTED
    assert ENGINEER in entry.why
    number = str(entry.investigation)
    said = healthy.read(lambda store: store.feedback.of("finding", number))
    assert [(f.user, f.verdict) for f in said] == [(ENGINEER, "wrong")]

    running.run(slack.open_home(ENGINEER, "home"))
    home = eventually(lambda: running.call(slack.home, ENGINEER), 60, "App Home stayed empty")
    assert "1 contradicted" in str(home["blocks"])
