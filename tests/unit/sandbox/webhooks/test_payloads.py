"""What the webhooks say, and that they prove who sends them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.slack.senders import AlertPost, Member, State
from sandbox.webhooks import datadog, grouped
from sandbox.webhooks.signing import headers

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def alert(state: State = "triggered", **fields: object) -> AlertPost:
    known: dict[str, object] = {
        "title": "HighErrorRate",
        "text": "payments fails",
        "state": state,
        "at": AT,
        "tags": ("service:payments", "env:production"),
        "severity": "P2",
        "monitor_id": "1011",
        "value": 0.2,
    }
    return AlertPost(**{**known, **fields})  # type: ignore[arg-type]


def test_datadog_fills_its_template_in() -> None:
    sent = datadog.payload(alert("renotified"))
    assert sent["title"] == "[P2] [Re-Triggered] HighErrorRate"
    assert sent["transition"] == "Re-Triggered"
    assert sent["monitor_id"] == "1011"
    assert sent["scope"] == "service:payments,env:production"
    assert sent["date"] == str(int(AT.timestamp() * 1000))


def test_a_variable_without_a_value_keeps_its_name() -> None:
    assert datadog.payload(alert(severity="", tags=()))["priority"] == "$ALERT_PRIORITY"


@pytest.mark.parametrize("payload", [grouped.alertmanager_payload, grouped.grafana_payload])
def test_a_group_is_told_of_as_one(payload: object) -> None:
    assert callable(payload)
    other = Member({"service": "orders", "env": "production"}, "orders fails")
    sent = payload(alert(others=(other,), started_at=AT - timedelta(minutes=3)))
    assert [a["labels"]["service"] for a in sent["alerts"]] == ["payments", "orders"]
    assert sent["commonLabels"] == {"alertname": "HighErrorRate", "env": "production"}
    assert sent["status"] == "firing"
    assert sent["alerts"][0]["startsAt"] == "2026-11-25T02:57:00.000Z"
    assert sent["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
    assert len({a["fingerprint"] for a in sent["alerts"]}) == 2


def test_a_recovery_keeps_the_alerts_identity() -> None:
    fired = grouped.alertmanager_payload(alert())["alerts"][0]
    over = grouped.alertmanager_payload(alert("recovered"))["alerts"][0]
    assert over["fingerprint"] == fired["fingerprint"]
    assert (over["status"], over["endsAt"]) == ("resolved", "2026-11-25T03:00:00.000Z")


def test_each_sender_proves_itself() -> None:
    body = b'{"a": 1}'

    def mac(said: bytes) -> str:
        return hmac.new(b"s", said, hashlib.sha256).hexdigest()

    moment = str(int(AT.timestamp()))
    assert headers("datadog", "s", body, AT) == {"X-Srebot-Secret": "s"}
    assert headers("alertmanager", "s", body, AT) == {"Authorization": "Bearer s"}
    assert headers("pagerduty", "s", body, AT) == {"X-PagerDuty-Signature": f"v1={mac(body)}"}
    assert headers("grafana", "s", body, AT) == {
        "X-Grafana-Alerting-Signature": mac(f"{moment}:".encode() + body),
        "X-Grafana-Alerting-Signature-Timestamp": moment,
    }
