"""What could not be seen is told shortly and completely."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.investigation.unseen import unseen_text
from agent.model import Check, Reading, Step

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def step(tool: str, status: str = "ok", error: str = "", **facts: Any) -> Step:
    data, arguments = facts.get("data"), facts.get("arguments") or {}
    reading = (
        Reading(source=tool.partition("_")[0], query="", observation="", data=data or {})
        if status == "ok"
        else None
    )
    return Step(
        number=1,
        round=1,
        check=Check(tool=tool, arguments=arguments),
        status=status,
        error=error,
        reading=reading,
        started_at=NOW,
    )


def test_a_single_refusal_is_told_with_its_remedy() -> None:
    told = unseen_text([step("kubernetes_logs", "denied", "grant `get` on `pods/log`")])
    assert told == ("could not see: kubernetes_logs - grant `get` on `pods/log`",)


def test_a_vendor_that_is_down_is_one_sentence() -> None:
    failed = [step("datadog_metrics", "unreachable", f"503 {n}") for n in range(20)]
    (told,) = unseen_text([*failed, step("kubernetes_events")])
    assert told == "could not see: datadog, no look-up was answered (datadog_metrics) - 503 0"


def test_a_vendor_that_fails_now_and_then_is_told_with_its_number() -> None:
    failed = [step("datadog_metrics", "unreachable", f"503 {n}") for n in range(5)]
    (told,) = unseen_text([*failed, step("datadog_monitors")])
    assert "5 look-ups failed" in told


def test_what_does_not_exist_is_no_blind_spot() -> None:
    assert unseen_text([step("kubernetes_workload", "not_found", "there is none")]) == ()


def test_an_answer_that_leaves_something_out_says_so() -> None:
    (told,) = unseen_text([step("kubernetes_changes", data={"unseen": ["configmaps"]})])
    assert "configmaps in kubernetes_changes" in told


def test_a_service_without_any_log_is_a_blind_spot_and_one_without_errors_is_not() -> None:
    everything = {"query": "service:cart env:production", "minutes": 60}
    errors = {"query": "service:cart env:production status:error", "minutes": 60}
    told = unseen_text([step("datadog_logs", arguments=everything, data={"total": 0})])
    assert told == ("could not see: no logs of cart have reached Datadog in the last 60 min",)
    assert unseen_text([step("datadog_logs", arguments=everything, data={"total": 7})]) == ()
    assert unseen_text([step("datadog_logs", arguments=errors, data={"total": 0})]) == ()
