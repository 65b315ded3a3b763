"""``kill -9`` at any moment: nothing that people see, decide or change is lost or doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from agent.store.engine import create_engine
from agent.store.repository import Store
from bot.replay import Wanted, replay
from bot.settings import Settings
from tests.e2e.bot_process import BotProcess, Company, Request, company, eventually
from tests.e2e.people import INCIDENTS, Person, plain, spoken

Moment = Callable[[Request], bool]


@dataclass
class Story:
    """The company, the bot and the engineer on call, with the moments at which the bot is to be killed."""

    company: Company
    bot: BotProcess
    database_url: str
    killed_at: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engineer = Person(self.company.running)

    def kill_before(self, *moments: tuple[str, Moment]) -> None:
        """Kill the bot when it asks for something, before it is done; each moment once, in this order."""
        self.company.wire.before = self._killing(list(moments))

    def kill_after(self, *moments: tuple[str, Moment]) -> None:
        """Kill the bot when what it asked for was done, before it hears of it; each once, in this order."""
        self.company.wire.after = self._killing(list(moments))

    def _killing(self, left: list[tuple[str, Moment]]) -> Callable[[Request], None]:
        def look(request: Request) -> None:
            if left and left[0][1](request):
                self.killed_at.append(left.pop(0)[0])
                self.bot.kill()

        return look

    def approve(self, ts: str) -> None:
        """Approve as a person would: try again when Slack says that the app did not answer."""

        def once() -> bool:
            if self.count("approvals"):
                return True
            try:
                offered = self.engineer.waits_for_button("approve_change", ts, 1)
                self.engineer.approves(offered, "go ahead")
            except AssertionError:
                return False
            return bool(self.count("approvals"))

        eventually(once, 60, "the approval was never taken")

    def click_until_acknowledged(self, ts: str) -> None:
        """Approve, and again while Slack says that the app (just started) did not answer in 3 s."""

        def once() -> bool:
            offered = self.engineer.waits_for_button("approve_change", ts)
            try:
                return self.engineer.approves(offered, "go ahead").ok
            except AssertionError:
                return False

        eventually(once, 60, "the approval was never acknowledged")

    def to_the_end(self) -> str:
        """Wait for the alert, approve, wait for the outcome; returns the alert's thread."""
        ts = str(self.engineer.alert()["ts"])
        eventually(lambda: self.buttons(ts) or self.count("approvals"), 90, self.told(ts))
        self.approve(ts)
        eventually(lambda: self.count("outcomes"), 90, self.told(ts))
        eventually(self.is_quiet, 60, self.told(ts))
        return ts

    def buttons(self, ts: str) -> bool:
        """Whether an approval is offered."""
        return "Approve" in str([m.get("blocks") for m in self.engineer.thread(ts)])

    def told(self, ts: str) -> str:
        """For a failure: the thread, and the end of the log."""
        return "\n".join([*self.engineer.said(ts), str(self.killed_at), self.bot.tail()])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the bot's memory."""
        url = self.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            return connection.execute(sql.encode()).fetchall()

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def is_quiet(self) -> bool:
        """Whether no workflow is under way."""
        open_ = "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED')"
        return self.query(open_)[0][0] == 0

    def assert_once(self, ts: str) -> None:
        """Every word was said once, every deed was done once, every record holds."""
        kinds = Counter(kind for (kind,) in self.query("SELECT kind FROM messages"))
        shown = list(spoken(self.engineer.thread(ts)))
        assert len(shown) == self.count("messages"), self.told(ts)
        # A chart has no words but its title.
        said = {plain(m) or str([f["title"] for f in m.get("files", ())]) for m in shown}
        assert len(said) == len(shown), self.told(ts)
        for kind in ("summary", "report", "proposal", "decision", "outcome"):
            assert kinds[kind] == 1, (kind, kinds)
        assert len(self.company.wire.changes) == len({r.path for r in self.company.wire.changes})
        for table in ("investigations", "proposals", "approvals", "outcomes", "patterns"):
            assert self.count(table) == 1, table
        ended = {s for (s,) in self.query("SELECT DISTINCT status FROM dbos.workflow_status")}
        assert ended == {"SUCCESS"}, self.bot.tail()
        assert asyncio.run(_first_wrong_entry(self.database_url)) is None
        self.assert_played_again()

    def assert_played_again(self) -> None:
        """The journal has no gap, and played again from it the investigation is the same byte for byte."""
        ((number,),) = self.query("SELECT id FROM investigations")
        positions = [p for (p,) in self.query("SELECT position FROM journal ORDER BY position")]
        assert positions == list(range(len(positions)))
        told = Console(file=StringIO())
        status = asyncio.run(replay(Settings(), self.database_url, Wanted(number), told))
        assert status == 0, told.file.getvalue()  # type: ignore[attr-defined]


