"""PagerDuty's state, as the scenario's director drives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.pagerduty.directory import user_actor
from sandbox.pagerduty.state import AlreadyResolved, DuplicateKey, PagerDutyState
from sandbox.world.ports import Service
from tests.unit.sandbox.datadog.fake_world import JONAS, MIRA, NOW, FakeWorld


@pytest.fixture
def state() -> PagerDutyState:
    return PagerDutyState(FakeWorld())


@pytest.fixture
def cart(state: PagerDutyState) -> Service:
    service = state.directory.service_by_name("cart")
    assert service is not None
    return service


def test_it_begins_with_the_companys_incidents(state: PagerDutyState) -> None:
    assert [(i.number, i.status) for i in state.incidents()] == [
        (40, "resolved"),
        (41, "triggered"),
    ]
    assert [change.summary for change in state.changes()] == ["Deploy cart 1.2", "Deploy auth 7"]


def test_an_opened_incident_pages_who_is_on_call(state: PagerDutyState, cart: Service) -> None:
    incident = state.open_incident(cart, "Carts vanish")
    assert incident.number == 42
    assert incident.created_at == NOW
    assert [assignment.user_id for assignment in incident.assignments] == [MIRA.pagerduty_id]
    assert [entry.kind for entry in incident.log] == ["trigger", "assign"]


def test_a_key_is_taken_only_while_its_incident_is_open(
    state: PagerDutyState, cart: Service
) -> None:
    first = state.open_incident(cart, "Carts vanish", key="carts")
    with pytest.raises(DuplicateKey) as taken:
        state.open_incident(cart, "Carts vanish again", key="carts")
    assert taken.value.incident == first
    state.resolve(first.id)
    assert state.open_incident(cart, "Carts vanish again", key="carts").is_open


def test_a_resolved_incident_is_closed_to_change(state: PagerDutyState) -> None:
    mira = user_actor(MIRA)
    for change in (
        lambda: state.acknowledge("QINC000", mira),
        lambda: state.resolve("QINC000"),
        lambda: state.reassign("QINC000", [JONAS.pagerduty_id], mira),
        lambda: state.amend("QINC000", title="x"),
    ):
        with pytest.raises(AlreadyResolved):
            change()


def test_a_note_can_still_be_left_on_it(state: PagerDutyState) -> None:
    state.add_note("QINC000", "Post-mortem on Friday", user_actor(MIRA))
    incident = state.incident("QINC000")
    assert incident is not None
    assert incident.notes[-1].content == "Post-mortem on Friday"


def test_reassigning_triggers_it_again(state: PagerDutyState) -> None:
    state.acknowledge("QINC001", user_actor(MIRA))
    incident = state.reassign("QINC001", [JONAS.pagerduty_id], user_actor(MIRA))
    assert (incident.status, incident.acknowledgements) == ("triggered", ())
    assert [assignment.user_id for assignment in incident.assignments] == [JONAS.pagerduty_id]


def test_of_many_at_once_only_one_opens_the_key(state: PagerDutyState, cart: Service) -> None:
    def attempt(_: int) -> bool:
        try:
            state.open_incident(cart, "Carts vanish", key="carts")
        except DuplicateKey:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == 1


def test_numbers_and_ids_are_unique_across_threads(state: PagerDutyState, cart: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda n: state.open_incident(cart, f"Problem {n}"), range(40)))
    assert len({incident.number for incident in opened}) == 40
    assert len({incident.id for incident in opened}) == 40
