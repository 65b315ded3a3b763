"""Many objects in few lines: the odd ones are always among them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.model import Json
from integrations.kubernetes.pruning import event_lines, pod_lines, row_lines


def row(number: int, **facts: Any) -> Json:
    healthy = {"phase": "Running", "ready": True, "restarts": 0, "node": f"n-{number % 9}"}
    return {"name": f"auth-{number}", "namespace": "production", "summary": {**healthy, **facts}}


@given(odd=st.integers(0, 149), facts=st.sampled_from([{"phase": "Failed"}, {"ready": False}, {"restarts": 7}, {"reason": "OOMKilled"}]))  # fmt: skip
def test_the_odd_one_of_150_is_shown_whole_and_the_others_once(
    odd: int, facts: dict[str, Any]
) -> None:
    rows = [row(n, **(facts if n == odd else {})) for n in range(150)]
    text = list(row_lines(rows))
    ((key, value),) = facts.items()
    assert any(t.startswith(f"production/auth-{odd} ") and f"{key}={value}" in t for t in text)
    assert text[0].startswith("usual: phase=Running, ready=True, restarts=0")
    assert len("\n".join(text)) < 400
    assert text[-1].startswith("149 as usual: ")


def test_a_few_objects_are_shown_one_by_one() -> None:
    assert len(list(row_lines([row(n) for n in range(12)]))) == 12


def test_objects_that_have_little_in_common_are_all_shown() -> None:
    for facts in ({}, {"ports": "[80]"}):
        rows = [
            {"name": f"c{n}", "namespace": "", "summary": {"selector": n, **facts}}
            for n in range(20)
        ]
        assert len([t for t in row_lines(rows) if "selector=" in t]) == 20


def pod(number: int, **changes: Any) -> Json:
    return {
        "name": f"p{number}",
        "phase": "Running",
        "ready": True,
        "restarts": 0,
        "reason": None,
        "last_state": None,
        **changes,
    }


def test_of_many_pods_those_in_trouble_are_shown() -> None:
    pods = [pod(n) for n in range(60)] + [pod(77, ready=False), pod(78, last_state={"reason": "x"})]
    assert list(pod_lines(pods, lambda p: p["name"])) == [
        "p77",
        "p78",
        "60 more pods run, are ready and never restarted",
    ]


def event(number: int, message: str, count: int = 2) -> Json:
    return {
        "at": f"2026-11-25T02:{number:02d}:00Z",
        "type": "Warning",
        "reason": "Unhealthy",
        "object": f"Pod/auth-{number}",
        "message": message,
        "count": count,
    }


def test_events_that_say_the_same_are_one_line_with_their_total() -> None:
    events = [event(n, f"probe failed: status {500 + n % 3}") for n in range(59)]
    lines = list(event_lines([*events, event(59, "Node is under memory pressure")]))
    assert len(lines) == 2
    assert "Pod/auth-0, Pod/auth-1, Pod/auth-2 and 56 more x118: probe failed" in lines[0]
    assert "memory pressure" in lines[1]
