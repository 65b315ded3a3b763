"""Times are worded as Slack words them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.page.moments import ago, clock, day_label, moment, ordinal

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


def test_clock_has_twelve_hours() -> None:
    assert clock(NOW) == "3:07 PM"
    assert clock(NOW.replace(hour=0)) == "12:07 AM"


@pytest.mark.parametrize(("day", "words"), [(1, "1st"), (2, "2nd"), (11, "11th"), (23, "23rd")])
def test_ordinals(day: int, words: str) -> None:
    assert ordinal(day) == words


def test_day_dividers() -> None:
    today = date(2026, 11, 24)
    assert day_label(today, today) == "Today"
    assert day_label(date(2026, 11, 23), today) == "Yesterday"
    assert day_label(date(2026, 11, 1), today) == "Sunday, November 1st"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "just now"),
        (60, "1 minute ago"),
        (600, "10 minutes ago"),
        (7_300, "2 hours ago"),
        (200_000, "2 days ago"),
        (-600, "in 10 minutes"),
    ],
)
def test_ago(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_an_impossible_moment_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="calendar"):
        moment("9" * 30)
