"""What people's words ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.intent import Intent, bare, intent_of


@pytest.mark.parametrize(
    "text",
    [
        "investigate cart",
        "please look into the failing logins",
        "can you check why checkout is slow?",
        "why is cart so slow?",
        "<@U0SREBOT> why are logins failing?",
        "why can't customers log in",
        "what is wrong with search?",
        "what's going on with redis-reco",
        "debug session errors",
    ],
)
def test_requests_to_investigate(text: str) -> None:
    assert intent_of(text) is Intent.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "who owns redis-reco?",
        "what depends on redis-reco?",
        "what was rolled out in the last 24 hours?",
        "why do we use Redis for sessions?",
        "how much memory does cart have?",
        "is the stop button broken?",
    ],
)
def test_questions(text: str) -> None:
    assert intent_of(text) is Intent.QUESTION


@pytest.mark.parametrize(
    "text", ["stop", "Stop!", "please stop", "stop it", "cancel", "stop investigating."]
)
def test_a_stop(text: str) -> None:
    assert intent_of(text) is Intent.STOP


@pytest.mark.parametrize(
    "text", ["stop the backup job first", "it stopped", "do not stop", "enough memory is free"]
)
def test_what_only_speaks_of_stopping_stops_nothing(text: str) -> None:
    assert intent_of(text) is not Intent.STOP


@pytest.mark.parametrize("text", ["", "  ", "<@U0SREBOT>", "help", "Hello!", "what can you do?"])
def test_help(text: str) -> None:
    assert intent_of(text) is Intent.HELP


@given(st.text(max_size=300))
def test_any_text_has_an_intent(text: str) -> None:
    assert intent_of(text) in Intent
    assert bare(bare(text)) == bare(text) or "<@" in bare(text)
