"""When changes may be applied, by the clocks on the wall there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.resolution.policy.windows import ChangeWindow, PlannedFreeze, opening
from tests.unit.agent.resolution.policy.made import NOW
from tests.unit.agent.resolution.policy.strategies import freezes, windows


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(hours: str, days: str = "mon-fri", zone: str = "UTC", **more: str) -> ChangeWindow:
    return ChangeWindow.model_validate(
        {"time_zone": zone, "open": [{"days": days, "hours": hours}], **more}
    )


@pytest.mark.parametrize(
    ("made", "at", "opens"),
    [
        (window("09:00-17:00"), "2026-11-25T12:00", "2026-11-25T12:00"),
        (window("09:00-17:00"), "2026-11-25T08:59", "2026-11-25T09:00"),
        (window("09:00-17:00"), "2026-11-25T17:00", "2026-11-26T09:00"),
        (window("09:00-17:00"), "2026-11-27T18:00", "2026-11-30T09:00"),
        (window("00:00-24:00", "sat, sun"), "2026-11-28T00:00", "2026-11-28T00:00"),
        (window("22:00-04:00", "sun"), "2026-11-30T03:59", "2026-11-30T03:59"),
        (window("22:00-04:00", "sun"), "2026-11-30T04:00", "2026-12-06T22:00"),
        (window("09:00-17:00", "fri-mon"), "2026-11-24T12:00", "2026-11-27T09:00"),
        # In Berlin it is an hour later in winter and two in summer; the wall's hours stay.
        (window("09:00-17:00", zone="Europe/Berlin"), "2026-11-25T07:00", "2026-11-25T08:00"),
        (window("09:00-17:00", zone="Europe/Berlin"), "2026-07-01T06:00", "2026-07-01T07:00"),
        (window("09:00-17:00", zone="Europe/Berlin"), "2026-10-23T16:00", "2026-10-26T08:00"),
        # 02:30 does not exist on the day that clocks go forward; it opens when they have.
        (window("02:30-04:00", "sun", "Europe/Berlin"), "2026-03-29T00:00", "2026-03-29T01:30"),
    ],
)
def test_a_window_opens_by_the_clocks_on_the_wall(made: ChangeWindow, at: str, opens: str) -> None:
    assert made.opens(utc(at)) == utc(opens)


def frozen(begins: str, ends: str, applying: str = "refuse") -> PlannedFreeze:
    return PlannedFreeze.model_validate(
        {"begins": utc(begins), "ends": utc(ends), "reason": "audit", "applying": applying}
    )


def test_without_windows_and_freezes_it_is_always_open() -> None:
    assert opening([], [], NOW).now


def test_outside_a_window_a_change_waits_or_is_refused() -> None:
    night = utc("2026-11-25T22:00")
    waits = opening([("day", window("09:00-17:00"))], [], night)
    assert (waits.now, waits.waits, waits.next_at) == (False, True, utc("2026-11-26T09:00"))
    assert "Outside the change window 'day'" in waits.reason
    refused = opening([("day", window("09:00-17:00", outside="refuse"))], [], night)
    assert (refused.now, refused.waits, refused.next_at) == (False, False, waits.next_at)


def test_a_freeze_closes_an_open_window_and_the_next_one_counts() -> None:
    freeze = frozen("2026-11-25T00:00", "2026-11-27T18:00")
    found = opening([("day", window("09:00-17:00"))], [freeze], NOW)
    assert (found.now, found.waits, found.next_at) == (False, False, utc("2026-11-30T09:00"))
    assert "audit" in found.reason


def test_freezes_that_follow_each_other_are_all_stepped_over() -> None:
    one = frozen("2026-11-25T00:00", "2026-11-26T00:00", "wait")
    two = frozen("2026-11-26T00:00", "2026-11-27T00:00", "wait")
    found = opening([], [one, two], NOW)
    assert (found.waits, found.next_at) == (True, utc("2026-11-27T00:00"))


@settings(max_examples=60)
@given(
    st.lists(windows, max_size=2),
    st.lists(freezes(), max_size=2),
    st.integers(-20_000, 20_000),
)
def test_when_it_opens_next_it_is_open_then_and_not_before(
    made: list[ChangeWindow], frozen_: list[PlannedFreeze], minutes: int
) -> None:
    now = NOW + timedelta(minutes=minutes)
    named = [(str(n), w) for n, w in enumerate(made)]
    found = opening(named, frozen_, now)
    assert found.now == (found.next_at is None)
    if found.next_at is None:
        return
    assert found.next_at > now
    assert opening(named, frozen_, found.next_at).now
    assert not opening(named, frozen_, found.next_at - timedelta(seconds=1)).now
    between = now + (found.next_at - now) / 2
    assert not opening(named, frozen_, between).now
