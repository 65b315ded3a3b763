"""What is said after a change: what was seen, never more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Check, OutcomeStatus, Reading, Step
from agent.resolution.signals import watched_signals
from agent.resolution.watch import Look, Watched, judge
from tests.unit.agent.investigation.house import case_of, signal_on
from tests.unit.bot.slack.cases import proposal

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MONITOR = Watched(name="monitor", tool="datadog_monitors", arguments={}, monitor="7")
LATENCY = Watched(name="latency", tool="datadog_metrics", arguments={"query": "q"}, baseline=1.0)

values = st.one_of(st.none(), st.floats(-1e6, 1e6))
states = st.sampled_from([None, 0.0, 1.0])


def judged(signals: list[Watched], before: list[float | None], after: list[float | None]):  # type: ignore[no-untyped-def]
    then = Look(values=tuple(before), at=NOW)
    now = Look(values=tuple(after), at=NOW + timedelta(seconds=30))
    return judge(proposal(), signals, then, now, NOW)


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        (1, 0, OutcomeStatus.RECOVERED),
        (1, 1, OutcomeStatus.UNCHANGED),
        (0, 1, OutcomeStatus.WORSE),
        (1, None, OutcomeStatus.CANNOT_TELL),
    ],
)
def test_a_monitor_decides(before: float, after: float | None, status: OutcomeStatus) -> None:
    assert judged([MONITOR], [before], [after]).status is status


def test_one_monitor_that_cannot_be_read_keeps_the_other_from_being_enough() -> None:
    assert judged([MONITOR, MONITOR], [1, 1], [0, None]).status is OutcomeStatus.CANNOT_TELL


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (1.4, OutcomeStatus.RECOVERED),
        (2.6, OutcomeStatus.UNCHANGED),
        (4.0, OutcomeStatus.WORSE),
        (None, OutcomeStatus.CANNOT_TELL),
    ],
)
def test_without_a_monitor_a_metric_must_come_back_half_the_way(
    after: float | None, status: OutcomeStatus
) -> None:
    assert judged([LATENCY], [3.0], [after]).status is status


def test_a_monitor_is_watched_by_a_look_that_still_shows_it_once_it_is_well() -> None:
    def listed(number: int, **asked: str) -> Step:
        data = {"monitors": [{"id": 1001, "name": "slow", "state": "Alert"}]}
        reading = Reading(source="datadog", query="", observation="", data=data)
        check = Check(tool="datadog_monitors", arguments=asked)
        return Step(number=number, round=0, check=check, reading=reading, started_at=NOW)

    alert = signal_on("auth", "auth is slow", fingerprint="1001")
    steps = (listed(1, service="auth"), listed(2, state="Alert"))
    (watched,) = watched_signals(case_of(alert).model_copy(update={"steps": steps}))
    assert watched.arguments == {"service": "auth"}


def test_nothing_to_watch_tells_nothing() -> None:
    assert judged([], [], []).status is OutcomeStatus.CANNOT_TELL


@given(
    monitors=st.lists(st.tuples(states, states), max_size=3),
    metrics=st.lists(st.tuples(st.one_of(st.none(), st.floats(-1e3, 1e3)), values, values)),
)
def test_recovery_is_only_claimed_when_every_monitor_is_ok(
    monitors: list[tuple[float | None, float | None]],
    metrics: list[tuple[float | None, float | None, float | None]],
) -> None:
    signals = [MONITOR] * len(monitors) + [
        LATENCY.model_copy(update={"baseline": baseline}) for baseline, _, _ in metrics
    ]
    before = [b for b, _ in monitors] + [b for _, b, _ in metrics]
    after = [a for _, a in monitors] + [a for _, _, a in metrics]
    outcome = judged(signals, before, after)
    if outcome.status is OutcomeStatus.RECOVERED:
        assert all(a == 0 for _, a in monitors)
        assert any(s.good for s in outcome.signals)
        assert not any(s.good is False for s in outcome.signals if s.query == "7")
    assert outcome.statement.startswith("After the change ")
    assert not any(word in outcome.statement for word in ("fixed", "caused", "thanks to", "solved"))
    assert outcome.watched_seconds == 30.0
