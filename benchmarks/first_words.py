"""From an alert's message in Slack to the first words in its thread, and to the report there.

A bot process and a sandbox, as people run them; times are those of Slack's own message ids. Once with each alert coming
after the last one's report, and once with an alert about every second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median

import psycopg

from benchmarks.databases import database
from benchmarks.figure import Figure, percentile
from benchmarks.processes import bot
from benchmarks.stories import REDIS
from sandbox.serving import Running, running
from sandbox.slack.senders import AlertPost, post_alert

_CHANNEL = "C0ALERTS"
_BOUND_SECONDS = 1.0
_APART_SECONDS = 1.1
"""Between the alerts of a storm: Slack takes one message a second in a channel."""
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.1
_QUIET_SECONDS = 3.0
"""After the last message of an investigation, before the next alert of those that come one at a time."""
_SENT = "SELECT ts FROM messages WHERE kind = %s AND thread_ts = %s AND ts <> ''"
_DONE = "SELECT 1 FROM investigations WHERE signal_key LIKE %s AND status <> 'running'"


def measure() -> list[Figure]:
    """Seconds from the alert to words."""
    with (
        database() as url,
        running(REDIS, posts_alerts=False) as company,
        bot(company.url, DATABASE_URL=url, SREBOT_PATIENCE_SECONDS="0.1"),
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection,
    ):
        watch = Watch(company, connection)
        apart = []
        for ts in watch.alerts(""):
            watch.until_done(ts)
            apart.append(ts)
            time.sleep(_QUIET_SECONDS)
        storm = []
        for ts in watch.alerts(" again"):
            storm.append(ts)
            time.sleep(_APART_SECONDS)
        for ts in storm:
            watch.until_done(ts)
        reports = [s for ts in apart if (s := watch.seconds(ts, "report")) is not None]
        return [
            *_figures("one at a time", watch.first_words(apart)),
            *_figures(f"every {_APART_SECONDS} s", watch.first_words(storm)),
            Figure("one at a time: alert to report, median", median(reports), "s"),
        ]


def _figures(name: str, seconds: list[float]) -> list[Figure]:
    return [
        Figure(f"{name}: alert to first words, median", median(seconds), "s", _BOUND_SECONDS),
        Figure(
            f"{name}: alert to first words, 95th percentile",
            percentile(seconds, 0.95),
            "s",
            _BOUND_SECONDS,
        ),
    ]


class Watch:
    """Posts alerts, and sees in the bot's record when it spoke in their threads."""

    def __init__(self, company: Running, connection: psycopg.Connection) -> None:
        self._company = company
        self._connection = connection

    def alerts(self, suffix: str) -> Iterator[str]:
        """Post an alert of each of the company's monitors, one for each step of the iteration; gives its ts."""
        for monitor in self._company.sandbox.world.company.monitors:
            post = AlertPost(
                title=monitor.name + suffix,
                text=monitor.message,
                state="triggered",
                at=datetime.now(UTC),
                monitor_id=f"{monitor.id}{'9' if suffix else ''}",
                tags=tuple(monitor.tags),
                severity="P2",
                query=monitor.query,
            )
            workspace = self._company.sandbox.workspace
            yield self._company.call(post_alert, workspace, "datadog", _CHANNEL, post)

    def until_done(self, alert_ts: str) -> None:
        """Wait until the investigation has come to its finding.

        Raises:
            TimeoutError: it did not.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            if self._connection.execute(_DONE, (f"%{alert_ts}",)).fetchone():
                return
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"the alert {alert_ts} is not done within {_PATIENCE_SECONDS:g} s")

    def seconds(self, alert_ts: str, kind: str) -> float | None:
        """From the alert to the bot's message of that kind; None when there is none, as for what proved harmless."""
        row = self._connection.execute(_SENT, (kind, alert_ts)).fetchone()
        return None if row is None else float(row[0]) - float(alert_ts)

    def first_words(self, alerts: Sequence[str]) -> list[float]:
        """From each alert to the first message in its thread."""
        return [s for ts in alerts if (s := self.seconds(ts, "summary")) is not None]
