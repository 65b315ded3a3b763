"""Messages are laid out under headings, days and thread bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.page.people import Directory
from sandbox.page.transcript import lay_out
from tests.unit.sandbox.page.fake_workspace import BOT, ENGINEER, LEAD, FakeWorkspace

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).astimezone()
DIRECTORY = Directory.of(FakeWorkspace(), ENGINEER)


def message(minutes_ago: float, user: str = LEAD, **more: Any) -> dict[str, Any]:
    ts = (NOW - timedelta(minutes=minutes_ago)).timestamp()
    return {"ts": f"{ts:.6f}", "user": user, "text": "hello", **more}


def test_messages_of_one_author_within_five_minutes_share_a_heading() -> None:
    lines = lay_out([message(9), message(6), message(0.5), message(0, ENGINEER)], DIRECTORY, NOW)
    assert [line.has_heading for line in lines] == [True, False, True, True]


def test_bots_with_one_bot_id_but_two_names_do_not_share_a_heading() -> None:
    first = message(2, bot_id="B1", username="Datadog")
    second = message(1, bot_id="B1", username="PagerDuty")
    lines = lay_out([first, second], DIRECTORY, NOW)
    assert [line.author.name for line in lines] == ["Datadog", "PagerDuty"]
    assert [line.has_heading for line in lines] == [True, True]
    assert all(line.author.is_app for line in lines)


def test_a_new_day_gets_a_divider_but_not_in_a_thread() -> None:
    both = [message(60 * 24), message(1)]
    assert [line.day for line in lay_out(both, DIRECTORY, NOW)] == ["Yesterday", "Today"]
    assert [line.day for line in lay_out(both, DIRECTORY, NOW, in_thread=True)] == ["", ""]


def test_a_message_with_replies_has_a_bar_with_faces() -> None:
    parent = message(
        30, reply_count=2, latest_reply=message(5)["ts"], reply_users=[BOT, ENGINEER, "U_GONE"]
    )
    (line,) = lay_out([parent], DIRECTORY, NOW)
    assert line.thread is not None
    assert (line.thread.count, line.thread.last) == (2, "5 minutes ago")
    assert [face.name for face in line.thread.faces] == ["srebot", "Maya Lindqvist"]


def test_reactions_say_who_and_whether_it_was_me() -> None:
    reaction = {"name": "eyes", "users": [ENGINEER, LEAD], "count": 2}
    (line,) = lay_out([message(1, reactions=[reaction])], DIRECTORY, NOW)
    assert (line.reactions[0].character, line.reactions[0].mine) == ("👀", True)
    assert line.reactions[0].who == "Maya Lindqvist, Jonas Weber"
