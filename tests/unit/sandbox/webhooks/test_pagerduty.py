"""PagerDuty's V3 webhooks: one event for each thing done to an incident, in the documented shape."""

from __future__ import annotations

import pytest

from sandbox.pagerduty.directory import user_actor
from sandbox.pagerduty.model import EventKind, Incident
from sandbox.pagerduty.state import AlreadyResolved, PagerDutyState
from sandbox.webhooks import pagerduty
from tests.unit.sandbox.datadog.fake_world import JONAS, MIRA, FakeWorld

Told = list[tuple[Incident, EventKind]]
BY = user_actor(MIRA)


@pytest.fixture
def state() -> PagerDutyState:
    return PagerDutyState(FakeWorld())


@pytest.fixture
def told(state: PagerDutyState) -> Told:
    found: Told = []

    def listen(incident: Incident, kind: EventKind) -> None:
        if pagerduty.is_told(incident, kind):
            found.append((incident, kind))

    state.listeners.append(listen)
    return found


def opened(state: PagerDutyState) -> Incident:
    cart = next(s for s in state.directory.services if s.name == "cart")
    return state.open_incident(cart, "Carts fail")


def event(state: PagerDutyState, told: Told) -> dict[str, object]:
    found: dict[str, object] = pagerduty.payload(state.directory, *told[-1])["event"]
    return found


def test_whom_it_is_first_assigned_to_is_told_with_its_opening_alone(
    state: PagerDutyState, told: Told
) -> None:
    opened(state)
    assert [kind for _, kind in told] == ["trigger"]


def test_a_note_is_the_event_s_data(state: PagerDutyState, told: Told) -> None:
    incident = opened(state)
    note = state.add_note(incident.id, "x" * 5_000, BY)
    sent = event(state, told)
    assert sent["event_type"] == "incident.annotated"
    assert sent["agent"] == {"id": BY.id, "type": "user_reference", "summary": "Mira Okafor"}
    data = sent["data"]
    assert isinstance(data, dict)
    assert (data["type"], data["id"], data["trimmed"]) == ("incident_note", note.id, True)
    assert data["incident"]["id"] == incident.id
    assert len(data["content"]) < 5_000


def test_a_reassignment_names_the_new_assignee(state: PagerDutyState, told: Told) -> None:
    state.reassign(opened(state).id, [JONAS.pagerduty_id], BY)
    sent = event(state, told)
    assert sent["event_type"] == "incident.reassigned"
    assert isinstance(sent["data"], dict)
    assert [a["summary"] for a in sent["data"]["assignees"]] == ["Jonas Weber"]


def test_an_escalation_pages_the_next_level_and_takes_the_acknowledgement_away(
    state: PagerDutyState, told: Told
) -> None:
    incident = opened(state)
    state.acknowledge(incident.id, BY)
    escalated = state.escalate(incident.id, 2, BY)
    assert (escalated.status, escalated.acknowledgements) == ("triggered", ())
    assert [a.user_id for a in escalated.assignments] == [JONAS.pagerduty_id]
    assert event(state, told)["event_type"] == "incident.escalated"


def test_what_is_resolved_is_escalated_no_more(state: PagerDutyState) -> None:
    incident = opened(state)
    state.resolve(incident.id, BY)
    with pytest.raises(AlreadyResolved):
        state.escalate(incident.id, 2, BY)
