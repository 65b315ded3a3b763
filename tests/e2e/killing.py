"""A story whose bot is killed with -9, and what has to hold of it whatever the moment: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any

import psycopg
from rich.console import Console

from agent.store.engine import create_engine
from agent.store.repository import Store
from bot.replay import Wanted, replay
from bot.settings import Settings
from tests.e2e.bot_process import BotProcess, Company, Request, eventually
from tests.e2e.people import Person, plain, spoken

Moment = Callable[[Request], bool]


@dataclass
class Story:
    """The company, the bot and the engineer on call, with the moments at which the bot is to be killed."""

    company: Company
    bot: BotProcess
    database_url: str
    killed_at: list[str] = field(default_factory=list)
    begun: bool = False
    """Whether the alert has come."""

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

    def kill_at_random(self, seed: int, kills: int, first: int = 90, apart: int = 130) -> None:
        """Kill the bot so many times, anywhere between two requests once the alert came; a seed gives the same
        numbers of requests between.

        Args:
            seed: of the dice.
            kills: how many.
            first: at most so many requests come before the first.
            apart: and so many between two.
        """
        dice = random.Random(seed)
        left = {"kills": kills, "requests": dice.randint(20, first)}

        def maybe(request: Request) -> None:
            if not self.begun:
                return
            left["requests"] -= 1
            if left["requests"] <= 0 and left["kills"] > 0:
                left["kills"] -= 1
                left["requests"] = dice.randint(20, apart)
                self.killed_at.append(f"{request.method} {request.path}")
                self.bot.kill()

        self.company.wire.after = maybe

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

    def to_the_end(self, patience_seconds: float = 90.0) -> str:
        """Wait for the alert, approve, wait for the outcome; returns the alert's thread."""
        ts = str(self.engineer.alert()["ts"])
        self.begun = True
        told = partial(self.told, ts)
        eventually(lambda: self.buttons(ts) or self.count("approvals"), patience_seconds, told)
        self.approve(ts)
        eventually(lambda: self.count("outcomes"), patience_seconds, told)
        eventually(self.is_quiet, patience_seconds, told)
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
