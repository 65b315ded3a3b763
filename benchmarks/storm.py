"""A storm: 1,000 alerts in a minute, of ten causes, from four senders, a fifth of them repeats, a tenth unreadable.

A bot process and a sandbox that meet over Slack's wire. The company of the storm is ten areas, each a data store with
the services that use it, all behind one gateway; it is put into the bot's graph beforehand, and the sandbox's own company
is what the investigations ask about. Nothing may be lost, each cause is one Issue with at most one investigation, first
words stand in each Issue's thread within a second, and Slack never has to refuse more than its limits allow.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from agent.knowledge.facts import Seen
from agent.model import Entity, Relation
from agent.store.engine import create_engine
from agent.store.repository import Store
from benchmarks.databases import database
from benchmarks.figure import Figure, percentile
from benchmarks.processes import Bot, bot
from benchmarks.stories import REDIS
from sandbox.serving import Running, running
from sandbox.slack.errors import RateLimitedError
from sandbox.slack.ratelimit import RateLimiter
from sandbox.slack.senders import SENDERS, AlertPost, Sender, post_alert

ALERTS = 1_000
SECONDS = 60.0
CAUSES = 10
SERVICES = 6
"""That use each cause's data store."""
REPEATED = 0.2
UNREADABLE = 0.1
_CHANNEL = "C0ALERTS"
_FIRST_WORDS_SECONDS = 1.0
_DRAINED_SECONDS = 240.0
_SETTINGS = {"SREBOT_PATIENCE_SECONDS": "0.1", "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "0"}
_ONSETS_APART = 0.05
"""Of the storm's time, between the beginnings of two causes."""
_SENDERS: tuple[Sender, ...] = ("datadog", "pagerduty", "alertmanager", "grafana")
_SYMPTOMS = ("Latency is high", "Errors are up", "Requests time out", "Saturation", "Queue grows")
_UNREADABLE: tuple[dict[str, Any], ...] = (
    {"attachments": [{}]},
    {"attachments": [{"title": None, "text": None, "fields": [None, 7, {"title": None}]}]},
    {"attachments": [{"blocks": [{"type": "section"}, {"type": "rich_text", "elements": None}]}]},
    {"blocks": [{"type": "unheard_of", "text": {"type": "mrkdwn"}}, {"type": "divider"}]},
)


@dataclass(frozen=True)
class Alert:
    """One message of the storm; without a ``post`` it cannot be read."""

    cause: int
    sender: Sender
    post: AlertPost | None
    broken: dict[str, Any] = field(default_factory=dict)


def measure() -> list[Figure]:
    """Counts and seconds of one storm."""
    with (
        database() as url,
        running(REDIS, posts_alerts=False) as company,
    ):
        asyncio.run(_know_the_company(url))
        limiter = _counting(company)
        with bot(company.url, DATABASE_URL=url, **_SETTINGS) as served:
            began = served.process.cpu_times()
            posted = _storm(company, _alerts())
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
                watch = _Watch(connection, posted)
                watch.until_drained()
                used = served.process.cpu_times()
                cpu = used.user + used.system - began.user - began.system
                return [*watch.figures(), *_of_the_process(served, limiter, cpu)]


def _of_the_process(served: Bot, limiter: CountingLimiter, cpu_seconds: float) -> list[Figure]:
    return [
        Figure("refused for the rate (429)", limiter.refused, "", 0),
        Figure("bot: CPU for each alert", cpu_seconds / ALERTS * 1000, "ms"),
        Figure("bot: resident afterwards", served.resident_bytes() / 1e6, "MB"),
    ]


def _key(name: str) -> str:
    return f"production/service/{name}"


def _services(cause: int) -> list[str]:
    return [f"area{cause}-svc{n}" for n in range(SERVICES)]


async def _know_the_company(url: str) -> None:
    """Put the ten areas into the graph, as a scan would."""
    now = datetime.now(UTC)
    ties = [(s, f"area{c}-db") for c in range(CAUSES) for s in _services(c)]
    ties += [("storm-gateway", s) for c in range(CAUSES) for s in _services(c)]
    names = sorted({n for tie in ties for n in tie})
    entities = [
        Entity(name=n, namespace="production", environment="production", properties={"tier": 2})
        for n in names
    ]
    relations = [
        Relation(
            source=_key(source),
            target=_key(target),
            kind="depends_on",
            origin="benchmark",
            first_seen=now,
            last_confirmed=now,
        )
        for source, target in ties
    ]
    store = Store(create_engine(url))
    try:
        await store.graph.take(
            "benchmark", Seen(entities=tuple(entities), relations=tuple(relations))
        )
    finally:
        await store.close()


def _alerts() -> list[Alert]:
    """The storm in its order, the same at each run.

    The causes begin one after the other: Slack takes one message a second in a channel, so that ten threads begun in the
    same second could not all be answered within a second by anybody.
    """
    dice = random.Random(20261125)
    repeated, unreadable = int(ALERTS * REPEATED), int(ALERTS * UNREADABLE)
    fresh = ALERTS - repeated - unreadable
    moments: list[tuple[float, Alert]] = []
    for number in range(fresh):
        alert = _alert(number)
        begins = alert.cause * _ONSETS_APART
        first = number < CAUSES
        at = begins if first else dice.uniform(begins, 1.0)
        moments.append((at, alert))
    for _ in range(repeated):
        at, alert = moments[dice.randrange(fresh)]
        moments.append((dice.uniform(at, 1.0), alert))
    moments += [(dice.random(), _broken(n)) for n in range(unreadable)]
    return [alert for _, alert in sorted(moments, key=lambda m: m[0])]


def _alert(number: int) -> Alert:
    """The nth alert that is no repeat: of each area its services and its data store, every symptom by every sender."""
    cause, turn = number % CAUSES, number // CAUSES
    names = [*_services(cause), f"area{cause}-db"]
    service = names[turn % len(names)]
    symptom = _SYMPTOMS[turn // len(names) % len(_SYMPTOMS)]
    sender = _SENDERS[(turn // len(names) // len(_SYMPTOMS) + turn) % len(_SENDERS)]
    post = AlertPost(
        title=f"{symptom} on {service} ({turn})",
        text=f"{symptom} since some minutes.",
        state="triggered",
        at=datetime.now(UTC),
        monitor_id=str(500_000 + number),
        tags=(f"service:{service}", "env:production", f"check:{turn}"),
        severity="P2",
        link=f"https://alerts.example/{number}",
    )
    return Alert(cause, sender, post)


def _broken(number: int) -> Alert:
    return Alert(
        -1, _SENDERS[number % len(_SENDERS)], None, _UNREADABLE[number // 4 % len(_UNREADABLE)]
    )


@dataclass(frozen=True)
class Posted:
    """What was posted, by the message's ts."""

    causes: dict[str, int]
    unreadable: frozenset[str]
    late_seconds: float
    """How far behind its schedule the last alert was posted."""


def _storm(company: Running, alerts: Sequence[Alert]) -> Posted:
    """Post the alerts evenly over ``SECONDS``."""
    causes: dict[str, int] = {}
    unreadable: set[str] = set()
    began = time.monotonic()
    for number, alert in enumerate(alerts):
        due = began + number * SECONDS / len(alerts)
        time.sleep(max(0.0, due - time.monotonic()))
        ts = company.call(_post, company, alert)
        if alert.post is None:
            unreadable.add(ts)
        else:
            causes[ts] = alert.cause
    return Posted(causes, frozenset(unreadable), time.monotonic() - due)


def _post(company: Running, alert: Alert) -> str:
    workspace = company.sandbox.workspace
    if alert.post is not None:
        now = replace(alert.post, at=datetime.now(UTC))  # its message's ts is of this moment
        return post_alert(workspace, alert.sender, _CHANNEL, now)
    return workspace.post_as_sender(SENDERS[alert.sender], _CHANNEL, **alert.broken)


class CountingLimiter(RateLimiter):
    """Slack's limits, with a count of what they refused."""

    refused = 0

    def _take(self, key: str, capacity: float, per_second: float) -> None:
        try:
            super()._take(key, capacity, per_second)
        except RateLimitedError:
            self.refused += 1
            raise


def _counting(company: Running) -> CountingLimiter:
    state = company.sandbox.workspace.state
    limiter = CountingLimiter(state.limiter.limits)
    state.limiter = limiter
    return limiter


class _Watch:
    """What the bot's memory says of the storm."""

    def __init__(self, connection: psycopg.Connection, posted: Posted) -> None:
        self._connection = connection
        self._posted = posted
        self._drained_seconds = 0.0

    def until_drained(self) -> None:
        """Wait until nothing is under way any more, or for ``_DRAINED_SECONDS``."""
        began = time.monotonic()
        while time.monotonic() - began < _DRAINED_SECONDS:
            time.sleep(0.5)
            if self._count("dbos.workflow_status", "status IN ('PENDING', 'ENQUEUED')") == 0:
                break
        self._drained_seconds = time.monotonic() - began

    def figures(self) -> list[Figure]:
        """All that was promised, and what it took."""
        lost = set(self._posted.causes) - self._kept()
        wrong = self._kept() & self._posted.unreadable
        words = self._first_words()
        waits = [seconds for seconds in words.values() if seconds is not None]
        return [
            Figure("alerts posted", ALERTS, ""),
            Figure("posted behind schedule, at the end", self._posted.late_seconds, "s"),
            Figure("readable alerts lost", len(lost), "", 0),
            Figure("unreadable messages", len(self._posted.unreadable), ""),
            Figure("unreadable messages taken for alerts", len(wrong), "", 0),
            Figure("repeats counted", self._sum("duplicates"), ""),
            Figure("Issues", self._count("issues"), "", CAUSES),
            Figure("causes without an Issue of their own", CAUSES - self._told_apart(), "", 0),
            Figure("investigations", self._count("investigations"), "", CAUSES),
            Figure("Issues without words", sum(s is None for s in words.values()), "", 0),
            *self._of_words(waits),
            Figure("pointers", self._count("messages", "kind = 'pointer' AND ts <> ''"), ""),
            Figure("workflows that failed", self._count("dbos.workflow_status", _FAILED), "", 0),
            Figure("storm's end to the last workflow's", self._drained_seconds, "s"),
        ]

    def _of_words(self, waits: list[float]) -> list[Figure]:
        if not waits:
            return []
        name = "alert to first words in its Issue's thread"
        return [
            Figure(f"{name}, median", percentile(waits, 0.5), "s"),
            Figure(f"{name}, 95th percentile", percentile(waits, 0.95), "s", _FIRST_WORDS_SECONDS),
        ]

    def _kept(self) -> set[str]:
        rows = self._connection.execute("SELECT key FROM signals WHERE kind = 'alert'")
        return {ts for (key,) in rows if (ts := str(key).rpartition(":")[2])}

    def _told_apart(self) -> int:
        """How many causes have exactly one Issue that holds alerts of no other."""
        rows = self._connection.execute("SELECT issue_id, signal_key FROM issue_signals").fetchall()
        issues: dict[int, set[int]] = {}
        for issue, key in rows:
            cause = self._posted.causes.get(str(key).rpartition(":")[2])
            if cause is not None:
                issues.setdefault(issue, set()).add(cause)
        pure = [next(iter(c)) for c in issues.values() if len(c) == 1]
        return sum(pure.count(cause) == 1 for cause in range(CAUSES))

    def _first_words(self) -> dict[int, float | None]:
        """From the alert that opened each Issue to the first message in its thread."""
        rows = self._connection.execute(_WORDS).fetchall()
        return {
            issue: None if ts is None else float(ts) - float(str(key).rpartition(":")[2])
            for issue, key, ts in rows
        }

    def _count(self, table: str, condition: str = "true") -> int:
        query = f"SELECT count(*) FROM {table} WHERE {condition}"
        found = self._connection.execute(query.encode()).fetchone()
        return int(found[0]) if found else 0

    def _sum(self, column: str) -> int:
        found = self._connection.execute(f"SELECT sum({column}) FROM issues".encode()).fetchone()
        return int(found[0] or 0) if found else 0


_FAILED = "status = 'ERROR' OR status LIKE 'MAX%'"
_WORDS = """
SELECT issues.id, investigations.signal_key, messages.ts
FROM issues
LEFT JOIN investigations ON investigations.id = issues.investigation
LEFT JOIN messages ON messages.key = 'summary-' || investigations.id AND messages.ts <> ''
WHERE investigations.signal_key IS NOT NULL
"""
