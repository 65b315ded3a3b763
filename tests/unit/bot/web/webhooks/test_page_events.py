"""What people do to an incident, read from PagerDuty's events; whatever else comes is nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.pages import PageEventKind
from bot.web.webhooks import pagerduty
from tests.unit.bot.web.webhooks import payloads

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def by_mara(event_type: str, **data: Any) -> dict[str, Any]:
    sent = payloads.pagerduty(event_type, **data)
    sent["event"]["agent"] = {"id": "PMARA", "type": "user_reference", "summary": "Mara Okafor"}
    return sent


def test_an_acknowledgement_says_who() -> None:
    found = pagerduty.page_event(by_mara("incident.acknowledged", incident_key="srebot-7"), NOW)
    assert found is not None
    key, event = found
    assert key == "webhook:pagerduty:01EVENT"
    assert (event.kind, event.who) == (PageEventKind.ACKNOWLEDGED, "Mara Okafor")
    assert (event.incident, event.key) == ("PGR0VU2", "srebot-7")


def test_a_note_names_its_incident() -> None:
    sent = by_mara("incident.annotated")
    sent["event"]["data"] = {
        "id": "P2LA89X",
        "type": "incident_note",
        "incident": {"id": "PGR0VU2", "type": "incident_reference"},
        "content": "On it",
        "trimmed": False,
    }
    found = pagerduty.page_event(sent, NOW)
    assert found is not None
    event = found[1]
    assert (event.incident, event.number, event.note) == ("PGR0VU2", "P2LA89X", "On it")


def test_an_assignment_says_to_whom() -> None:
    sent = by_mara("incident.reassigned", assignees=[{"summary": "Jo"}, {"summary": "Al"}])
    found = pagerduty.page_event(sent, NOW)
    assert found is not None
    assert found[1].to == ("Jo", "Al")


@pytest.mark.parametrize("kind", ["incident.triggered", "incident.priority_updated", "pagey.ping"])
def test_other_events_are_nothing(kind: str) -> None:
    assert pagerduty.page_event(by_mara(kind), NOW) is None


@given(
    kind=st.sampled_from(["incident.annotated", "incident.acknowledged", "incident.reassigned"]),
    agent=json_values,
    data=json_values,
    at=json_values,
)
def test_no_payload_breaks_it(kind: str, agent: Any, data: Any, at: Any) -> None:
    event = {"event_type": kind, "agent": agent, "data": data, "occurred_at": at}
    found = pagerduty.page_event({"event": event}, NOW)
    assert found is None or found[1].incident