async def _first_wrong_entry(database_url: str) -> int | None:
    store = Store(create_engine(database_url))
    try:
        return await store.audit.verify()
    finally:
        await store.close()


@pytest.fixture
def story(database_url: str, tmp_path: Path) -> Iterator[Story]:
    with company() as served:
        yield Story(
            served, BotProcess(served.url, database_url, tmp_path / "bot.log"), database_url
        )


def nth(number: int, moment: Moment) -> Moment:
    """The nth time that a moment comes."""
    seen = 0

    def look(request: Request) -> bool:
        nonlocal seen
        seen += moment(request)
        return seen >= number and moment(request)

    return look


def posts(request: Request) -> bool:
    return request.path.endswith("/chat.postMessage")


def asks_datadog(request: Request) -> bool:
    return request.path.startswith("/datadog/") and "query" in request.path


def changes(request: Request) -> bool:
    return request.is_change


@pytest.mark.timeout(240)
def test_killed_again_and_again_while_it_investigates(story: Story) -> None:
    story.kill_after(
        ("the summary is posted", posts),
        ("a check is answered", nth(8, asks_datadog)),
        ("the report is posted", nth(2, posts)),
        ("the proposal is posted", posts),
    )
    with story.bot.kept_alive():
        ts = story.to_the_end()
        assert len(story.killed_at) == 4, story.told(ts)
        story.assert_once(ts)


@pytest.mark.timeout(240)
def test_killed_while_it_waits_upon_the_click_and_around_the_change(story: Story) -> None:
    story.bot.start()
    ts = str(story.engineer.alert()["ts"])
    story.engineer.waits_for_button("approve_change", ts)
    story.bot.kill()
    story.bot.start()
    story.click_until_acknowledged(ts)
    story.bot.kill()  # the click was acknowledged: it needs no other
    story.kill_before(("the change is about to be written", changes))
    story.kill_after(
        ("the change is written", changes),
        ("a watched signal is read", asks_datadog),
        ("the outcome is posted", posts),
    )
    with story.bot.kept_alive():
        eventually(lambda: story.count("outcomes"), 90, story.told(ts))
        eventually(story.is_quiet, 60, story.told(ts))
        assert len(story.killed_at) == 4, story.told(ts)
        story.assert_once(ts)


@pytest.mark.timeout(240)
def test_what_happens_while_it_is_down_is_taken_up_once(story: Story) -> None:
    """An alert, a question and its second delivery come while no bot runs; a polite stop loses as little as a kill."""
    slack = story.company.running
    story.bot.start()
    story.bot.kill()
    delivered = _recording(story)
    asked = story.engineer.posts("<@U0SREBOT> who owns checkout in production?", INCIDENTS)
    slack.call(slack.sandbox.workspace.state.delivery.emit, delivered[-1])
    story.bot.start()
    ts = str(story.engineer.alert()["ts"])
    story.engineer.waits_for_button("approve_change", ts)
    story.bot.stop()
    story.bot.start()
    story.approve(ts)
    eventually(lambda: story.count("outcomes"), 60, story.told(ts))
    eventually(story.is_quiet, 60, story.told(ts))
    words = [text for text in story.engineer.said(asked, INCIDENTS) if text]
    assert len(words) == 1, story.told(ts)
    assert story.count("investigations") == 2, "the alert and the question"
    assert not any("failed" in text for text in story.engineer.said(ts)), story.told(ts)
    story.bot.stop()


def _recording(story: Story) -> list[Any]:
    """The events that Slack sends to the app from now on."""
    delivery = story.company.running.sandbox.workspace.state.delivery
    seen: list[Any] = []
    emit = delivery.emit

    def recorded(payload: Any) -> None:
        seen.append(payload)
        emit(payload)

    delivery.emit = recorded  # type: ignore[method-assign]
    return seen


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [20261124])
def test_killed_at_random_moments(story: Story, seed: int) -> None:
    """Anywhere between two requests of a story; a seed gives the same numbers of requests between kills."""
    dice = random.Random(seed)
    left = {"kills": 6, "requests": dice.randint(20, 90)}

    def maybe(request: Request) -> None:
        left["requests"] -= 1
        if left["requests"] <= 0 and left["kills"] > 0:
            left["kills"] -= 1
            left["requests"] = dice.randint(20, 130)
            story.killed_at.append(f"{request.method} {request.path}")
            story.bot.kill()

    story.company.wire.after = maybe
    with story.bot.kept_alive():
        ts = story.to_the_end()
        story.assert_once(ts)
        assert len(story.killed_at) >= 4, story.told(ts)
