"""What the vendors' webhooks say becomes the same signals as their messages in Slack."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import AlertState, Severity, SignalKind
from bot.slack.alert_messages import parse
from bot.web.webhooks import alertmanager, datadog, grafana, pagerduty
from bot.web.webhooks.receiver import READERS
from tests.unit.bot.slack.test_alert_messages import posted
from tests.unit.bot.web.webhooks import payloads
from tests.unit.bot.web.webhooks.payloads import DATADOG, NOW, grouped, grouped_alert

TAGS = ("service:cart", "env:prod", "severity:critical")


class TestDatadog:
    """The payload template of docs/webhooks.md."""

    def test_an_alert(self) -> None:
        (signal,) = datadog.signals(DATADOG, NOW)
        assert (signal.kind, signal.source) == (SignalKind.ALERT, "datadog")
        assert signal.title == "Redis command latency is high"
        assert (signal.state, signal.severity) == (AlertState.TRIGGERED, Severity.CRITICAL)
        assert (signal.service, signal.environment) == ("redis-reco", "production")
        assert signal.tags["team"] == "discovery"
        assert signal.occurred_at.isoformat() == "2026-11-25T03:04:10+00:00"
        assert signal.key == "webhook:datadog:7712300000001"

    @pytest.mark.parametrize(
        ("transition", "state"),
        [
            ("Triggered", AlertState.TRIGGERED),
            ("Re-Triggered", AlertState.RENOTIFIED),
            ("Renotify", AlertState.RENOTIFIED),
            ("Warn", AlertState.WARNING),
            ("Re-Warn", AlertState.WARNING),
            ("No Data", AlertState.NO_DATA),
            ("Re-No Data", AlertState.NO_DATA),
            ("Recovered", AlertState.RECOVERED),
        ],
    )
    def test_each_transition(self, transition: str, state: AlertState) -> None:
        (signal,) = datadog.signals({**DATADOG, "transition": transition}, NOW)
        assert signal.state is state

    def test_it_is_the_alert_that_the_message_in_slack_is_on(self) -> None:
        payload = {**DATADOG, "title": "[Triggered] [P1] Redis command latency is high"}
        (signal,) = datadog.signals(payload, NOW)
        assert signal.fingerprint == posted("datadog").fingerprint

    def test_variables_that_were_not_filled_in_say_nothing(self) -> None:
        payload = {**DATADOG, "priority": "$ALERT_PRIORITY", "text": "$TEXT_ONLY_MSG", "link": None}
        (signal,) = datadog.signals(payload, NOW)
        assert (signal.text, signal.link) == ("", "")
        assert signal.severity is Severity.CRITICAL, "the title says P1"

    def test_an_event_without_a_monitor_is_no_alert(self) -> None:
        assert datadog.signals({**DATADOG, "monitor_id": "$ALERT_ID"}, NOW) == ()

    def test_without_a_number_the_same_words_are_the_same_event(self) -> None:
        bare = {**DATADOG, "id": ""}
        (one,), (two,) = datadog.signals(bare, NOW), datadog.signals(dict(bare), NOW)
        (other,) = datadog.signals({**bare, "date": "1795575851000"}, NOW)
        assert one.key == two.key != other.key


class TestPagerDuty:
    """V3 events."""

    @pytest.mark.parametrize(
        ("event", "state"),
        [
            ("incident.triggered", AlertState.TRIGGERED),
            ("incident.reopened", AlertState.TRIGGERED),
            ("incident.acknowledged", AlertState.RENOTIFIED),
            ("incident.escalated", AlertState.RENOTIFIED),
            ("incident.resolved", AlertState.RECOVERED),
        ],
    )
    def test_an_incident(self, event: str, state: AlertState) -> None:
        (signal,) = pagerduty.signals(payloads.pagerduty(event), NOW)
        assert (signal.title, signal.service, signal.state) == ("Queue grows", "cart", state)
        assert (signal.severity, signal.key) == (Severity.CRITICAL, "webhook:pagerduty:01EVENT")

    @pytest.mark.parametrize(
        "event", ["incident.annotated", "incident.responder.added", "pagey.ping", "", "x.y"]
    )
    def test_other_events_are_ignored(self, event: str) -> None:
        assert pagerduty.signals(payloads.pagerduty(event), NOW) == ()

    def test_a_changed_service_is_a_change_and_no_alert(self) -> None:
        (signal,) = pagerduty.signals(payloads.pagerduty("service.updated", summary="cart"), NOW)
        assert (signal.kind, signal.service) == (SignalKind.CHANGE, "cart")

    def test_srebots_own_page_is_no_news_to_it(self) -> None:
        assert pagerduty.signals(payloads.pagerduty(incident_key="srebot-7"), NOW) == ()

    def test_it_is_the_alert_that_the_message_in_slack_is_on(self) -> None:
        (signal,) = pagerduty.signals(payloads.pagerduty(), NOW)
        message = posted("pagerduty", title="Queue grows", tags=("service:cart",))
        assert signal.fingerprint == message.fingerprint


class TestGroups:
    """Alertmanager's version 4 and Grafana's."""

    def test_alerts_of_one_rule_and_service_are_one_signal(self) -> None:
        pods = [grouped_alert(pod=f"cart-{n}") for n in range(3)]
        (signal,) = alertmanager.signals(grouped(*pods), NOW)
        assert (signal.title, signal.service) == ("HighLatency", "cart")
        assert signal.tags["alerts"] == "3"
        assert signal.tags["pod"] == "cart-0, cart-1, cart-2"
        assert (signal.severity, signal.text) == (Severity.CRITICAL, "cart is slow")

    def test_alerts_of_several_services_are_several_signals(self) -> None:
        several = grouped(*(grouped_alert(s) for s in ("cart", "search", "cart")))
        found = alertmanager.signals(several, NOW)
        assert [s.service for s in found] == ["cart", "search"]
        assert len({s.key for s in found}) == 2

    def test_of_a_group_some_may_be_over(self) -> None:
        over = grouped_alert("search", status="resolved", endsAt="2026-11-24T03:04:50Z")
        fired, recovered = alertmanager.signals(grouped(grouped_alert(), over), NOW)
        assert (fired.state, recovered.state) == (AlertState.TRIGGERED, AlertState.RECOVERED)
        assert recovered.occurred_at.second == 50

    def test_what_is_sent_again_with_its_group_counts_once(self) -> None:
        (first,) = alertmanager.signals(grouped(), NOW)
        again = alertmanager.signals(grouped(grouped_alert(), grouped_alert("search")), NOW)
        assert again[0].key == first.key

    def test_what_is_repeated_hours_later_is_a_repetition(self) -> None:
        later = NOW.replace(hour=8)
        (first,), (again,) = (alertmanager.signals(grouped(), at) for at in (NOW, later))
        assert (first.state, again.state) == (AlertState.TRIGGERED, AlertState.RENOTIFIED)
        assert again.key != first.key
        assert again.fingerprint == first.fingerprint

    def test_grafanas_rule_without_data(self) -> None:
        labels = {"alertname": "DatasourceNoData", "rulename": "HighLatency", "service": "cart"}
        (signal,) = grafana.signals(grouped(grouped_alert(labels=labels)), NOW)
        assert (signal.state, signal.title) == (AlertState.NO_DATA, "HighLatency")

    @pytest.mark.parametrize("vendor", ["alertmanager", "grafana"])
    def test_it_is_the_alert_that_the_message_in_slack_is_on(self, vendor: Any) -> None:
        reader = {"alertmanager": alertmanager, "grafana": grafana}[vendor]
        (signal,) = reader.signals(grouped(), NOW)
        message = posted(vendor, title="HighLatency", tags=TAGS)
        assert signal.fingerprint == message.fingerprint
        lines = "\n".join(f" - {k} = {v}" for k, v in grouped_alert()["labels"].items())
        told = parse(
            {"attachments": [{"title": "[FIRING:1] HighLatency", "text": f"Labels:\n{lines}"}]},
            vendor,
        )
        assert told is not None
        assert (told.fingerprint, told.title) == (signal.fingerprint, signal.title)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [*DATADOG, *grouped(), *grouped_alert(), *payloads.PAGERDUTY["event"], "event"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from([*DATADOG, *grouped(), "event"]), json_like, max_size=12))
def test_no_payload_breaks_the_reading(payload: dict[str, Any]) -> None:
    for reader in READERS.values():
        for signal in reader(payload, NOW):
            assert signal.key
            assert signal.title
