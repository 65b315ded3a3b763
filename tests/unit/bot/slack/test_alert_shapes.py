"""Messages as the vendors' own templates word them: Alertmanager's and Grafana's defaults, PagerDuty's and Datadog's apps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import AlertState, Severity
from bot.slack.alert_messages import AlertMessage, parse, parse_all


def attachment(title: str, text: str = "", **more: Any) -> dict[str, Any]:
    return {"attachments": [{"title": title, "text": text, "fallback": title, **more}]}


def read(message: dict[str, Any], sender: str) -> AlertMessage:
    alert = parse(message, sender)
    assert alert is not None
    return alert


class TestAlertmanagersDefault:
    """``slack.default.title`` and no text at all: values without the names of their labels."""

    TITLE = "[FIRING:2] HighLatency cart production (critical team-shop)"

    def test_it_is_read_from_its_title_alone(self) -> None:
        link = "http://am.example:9093/#/alerts?receiver=slack"
        message = attachment(self.TITLE, "", title_link=link, fallback=f"{self.TITLE} | {link}")
        alert = read(message, "AlertManager")
        assert (alert.source, alert.title) == ("alertmanager", "HighLatency cart production")
        assert alert.state is AlertState.TRIGGERED
        assert alert.severity is Severity.CRITICAL
        assert alert.count == 2
        assert alert.environment == "production"

    def test_its_recovery_is_of_the_same_alert(self) -> None:
        over = read(attachment("[RESOLVED] HighLatency cart production (critical)"), "AlertManager")
        assert over.state is AlertState.RECOVERED
        assert over.fingerprint == read(attachment(self.TITLE), "AlertManager").fingerprint


LABELS = "Labels:\n - alertname = {0}\n - service = {1}\n - env = prod\n - pod = {2}\nAnnotations:\n - summary = slow\nSource: http://p\n"


class TestSeveralAlerts:
    """One message that lists several."""

    def test_those_of_one_rule_and_group_are_one_with_a_count(self) -> None:
        text = "".join(LABELS.format("HighLatency", "cart", f"cart-{n}") for n in range(3))
        message = attachment("[FIRING:3] HighLatency (cart prod)", text)
        (alert,) = parse_all(message, "AlertManager")
        assert alert.count == 3
        assert alert.tags["pod"] == "cart-0, cart-1, cart-2"
        assert (alert.service, alert.environment) == ("cart", "production")
        assert alert.fingerprint == "alertmanager:highlatency:cart,production"

    def test_those_of_several_services_are_several(self) -> None:
        text = "".join(LABELS.format("HighLatency", s, "x") for s in ("cart", "search", "cart"))
        found = parse_all(attachment("[FIRING:3] HighLatency", text), "AlertManager")
        assert [(a.service, a.count) for a in found] == [("cart", 2), ("search", 1)]

    def test_what_is_over_stands_below_its_own_heading(self) -> None:
        firing, over = LABELS.format("Slow", "cart", "a"), LABELS.format("Slow", "search", "b")
        text = f"**Firing**\n\nValue: A=3\n{firing}\n\n**Resolved**\n\nValue: A=1\n{over}"
        title = "[FIRING:1, RESOLVED:1] Slow shop (prod)"
        found = parse_all(attachment(title, text, footer="Grafana v12.3.0"), "Grafana")
        assert [(a.service, a.state) for a in found] == [
            ("cart", AlertState.TRIGGERED),
            ("search", AlertState.RECOVERED),
        ]
        assert {a.title for a in found} == {"Slow"}

    def test_one_that_recovers_alone_has_the_fingerprint_it_fired_with(self) -> None:
        text = "".join(LABELS.format("Slow", s, "x") for s in ("cart", "search"))
        fired = parse_all(attachment("[FIRING:2] Slow", text), "Grafana")
        over = read(attachment("[RESOLVED] Slow", LABELS.format("Slow", "cart", "y")), "Grafana")
        assert over.fingerprint == fired[0].fingerprint


def test_grafanas_rule_without_data_is_no_alert_of_the_rule() -> None:
    text = "**Firing**\n\nValue: [no value]\nLabels:\n - alertname = DatasourceNoData\n - rulename = Slow\n - service = cart\nAnnotations:\n"
    lost = read(attachment("[FIRING:1] DatasourceNoData shop (cart)", text), "Grafana")
    assert (lost.state, lost.title) == (AlertState.NO_DATA, "Slow")
    fired = attachment("[FIRING:1] Slow", "Labels:\n - alertname = Slow\n - service = cart\n")
    assert lost.fingerprint != read(fired, "Grafana").fingerprint


@pytest.mark.parametrize(
    ("title", "state"),
    [
        ("Triggered: [P2] Queue grows", AlertState.TRIGGERED),
        ("Triggered on {service:cart,env:prod}: [P2] Queue grows", AlertState.TRIGGERED),
        ("[Triggered on {service:cart,env:prod}] [P2] Queue grows", AlertState.TRIGGERED),
        ("Re-Triggered: [P2] Queue grows", AlertState.RENOTIFIED),
        ("Renotify: Queue grows", AlertState.RENOTIFIED),
        ("Warn: Queue grows", AlertState.WARNING),
        ("Re-Warn: Queue grows", AlertState.WARNING),
        ("No Data: Queue grows", AlertState.NO_DATA),
        ("Re-No Data on {service:cart}: Queue grows", AlertState.NO_DATA),
        ("Recovered: Queue grows", AlertState.RECOVERED),
    ],
)
def test_datadogs_transitions(title: str, state: AlertState) -> None:
    alert = read(attachment(title, "*Tags:* service:cart, env:prod", footer="Monitor 7"), "Datadog")
    assert (alert.title, alert.state) == ("Queue grows", state)
    assert alert.fingerprint == "datadog:7:cart,production"


def test_datadogs_link_names_the_monitor_and_its_group() -> None:
    def of(host: str) -> AlertMessage:
        link = f"https://app.datadoghq.eu/monitors/21417?from_ts=1&group=host%3A{host}&to_ts=2"
        return read(attachment("Triggered: CPU is high", title_link=link), "Datadog")

    assert of("web-1").fingerprint == "datadog:21417:host=web-1"
    assert of("web-1").fingerprint != of("web-2").fingerprint


def pagerduty(status: str, line: str) -> dict[str, Any]:
    link = f"<https://acme.pagerduty.com/incidents/Q1|{line}>"
    fields = ["*Service:*\n<https://acme.pagerduty.com/services/P1|cart>", "*Urgency:*\nHigh"]
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{status}{link}"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": f} for f in fields]},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Acknowledge"}}]},
    ]
    return {"attachments": [{"blocks": blocks, "color": "#c41e3a"}]}


@pytest.mark.parametrize(
    ("status", "line", "state"),
    [
        ("*Triggered:* ", "Queue grows", AlertState.TRIGGERED),
        (":red_circle: *Triggered #24:* ", "Queue grows", AlertState.TRIGGERED),
        ("*Triggered* | ", "#24 Queue grows", AlertState.TRIGGERED),
        (":large_yellow_circle: *Acknowledged:* ", "[#24] Queue grows", AlertState.RENOTIFIED),
        ("*Resolved:* ", "[#24] Queue grows", AlertState.RECOVERED),
        ("", "[#24] Queue grows", AlertState.TRIGGERED),
    ],
)
def test_pagerdutys_incidents(status: str, line: str, state: AlertState) -> None:
    alert = read(pagerduty(status, line), "PagerDuty")
    assert (alert.title, alert.state, alert.service) == ("Queue grows", state, "cart")
    assert alert.severity is Severity.HIGH
    assert alert.fingerprint == "pagerduty:queue grows:cart"


def test_pagerdutys_status_may_stand_in_a_field() -> None:
    message = pagerduty("", "[#24] Queue grows")
    blocks = message["attachments"][0]["blocks"]
    blocks[1]["fields"].append({"type": "mrkdwn", "text": "*Status:*\nResolved"})
    assert read(message, "PagerDuty").state is AlertState.RECOVERED


pieces = st.lists(
    st.sampled_from(
        [
            "[FIRING:3] ",
            "[FIRING:1, RESOLVED:2] ",
            "**Firing**\n",
            "**Resolved**\n",
            "Labels:\n",
            " - alertname = A\n",
            " - service = cart\n",
            " - service = search\n",
            "*Details:*\n",
            "  • *env:* `prod`\n",
            "Re-No Data on {a:b}: ",
            "#24 ",
            ":fire: ",
            "(critical x)",
            "\n",
        ]
    ),
    max_size=25,
).map("".join)


@given(pieces, pieces)
def test_however_the_pieces_fall_each_alert_has_its_own_identity(title: str, text: str) -> None:
    alerts = parse_all(attachment(title, text), "Grafana")
    assert len({(a.fingerprint, a.state) for a in alerts}) == len(alerts)
    for alert in alerts:
        assert alert.count >= 1
        assert alert.fingerprint.startswith("grafana:")
