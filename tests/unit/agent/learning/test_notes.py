"""What is worth keeping of what people say in a thread."""

from __future__ import annotations

import pytest

from agent.learning.notes import worth_keeping


@pytest.mark.parametrize(
    "text",
    [
        "always check the backup job first",
        "Never restart redis-reco during the nightly export, it loses the queue",
        "Check the backup job first when latency climbs at night",
        "the spike at 3 is by design: the reindex runs then",
        "remember that auth-report only runs on the first of a month",
        "don't scale checkout below 4, payments falls over",
    ],
)
def test_what_holds_beyond_the_moment_is(text: str) -> None:
    assert worth_keeping(text)


@pytest.mark.parametrize(
    "text",
    [
        "looking into it right now",
        "is it the backup job?",
        "should we always restart it?",
        "thanks!",
        "never",
        "errors are back to normal",
        "the pool of auth is full",
        "always " + "x" * 600,
    ],
)
def test_what_is_of_now_a_question_or_no_statement_is_not(text: str) -> None:
    assert not worth_keeping(text)
