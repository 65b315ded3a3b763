"""What goes on beside what alerted is a small hint at a neighbour, and read as leniently as vendors write."""

from __future__ import annotations

from typing import Any

import pytest

from agent.reasoning.modes.mode import WEAK, Role, Sign
from agent.reasoning.modes.surroundings import trouble_beside
from agent.reasoning.modes.view import View
from tests.unit.agent.reasoning.modes.cases import Asked, case

ALERTING: Asked = (
    "datadog_monitors",
    {"state": "Alert"},
    {
        "monitors": [
            {"id": 1, "name": "No query", "query": None, "state": "Alert"},
            {
                "id": 2,
                "name": 'Slow "auth-db"',
                "query": "avg(last_5m):avg:postgresql.queries.time{service:auth-db,env:production} > 1",
                "state": "Alert",
            },
            {
                "id": 3,
                "name": "Elsewhere",
                "query": "avg(last_5m):avg:x{service:cart,env:staging} > 1",
                "state": "Alert",
            },
        ]
    },
)


def open_incident(**more: Any) -> Asked:
    incident = {"number": 12, "service": "auth-db", "status": "triggered", "title": "Disk", **more}
    return "pagerduty_incidents", {"statuses": "triggered,acknowledged"}, {"incidents": [incident]}


def journal(*changes: dict[str, Any]) -> Asked:
    return "graph_changes", {"entity": "auth"}, {"changes": list(changes)}


def change(at: str, name: str = "auth-db", what: str | None = "its limit was lowered") -> Any:
    return {"at": at, "name": name, "what": what}


def told(name: str, *asked: Asked) -> list[Sign]:
    view = View(case("auth", *asked))
    return list(trouble_beside(view.target(name), view))


def test_a_neighbour_whose_monitor_alerts_is_named_with_it() -> None:
    (sign,) = told("auth-db", ALERTING)
    assert sign.statement == "monitor \"Slow 'auth-db'\" of auth-db alerts as well"
    assert (sign.step, sign.role) == (1, Role.CONTEXT)
    assert 0 < sign.weight < WEAK


def test_another_environment_and_what_alerted_itself_are_not_beside_it() -> None:
    assert told("cart", ALERTING) == []
    assert told("auth", ALERTING) == []


def test_the_look_at_all_alerts_does_not_pass_for_the_monitor_of_the_subject() -> None:
    view = View(case("auth", ALERTING))
    assert (view.monitor, view.monitor_step) == (None, 0)


def test_an_open_incident_of_a_neighbour_is_told_and_a_resolved_one_is_not() -> None:
    (sign,) = told("auth-db", open_incident())
    assert sign.statement == 'incident #12 is open at auth-db: "Disk"'
    assert told("auth-db", open_incident(status="resolved")) == []
    assert told("auth-db", open_incident(service=None)) == []


def test_the_last_change_before_the_symptom_is_told() -> None:
    (sign,) = told(
        "auth-db",
        journal(
            change("2026-11-24T03:30:00Z", what="after it"),
            change("2026-11-24T02:40:00Z"),
            change("2026-11-24T02:10:00Z", what="before that"),
        ),
    )
    assert sign.statement == 'at 02:40 the graph\'s journal has of auth-db: "its limit was lowered"'


@pytest.mark.parametrize(
    "row",
    [
        change("2026-11-23T22:00:00Z"),
        change("2026-11-24T02:40:00Z", name="cart"),
        change("2026-11-24T02:40:00Z", what=None),
        change(""),
        {},
    ],
)
def test_changes_long_before_elsewhere_or_without_words_are_not(row: dict[str, Any]) -> None:
    assert told("auth-db", journal(row)) == []


@pytest.mark.parametrize("tool", ["datadog_monitors", "pagerduty_incidents", "graph_changes"])
def test_an_empty_answer_says_nothing(tool: str) -> None:
    assert told("auth-db", (tool, {"state": "Alert"}, {})) == []
