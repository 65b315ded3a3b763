"""What the company's senders tell by webhook and in Slack is one alert, signed as the receiver checks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from agent.model import Signal
from bot.slack.alert_messages import parse_all
from bot.web.webhooks.receiver import READERS
from bot.web.webhooks.verification import Sender, is_genuine
from sandbox.slack.senders import SENDERS, AlertPost, Member
from sandbox.slack.senders import Sender as Vendor
from sandbox.slack.senders import alertmanager as alertmanager_message
from sandbox.slack.senders import datadog as datadog_message
from sandbox.slack.senders import grafana as grafana_message
from sandbox.webhooks import datadog, grouped
from sandbox.webhooks.signing import SECRETS, headers

NOW = datetime(2026, 11, 24, 3, 5, tzinfo=UTC)
WAYS: dict[str, tuple[Any, Any]] = {
    "datadog": (datadog_message.attachment, datadog.payload),
    "alertmanager": (alertmanager_message.attachment, grouped.alertmanager_payload),
    "grafana": (grafana_message.attachment, grouped.grafana_payload),
}


def post(**fields: Any) -> AlertPost:
    return AlertPost(
        **{
            "title": "Redis command latency is high",
            "text": "Average command latency is above 2 ms.",
            "state": "triggered",
            "at": NOW,
            "monitor_id": "1001",
            "tags": ("service:redis-reco", "env:production", "team:discovery"),
            "severity": "P1",
            "link": "https://app.datadoghq.eu/monitors/1001",
            **fields,
        }
    )


def both(vendor: str, alert: AlertPost) -> tuple[Sequence[Any], Sequence[Signal]]:
    """The alerts in the message, and the signals of the webhook."""
    message, payload = WAYS[vendor]
    told = parse_all({"attachments": [message(alert)]}, SENDERS[vendor]["name"])  # type: ignore[index]
    return told, READERS[Sender(vendor)](payload(alert), NOW)


CART = Member({"service": "cart", "env": "production"}, "cart is slow")
POD = Member({"service": "redis-reco", "env": "production", "pod": "redis-reco-1"}, "again")


@pytest.mark.parametrize("state", ["triggered", "recovered"])
@pytest.mark.parametrize("vendor", list(WAYS))
def test_one_alert_is_the_same_both_ways(vendor: str, state: str) -> None:
    (message,), (signal,) = both(vendor, post(state=state))
    same = ("fingerprint", "title", "state", "service", "environment")
    assert [getattr(message, n) for n in same] == [getattr(signal, n) for n in same]


@pytest.mark.parametrize("vendor", ["alertmanager", "grafana"])
def test_a_group_is_the_same_both_ways(vendor: str) -> None:
    told, signals = both(vendor, post(others=(CART, POD)))
    assert [(m.service, m.count) for m in told] == [("redis-reco", 2), ("cart", 1)]
    assert [m.fingerprint for m in told] == [s.fingerprint for s in signals]
    assert signals[0].tags["alerts"] == "2"


def test_datadogs_group_is_the_same_both_ways() -> None:
    (message,), (signal,) = both("datadog", post(group="host:web-1"))
    assert message.fingerprint == signal.fingerprint
    assert "host=web-1" in signal.fingerprint
    (other,), _ = both("datadog", post(group="host:web-2"))
    assert other.fingerprint != message.fingerprint


@pytest.mark.parametrize("vendor", get_args(Vendor))
def test_the_receiver_takes_what_the_sender_signed(vendor: Vendor) -> None:
    body = json.dumps({"title": "Grüße"}, ensure_ascii=False).encode()
    named = {k.lower(): v for k, v in headers(vendor, SECRETS[vendor], body, NOW).items()}
    later = NOW + timedelta(seconds=3)
    assert is_genuine(Sender(vendor), SECRETS[vendor], named, body, later)
    assert not is_genuine(Sender(vendor), "another", named, body, later)
