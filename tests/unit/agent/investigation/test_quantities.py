"""Numbers in sentences: value, unit, rounding, rate; durations of several parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.quantities import Quantity, quantities_in
from agent.investigation.units import UNITS, Meaning, seconds_of, unit_of, unit_of_key

SECOND, HOUR = Meaning("seconds", 1.0), Meaning("seconds", 3600.0)


def only(text: str) -> Quantity:
    found = list(quantities_in(text))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "value", "half_step"),
    [
        ("it is 12.80 now", 12.8, 0.005),
        ("it is 1,234,567 now", 1234567.0, 0.5),
        ("about 23,800 messages", 23800.0, 50.0),
        ("exactly 23,800 messages", 23800.0, 0.5),
        ("roughly 300 errors", 300.0, 7.5),
        ("it is 9.13e-05 now", 9.13e-05, 5e-08),
        ("three pods restart", 3.0, 0.0),
        ("the 95th percentile", 95.0, 0.5),
        ("its p99 rises", 99.0, 0.5),
    ],
)
def test_a_number_has_the_rounding_that_it_was_written_in(
    text: str, value: float, half_step: float
) -> None:
    quantity = only(text)
    assert quantity.value == pytest.approx(value)
    assert quantity.half_step == pytest.approx(half_step)


@pytest.mark.parametrize("text", ["there are two reasons", "v2 and auth-1", "ip10", "one pod"])
def test_what_counts_nothing_is_no_number(text: str) -> None:
    assert not [q for q in quantities_in(text) if q.value != 1.0 or "auth" not in text]


@pytest.mark.parametrize(
    ("text", "seconds", "off"),
    [
        ("2h15m", 8100.0, 60.0),
        ("2 h 15 min", 8100.0, 60.0),
        ("1 hour and 5 minutes", 3900.0, 60.0),
        ("3d4h", 273600.0, 3600.0),
        ("1m30s", 90.0, 1.0),
    ],
)
def test_a_duration_of_parts_is_one_number_of_seconds(
    text: str, seconds: float, off: float
) -> None:
    quantity = only(f"it ran for {text} in all")
    assert (quantity.value, quantity.half_step, quantity.meanings) == (seconds, off, (SECOND,))


@pytest.mark.parametrize(
    ("text", "per_seconds"),
    [
        ("687 MB an hour", 3600.0),
        ("15 % per hour", 3600.0),
        ("12 requests/s", None),
        ("12/s", 1.0),
        ("3 GB each day", 86400.0),
        ("3 GB", None),
    ],
)
def test_a_rate_is_over_a_span(text: str, per_seconds: float | None) -> None:
    assert only(f"it grows by {text} now").per_seconds == per_seconds


def test_both_usual_readings_of_a_unit_are_known() -> None:
    assert {m.factor for m in only("it uses 3 GB").meanings} == {1e9, 2.0**30}
    assert {m.dimension for m in only("it needs 500m").meanings} == {"seconds", "cores", "count"}


@given(
    value=st.integers(0, 10**9),
    unit=st.sampled_from(sorted(u for u in UNITS if u.isalpha() and u != "ratio")),
)
def test_any_number_with_any_unit_is_read_as_it_was_written(value: int, unit: str) -> None:
    quantity = only(f"it has {value:,} {unit} now")
    assert (quantity.value, quantity.meanings) == (float(value), UNITS[unit])


@given(days=st.integers(0, 9), hours=st.integers(1, 23), minutes=st.integers(1, 59))
def test_any_duration_of_parts_is_their_sum(days: int, hours: int, minutes: int) -> None:
    text = f"{days}d" * bool(days) + f"{hours}h{minutes}m"
    assert only(f"up {text} now").value == days * 86400 + hours * 3600 + minutes * 60


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_numbers(text: str) -> None:
    assert all(q.half_step >= 0 for q in quantities_in(text))


@pytest.mark.parametrize(
    ("key", "unit", "per_seconds"),
    [
        ("memory_bytes", Meaning("bytes", 1.0), None),
        ("p95_seconds", SECOND, None),
        ("latency_ms", Meaning("seconds", 1e-3), None),
        ("growth_bytes_per_hour", Meaning("bytes", 1.0), 3600.0),
        ("per_hour_ratio", Meaning("ratio", 1.0), 3600.0),
        ("slope_per_hour", None, 3600.0),
        ("restarts", None, None),
        ("last", None, None),
    ],
)
def test_keys_of_data_tell_units(key: str, unit: Meaning | None, per_seconds: float | None) -> None:
    assert unit_of_key(key) == (unit, per_seconds)


def test_a_vendors_unit_that_measures_nothing_known_is_none() -> None:
    assert unit_of("messages") is None
    assert unit_of("milliseconds") == Meaning("seconds", 1e-3)
    assert seconds_of("hour") == HOUR.factor
    assert seconds_of("bytes") is None
