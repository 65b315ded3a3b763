"""How observations are written, and what is struck from them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.masking import MARK, mask_setting, mask_text
from integrations.text import OBSERVATION_CHARACTERS, iso, lines, number, parse_time, size


@given(st.lists(st.text(max_size=2_000), max_size=80))
def test_an_observation_keeps_its_size(parts):
    assert len(lines(parts)) <= OBSERVATION_CHARACTERS


def test_lines_are_left_out_whole_and_counted():
    text = lines([f"line {i} " + "x" * 80 for i in range(100)])
    kept = text.splitlines()
    assert all(line.endswith("x" * 80) for line in kept[:-1])
    assert kept[-1] == f"... {100 - (len(kept) - 1)} more lines left out"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (0, "0"),
        (0.000012, "1.200e-05"),
        (0.97251, "0.9725"),
        (12345.6, "12,350"),
        (95, "95"),
        (12_730_000_000, "12,730,000,000"),
        (-1242000, "-1,242,000"),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert number(value) == text


def test_sizes_have_binary_units():
    assert [size(v) for v in (16 * 2**30, 1.5 * 2**20, 12, None)] == ["16Gi", "1.5Mi", "12", "none"]


def test_times_are_utc_to_the_second():
    assert iso(datetime(2026, 11, 24, 3, 0, 5, 99, UTC)) == "2026-11-24T03:00:05Z"
    assert parse_time("2026-11-24T04:00:00+01:00") == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert parse_time("yesterday") is None


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DB_PASSWORD", "hunter2", MARK),
        ("TOKEN_SIGNING_KEY", "abc", MARK),
        ("TOKEN_TTL_SECONDS", "3600", "3600"),
        (
            "DATABASE_URL",
            "postgresql://auth:s3cret@auth-db:5432/auth",
            f"postgresql://auth:{MARK}@auth-db:5432/auth",
        ),
        ("LOG_LEVEL", "info", "info"),
        ("KEYSPACE", "orders", "orders"),
    ],
)
def test_settings_are_shown_without_their_secrets(name, value, shown):
    assert mask_setting(name, value) == shown


def test_secrets_in_text_are_struck():
    assert "hunter2" not in mask_text("connecting with password=hunter2 to db")
