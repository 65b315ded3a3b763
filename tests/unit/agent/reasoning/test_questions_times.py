"""Moments as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasoning.questions.times import since

NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
"""A Wednesday."""


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("since 02:00", "2026-11-25T02:00"),
        ("since 23:00", "2026-11-24T23:00"),
        ("since 2am", "2026-11-25T02:00"),
        ("since 2:30 pm", "2026-11-24T14:30"),
        ("since noon", "2026-11-24T12:00"),
        ("since midnight", "2026-11-25T00:00"),
        ("since 02:00 yesterday", "2026-11-24T02:00"),
        ("since yesterday", "2026-11-24T00:00"),
        ("since yesterday at 22:00", "2026-11-24T22:00"),
        ("since last night", "2026-11-24T18:00"),
        ("today", "2026-11-25T00:00"),
        ("this week", "2026-11-23T00:00"),
        ("last week", "2026-11-16T00:00"),
        ("since Monday", "2026-11-23T00:00"),
        ("since Wednesday", "2026-11-25T00:00"),
        ("since last wednesday", "2026-11-18T00:00"),
        ("since tuesday at 5pm", "2026-11-24T17:00"),
        ("in the last 3 hours", "2026-11-25T00:10"),
        ("in the past hour", "2026-11-25T02:10"),
        ("last 30 min", "2026-11-25T02:40"),
        ("over the last two days", "2026-11-23T03:10"),
        ("two hours ago", "2026-11-25T01:10"),
        ("since 2026-11-24T02:00:00Z", "2026-11-24T02:00"),
        ("since 24 Nov", "2026-11-24T00:00"),
        ("since Nov 24 14:30", "2026-11-24T14:30"),
        ("since 1 December", "2025-12-01T00:00"),
        ("since 04:00 +02:00", "2026-11-25T02:00"),
        ("since 4:00 CET", "2026-11-25T03:00"),
    ],
)
def test_a_moment_is_understood(said: str, start: str) -> None:
    found = since(f"what changed around auth {said}?", NOW)
    assert found is not None
    assert found.start.isoformat()[:16] == start


def test_yesterday_alone_ends_with_the_day() -> None:
    found = since("what changed yesterday", NOW)
    assert found is not None
    assert found.until == datetime(2026, 11, 25, tzinfo=UTC)
    assert found.words == "yesterday"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("since 02:00", "since today 02:00 UTC"),
        ("since yesterday", "since yesterday 00:00 UTC"),
        ("in the last 3 hours", "in the last 3 hours"),
        ("last hour", "in the last hour"),
    ],
)
def test_the_answer_says_how_it_was_understood(said: str, words: str) -> None:
    found = since(said, NOW)
    assert found is not None
    assert found.words == words


@pytest.mark.parametrize("said", ["since 31 Feb", "99999 weeks ago", "since 2", "auth-2 at 3", ""])
def test_what_is_no_moment_is_none(said: str) -> None:
    assert since(said, NOW) is None


@given(
    st.text(max_size=120)
    | st.lists(
        st.sampled_from(
            [
                "since",
                "from",
                "last",
                "past",
                "the",
                "in",
                "3",
                "02:00",
                "25:99",
                "am",
                "pm",
                "yesterday",
                "today",
                "monday",
                "nov",
                "24",
                "30",
                "2026-02-30",
                "2026-11-24",
                "hours",
                "ago",
                "utc",
                "+02:00",
                "+99:99",
                "night",
                "noon",
                "week",
            ]
        ),
        max_size=9,
    ).map(" ".join)
)
def test_whatever_is_said_a_span_lies_in_the_past_and_in_the_text(text: str) -> None:
    found = since(text, NOW)
    if found is not None:
        assert found.start <= NOW
        assert found.start.tzinfo is not None
        assert 0 <= found.span[0] < found.span[1] <= len(text)
