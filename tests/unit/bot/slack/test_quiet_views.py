"""The digest: what alike of it together, each entry to be judged, the words of people below it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agent.awareness.digest import alike, due_at
from agent.awareness.issues import Precision
from agent.model import Decision
from bot.slack.views import quiet
from bot.slack.views.render import Views
from tests.unit.bot.slack import cases

VIEWS = Views("https://srebot.example")


def many(count: int) -> list[Any]:
    return [cases.decided(n, combination=f"c{n}", title=f"Alert {n}") for n in range(1, count + 1)]


def actions(blocks: Any, action: str) -> list[str]:
    return [
        e["value"] for b in blocks for e in b.get("elements", ()) if e.get("action_id") == action
    ]


class TestAlike:
    """Decisions of one combination are one entry."""

    def test_they_are_counted_and_the_latest_stands_for_all(self) -> None:
        later = cases.NOW + timedelta(hours=1)
        (kept,) = alike(
            [cases.decided(1, recovered_at=later), cases.decided(2, at=later), cases.decided(3)]
        )
        assert (kept.count, kept.recovered, kept.latest.id) == (3, 1, 2)
        assert (kept.since, len(kept.decisions)) == (cases.NOW, 3)

    def test_what_matters_most_comes_first_and_then_what_comes_most(self) -> None:
        rare = cases.decided(1, combination="rare")
        often = [cases.decided(n, combination="often") for n in (2, 3)]
        grave = cases.decided(4, combination="grave", impact=0.8)
        assert [k.latest.combination for k in alike([rare, *often, grave])] == [
            "grave",
            "often",
            "rare",
        ]


def test_a_digest_is_due_once_a_day() -> None:
    at = cases.NOW.replace(hour=8, minute=0)
    assert due_at(at, 8) == at
    assert due_at(at - timedelta(seconds=1), 8) == at - timedelta(days=1)
    assert due_at(at + timedelta(hours=15, minutes=59), 8) == at


class TestDigest:
    """One message a day."""

    def test_each_entry_says_why_and_has_both_buttons(self) -> None:
        message = quiet.digest(VIEWS, many(2), [])
        assert actions(message.blocks, "quiet_told") == ["1", "2"]
        assert actions(message.blocks, "quiet_right") == ["1", "2"]
        shown = str(message.blocks)
        assert "Alert 1" in shown
        assert "9 of 9 like it recovered by themselves" in shown
        assert "cart, staging" in shown
        assert message.text == "What I kept quiet about: 2 signals of 2 kinds"

    def test_ten_are_shown_and_the_page_has_all(self) -> None:
        message = quiet.digest(VIEWS, many(33), [])
        assert len(actions(message.blocks, "quiet_told")) == 10
        assert "<https://srebot.example/quiet|and 23 more>" in str(message.blocks)

    def test_what_emerges_stands_above_what_was_quiet(self) -> None:
        message = quiet.digest(VIEWS, many(1), [cases.emerging()])
        assert "redis-reco runs full at 07:40" in message.blocks[1]["text"]["text"]
        assert message.text.endswith("1 signal of 1 kind, 1 emerging issue")

    def test_watched_and_left_alone_are_told_apart(self) -> None:
        watched = str(quiet.digest(VIEWS, [cases.decided(decision=Decision.WATCH)], []).blocks)
        assert ":eyes:" in watched
        assert ":zzz:" in str(quiet.digest(VIEWS, many(1), []).blocks)

    def test_it_says_how_often_speaking_unasked_was_of_use(self) -> None:
        channels = [
            Precision(
                channel=c, used=u, ignored=1, contradicted=0, pending=9, posted_today=1, budget=40
            )
            for c, u in (("C1", 3), ("C2", 5))
        ]
        shown = str(quiet.digest(VIEWS, many(1), [], channels).blocks)
        assert "Of 10 messages that nobody asked for, 8 were of use (80%)" in shown


class TestMarks:
    """People's words stand below the entry that they are on."""

    def marked(self, payload: dict[str, Any], user: str, *, told: bool, on: str = "1") -> Any:
        message = quiet.marked(payload, on, user, told=told)
        assert message is not None
        return message.payload()

    def words(self, payload: dict[str, Any]) -> list[str]:
        return [
            b["elements"][0]["text"]
            for b in payload["blocks"]
            if b.get("block_id", "").endswith("-said")
        ]

    def test_the_last_word_of_each_person_stands(self) -> None:
        payload = quiet.digest(VIEWS, many(2), []).payload()
        payload = self.marked(payload, "U1", told=True)
        payload = self.marked(payload, "U2", told=False)
        payload = self.marked(payload, "U1", told=False)
        assert self.words(payload) == ["<@U2>: right  ·  <@U1>: right"]

    def test_each_entry_has_its_own(self) -> None:
        payload = quiet.digest(VIEWS, many(2), []).payload()
        payload = self.marked(payload, "U1", told=True, on="2")
        payload = self.marked(payload, "U1", told=False, on="1")
        assert self.words(payload) == ["<@U1>: right", "<@U1>: should have been told"]
        assert actions(payload["blocks"], "quiet_told") == ["1", "2"], (
            "people may change their mind"
        )

    def test_an_entry_that_is_not_there_is_not_marked(self) -> None:
        payload = quiet.digest(VIEWS, many(1), []).payload()
        assert quiet.marked(payload, "99", "U1", told=True) is None


def test_on_demand_nothing_is_said_as_nothing() -> None:
    assert quiet.on_demand(VIEWS, [], whole=False, days=1).text == (
        "I kept nothing quiet in the last 24 hours."
    )


def test_on_demand_all_shows_more() -> None:
    assert (
        len(actions(quiet.on_demand(VIEWS, many(30), whole=True, days=7).blocks, "quiet_told"))
        == 20
    )
    brief = quiet.on_demand(VIEWS, many(30), whole=False, days=1)
    assert len(actions(brief.blocks, "quiet_told")) == 10
    assert "/investigate quiet all" in str(brief.blocks)


def test_home_shows_the_precision_of_each_channel() -> None:
    channel = Precision(
        channel="C0ALERTS", used=3, ignored=1, contradicted=0, pending=2, posted_today=5, budget=40
    )
    shown = str(VIEWS.home([], [], [channel])["blocks"])
    assert "<#C0ALERTS>" in shown
    assert "75 %" in shown
    assert "today 5 of 40" in shown
