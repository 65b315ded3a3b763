"""A scene: a simulated company, a bot process that works for it, and the bot's memory to look into afterwards."""

from __future__ import annotations

import asyncio
import tempfile
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agent.model import Case
from agent.store.audit import AuditEntry
from agent.store.engine import create_engine
from agent.store.repository import Store
from tests import postgres
from tests.e2e.bot_process import BotProcess, Company, company
from tests.e2e.people import ENGINEER, Person

T = TypeVar("T")
_MANY = 1_000


@dataclass(frozen=True)
class Scene:
    """Everything that a story needs."""

    company: Company
    bot: BotProcess
    database_url: str

    def person(self, user: str = ENGINEER) -> Person:
        """One of the company's people at Slack."""
        return Person(self.company.running, user)

    def read(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """What ``work`` reads from the bot's database."""

        async def reading() -> T:
            store = Store(create_engine(self.database_url))
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(reading())

    def case(self, number: int) -> Case:
        """An investigation as stored."""
        return self.read(lambda store: store.cases.load(number))

    def case_of(self, thread: str, channel: str) -> Case | None:
        """The latest investigation that is talked about in a thread."""

        async def work(store: Store) -> Case | None:
            found = await store.investigations.by_thread(channel, thread)
            return await store.cases.load(found.id) if found else None

        return self.read(work)

    def audit(self, action: str = "") -> list[AuditEntry]:
        """The audit log, oldest first; only one kind of entry if ``action`` is given."""
        entries = self.read(lambda store: store.audit.entries(_MANY))
        return [e for e in reversed(entries) if action in ("", e.action)]

    def page(self, path: str) -> tuple[int, str]:
        """Status and body of one of the bot's pages."""
        try:
            with urllib.request.urlopen(f"{self.bot.pages}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def evidence_page(self, case: Case, number: int) -> tuple[int, str]:
        """Status and body of the page that the citation ``[number]`` opens."""
        return self.page(f"/investigations/{case.investigation.id}/evidence/{number}")

    def changes(self) -> list[tuple[str, str]]:
        """The writes that the cluster accepted from the bot, as method and path."""
        return [(r.method, r.path.removeprefix("/k8s")) for r in self.company.wire.changes]

    def object(self, kind: str, name: str, namespace: str = "production") -> Any:
        """An object of the cluster, as it is now."""
        running = self.company.running
        return running.call(running.sandbox.store.get, kind, namespace, name)


@contextmanager
def scene(
    server: str,
    scenario: str = "redis-memory-pressure",
    settings: Mapping[str, str] | None = None,
    **options: Any,
) -> Iterator[Scene]:
    """A scene that begins when the bot is ready and ends with the bot's death.

    Args:
        server: the URL of a PostgreSQL server.
        scenario: what goes wrong at the company.
        settings: of the bot, beside those that connect it.
        options: of the sandbox; see ``sandbox.app.build``.
    """
    with (
        postgres.fresh_database(server) as database_url,
        tempfile.TemporaryDirectory(prefix="srebot-scene-") as folder,
        company(scenario, **options) as served,
    ):
        bot = BotProcess(served.url, database_url, Path(folder) / "srebot.log", settings)
        try:
            bot.start()
            yield Scene(served, bot, database_url)
        finally:
            bot.stop()
