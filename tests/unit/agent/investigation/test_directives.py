"""What replies in a thread want."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.directives import directives_in
from agent.model import Note
from agent.ports import Wish

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def wishes(text: str) -> list[tuple[str, str]]:
    found = directives_in(Note(user="U1", text=text, at=NOW))
    return [(d.wish.value, d.subject) for d in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("continue", [("go_on", "")]),
        ("ok, please go on", [("go_on", "")]),
        ("keep going!", [("go_on", "")]),
        ("dig deeper", [("deeper", "deep")]),
        ("you can raise the budget", [("deeper", "deep")]),
        ("budget 10m", [("deeper", "10m")]),
        ("look again with --budget 2.5usd", [("deeper", "2.5usd")]),
        ("look at session-db", [("look_at", "session-db")]),
        ("can you check `redis-reco` please", [("look_at", "redis-reco")]),
        ("have a look at the logs of auth.", [("look_at", "auth")]),
        ("what about the service checkout?", [("look_at", "checkout")]),
        ("not it", [("not_it", "")]),
        ("no, that's not it", [("not_it", "")]),
        ("it's not the backup", [("not_it", "backup")]),
        ("not H2", [("not_it", "H2")]),
        ("redis-reco-backup is not the cause", [("not_it", "redis-reco-backup")]),
        (
            "not the backup, look at session-db",
            [("not_it", "backup"), ("look_at", "session-db")],
        ),
    ],
)
def test_wishes_are_read(text: str, wanted: list[tuple[str, str]]) -> None:
    assert wishes(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "we moved sessions to redis-reco last month",
        "thanks, good work",
        "I am not sure",
        "it is not working for me either",
        "we will continue the rollout tomorrow",
        "look at this",
        "the budget of the team is fine",
        "it should not be so slow",
    ],
)
def test_talk_is_context_only(text: str) -> None:
    assert wishes(text) == []


@given(st.text(max_size=400))
def test_any_text_is_read_without_harm(text: str) -> None:
    for directive in directives_in(Note(user="U1", text=text, at=NOW)):
        assert directive.wish in Wish and len(directive.subject) <= 120
