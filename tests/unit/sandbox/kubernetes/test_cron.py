from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.cron import CronError, parse_schedule

NOW = datetime(2026, 11, 24, 3, 17, 42, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("schedule", "last"),
    [
        ("* * * * *", datetime(2026, 11, 24, 3, 17)),
        ("*/15 * * * *", datetime(2026, 11, 24, 3, 15)),
        ("30 2 * * *", datetime(2026, 11, 24, 2, 30)),
        ("0 22-23 * * *", datetime(2026, 11, 23, 23, 0)),
        ("0 0 * * sun", datetime(2026, 11, 22, 0, 0)),
        ("0 0 * * 7", datetime(2026, 11, 22, 0, 0)),
        ("0 0 1 * *", datetime(2026, 11, 1, 0, 0)),
        ("0 0 1 * mon", datetime(2026, 11, 23, 0, 0)),
        ("0 12 25 dec *", datetime(2025, 12, 25, 12, 0)),
        ("@hourly", datetime(2026, 11, 24, 3, 0)),
    ],
)
def test_the_last_due_minute(schedule: str, last: datetime) -> None:
    assert parse_schedule(schedule).last_before(NOW) == last.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("Etc/UTC", datetime(2026, 11, 24, 2, 30)),
        ("Asia/Tokyo", datetime(2026, 11, 23, 17, 30)),
        ("Asia/Kolkata", datetime(2026, 11, 23, 21, 0)),
        ("America/New_York", datetime(2026, 11, 23, 7, 30)),
    ],
)
def test_a_schedule_goes_by_the_clocks_of_its_zone(zone: str, last: datetime) -> None:
    assert parse_schedule("30 2 * * *", zone).last_before(NOW) == last.replace(tzinfo=UTC)


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(CronError, match="Mars/Olympus"):
        parse_schedule("30 2 * * *", "Mars/Olympus")


def test_a_day_that_never_comes_is_never_due() -> None:
    assert parse_schedule("0 0 31 2 *").last_before(NOW) is None


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(CronError):
        parse_schedule(text)


@given(st.text("0123456789*/,- a@", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(CronError):
        parse_schedule(text)
