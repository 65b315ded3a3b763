"""Alerts are read as the vendors' bots post them, and nothing that a bot posts breaks the reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import AlertState, Severity, SignalKind
from bot.slack.alert_messages import AlertMessage, parse
from bot.slack.alerts import alert_signal, sender_of
from bot.slack.message_text import content_of, words_of
from sandbox.slack.senders import _ATTACHMENTS, SENDERS, AlertPost, Sender, State

VENDORS: list[Sender] = ["datadog", "pagerduty", "alertmanager", "grafana"]
TITLE = "Redis command latency is high on redis-reco"


def posted(vendor: Sender, state: State = "triggered", **fields: Any) -> AlertMessage:
    alert = AlertPost(
        **{
            "title": TITLE,
            "text": "Average command latency of redis-reco is above 2 ms.",
            "state": state,
            "at": datetime(2026, 11, 24, 3, tzinfo=UTC),
            "monitor_id": "1001",
            "tags": ("service:redis-reco", "env:production", "team:discovery"),
            "severity": "P1",
            "link": "https://app.datadoghq.eu/monitors/1001",
            "value": 2.13,
            "query": "avg(last_2m):avg:redis.info.latency_ms{service:redis-reco} > 2",
            **fields,
        }
    )
    parsed = parse({"attachments": [_ATTACHMENTS[vendor](alert)]}, SENDERS[vendor]["name"])
    assert parsed is not None
    return parsed


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendors_alert_is_read(vendor: Sender) -> None:
    alert = posted(vendor)
    assert (alert.source, alert.title, alert.service) == (vendor, TITLE, "redis-reco")
    assert alert.state is AlertState.TRIGGERED
    assert alert.link == "https://app.datadoghq.eu/monitors/1001"
    assert "above 2 ms" in alert.text


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_recovery_is_of_the_alert_that_fired(vendor: Sender) -> None:
    fired, over = posted(vendor), posted(vendor, "recovered", value=0.4)
    assert over.state is AlertState.RECOVERED
    assert over.title == TITLE
    assert over.fingerprint == fired.fingerprint
    assert posted(vendor, title="Another alert", monitor_id="7", link="").fingerprint != (
        fired.fingerprint
    )


@pytest.mark.parametrize(
    ("state", "read"),
    [
        ("triggered", AlertState.TRIGGERED),
        ("renotified", AlertState.RENOTIFIED),
        ("warn", AlertState.WARNING),
        ("no_data", AlertState.NO_DATA),
        ("recovered", AlertState.RECOVERED),
    ],
)
def test_datadogs_states(state: State, read: AlertState) -> None:
    alert = posted("datadog", state)
    assert alert.state is read
    assert alert.fingerprint == "datadog:1001:redis-reco,production"
    assert alert.environment == "production"
    assert dict(alert.tags)["team"] == "discovery"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("P1", Severity.CRITICAL),
        ("P2", Severity.HIGH),
        ("P3", Severity.MEDIUM),
        ("P4", Severity.LOW),
        ("P5", Severity.INFO),
        ("", Severity.MEDIUM),
    ],
)
def test_datadogs_priorities(word: str, severity: Severity) -> None:
    assert posted("datadog", severity=word).severity is severity


def test_alertmanagers_severity_stands_behind_the_alerts_name() -> None:
    assert posted("alertmanager", severity="critical").severity is Severity.CRITICAL


def test_pagerdutys_urgency_counts() -> None:
    assert posted("pagerduty", severity="P1").severity is Severity.HIGH
    assert posted("pagerduty", severity="P4").severity is Severity.LOW


@pytest.mark.parametrize(
    ("title", "state", "rest"),
    [
        ("[Warn on {service:cart}] Queue grows", AlertState.WARNING, "Queue grows"),
        ("Triggered on {service:cart}: Queue grows", AlertState.TRIGGERED, "Queue grows"),
        ("[P1] [Warn] Queue grows", AlertState.WARNING, "Queue grows"),
        ("🔴 [FIRING:3] Queue grows", AlertState.TRIGGERED, "Queue grows"),
        ("[Alerting] Queue grows", AlertState.TRIGGERED, "Queue grows"),
        ("[RESOLVED] Queue grows", AlertState.RECOVERED, "Queue grows"),
        ("[OK] Queue grows", AlertState.RECOVERED, "Queue grows"),
        ("Re-Triggered: [P2] Queue grows", AlertState.RENOTIFIED, "Queue grows"),
        ("No data: Queue grows", AlertState.NO_DATA, "Queue grows"),
        ("Queue grows", AlertState.TRIGGERED, "Queue grows"),
        ("Warning signs in cart", AlertState.TRIGGERED, "Warning signs in cart"),
    ],
)
def test_variants_of_titles(title: str, state: AlertState, rest: str) -> None:
    alert = parse({"attachments": [{"title": title}]}, "Datadog")
    assert alert is not None
    assert alert.state is state
    assert alert.title.startswith(rest)


def test_datadogs_group_is_part_of_the_alerts_identity() -> None:
    def of(group: str) -> AlertMessage:
        title = f"Triggered on {{service:{group}}}: Queue grows"
        footer = {"title": title, "footer": "Monitor 1006", "text": "*Tags:* team:payments"}
        alert = parse({"attachments": [footer]}, "Datadog")
        assert alert is not None
        return alert

    assert of("cart").fingerprint != of("checkout").fingerprint
    assert of("cart").service == "cart"


def test_an_environment_is_taken_from_the_words_when_no_tag_says_it() -> None:
    alert = parse({"text": "[FIRING:1] cart is slow in staging"}, "alertmanager")
    assert alert is not None
    assert (alert.environment, alert.namespace) == ("staging", "staging")


def test_kubernetes_namespace_is_taken_from_the_tags() -> None:
    alert = posted("datadog", tags=("kube_namespace:shop", "env:prod", "kube_service:cart"))
    assert (alert.namespace, alert.environment, alert.service) == ("shop", "production", "cart")


def test_blocks_without_attachments_are_read_too() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "[FIRING:1] CartDown"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Service:*\ncart"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Silence"}}]},
    ]
    alert = parse({"text": "", "blocks": blocks}, "Grafana")
    assert alert is not None
    assert (alert.title, alert.service) == ("CartDown", "cart")
    assert "Silence" not in alert.text


def test_a_message_without_words_is_no_alert() -> None:
    assert parse({"text": " ", "attachments": [{}], "blocks": None}, "Datadog") is None


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "text",
                    "type",
                    "title",
                    "title_link",
                    "fields",
                    "elements",
                    "footer",
                    "blocks",
                    "fallback",
                    "pretext",
                    "value",
                    "bot_profile",
                    "name",
                    "attachments",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "text": json_like,
        "blocks": json_like,
        "attachments": json_like | st.lists(json_like, max_size=3),
        "bot_profile": json_like,
        "username": json_like,
    },
)
alert_words = st.lists(
    st.sampled_from(
        [
            "[FIRING:1]",
            "Triggered",
            " on {",
            "}",
            ":",
            "*Tags:*",
            "a:b,",
            "\n • *x:* `y`",
            "P1",
            "<https://x|",
            ">",
            "Labels:",
            "\n - a = b",
            "*Alert:*",
            "`",
            "{",
            "(",
            ")",
            "\x00",
            "é",
        ]
    ),
    max_size=30,
).map("".join)


@given(messages, st.text(max_size=20))
def test_nothing_that_a_bot_posts_breaks_the_reading(message: dict[str, Any], sender: str) -> None:
    sender_of(message)
    words_of(message)
    alert = parse(message, sender)
    if alert is not None:
        assert alert.title or alert.text or content_of(message).title


@given(alert_words, alert_words)
def test_any_mixture_of_alert_words_gives_a_signal(title: str, text: str) -> None:
    alert = parse({"attachments": [{"title": title, "text": text}]}, "Datadog")
    if alert is not None:
        signal = alert_signal(alert, "k", None, datetime.now(UTC))  # type: ignore[arg-type]
        assert signal.kind is SignalKind.ALERT
        assert len(signal.title) <= 300
