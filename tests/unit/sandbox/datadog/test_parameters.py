"""Times and numbers in requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.parameters import integer, moment, to_ms
from sandbox.rate_limit import FixedWindow, RateLimit
from tests.unit.sandbox.datadog.fake_world import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("now-15m", NOW - timedelta(minutes=15)),
        ("now - 2d", NOW - timedelta(days=2)),
        ("now+1h", NOW + timedelta(hours=1)),
        ("2026-11-24T03:00:00Z", NOW),
        ("2026-11-24T04:00:00+01:00", NOW),
        (str(to_ms(NOW)), NOW),
    ],
)
def test_the_three_forms_of_time(text: str, expected: object) -> None:
    assert moment(text, NOW) == expected


@given(st.text(max_size=30))
def test_any_other_time_is_refused(text: str) -> None:
    try:
        assert moment(text, NOW).tzinfo is not None
    except BadRequest as refused:
        assert refused.status == 400


@pytest.mark.parametrize("value", ["-1", "x", "1e3", [], "99999999999999999999"])
def test_numbers_are_bounded(value: object) -> None:
    with pytest.raises(BadRequest):
        integer({"n": value}, "n")


def test_a_window_admits_its_number_and_then_opens_again() -> None:
    seconds = [0.0]
    window = FixedWindow(RateLimit(requests=2, period_seconds=10), clock=lambda: seconds[0])
    assert [window.admit("key").allowed for _ in range(3)] == [True, True, False]
    assert window.admit("other").allowed
    seconds[0] = 9.5
    assert window.admit("key").reset_seconds == 1
    seconds[0] = 10.0
    assert window.admit("key").remaining == 1
