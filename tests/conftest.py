"""Fixtures for all tests: a fresh, migrated database on a real PostgreSQL."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from itertools import zip_longest

import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.store.engine import create_engine
from agent.store.repository import Store
from tests import postgres

# A commit passes in CI or it does not: the same examples each time. Everybody else searches on.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command under test takes the log over; its stream is closed after the test."""
    loggers = [logging.getLogger(name) for name in ("", "dbos")]
    before = [(log, log.handlers[:], log.level, log.propagate) for log in loggers]
    yield
    for log, handlers, level, propagate in before:
        log.handlers[:], log.propagate = handlers, propagate
        log.setLevel(level)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of the tests' server."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh database with the newest schema."""
    with postgres.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh database without any table."""
    with postgres.fresh_database(postgres_server, migrated=False) as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a fresh database."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> Store:
    """The store on a fresh database."""
    return Store(engine)


LONG = ("integration/test_modes_", "unit/sandbox/world/", "integration/test_embedded")
"""Files that keep a worker busy for long; those of whole bots besides."""


def pytest_configure(config: pytest.Config) -> None:
    """Let workers take files in our order: xdist's own begins with those of most tests, and whole bots have few."""
    config.option.loadscopereorder = False


ONCE_MORE = pytest.mark.flaky(reruns=1)
"""For what runs against wall clocks that are not ours (Slack waits 3 s for an app): on CI's machine, which it shares, such a
test may fail once. Each such failure is listed as a rerun in the summary; at a desk nothing is repeated."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Among workers, what takes long comes first, and whole bots in turn with what is no bot: a few run at once."""
    if os.environ.get("CI"):
        for item in items:
            if any(part in item.nodeid for part in ("e2e/", "integration/")):
                item.add_marker(ONCE_MORE)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    bots = [f for f in files if "e2e/" in f]
    long = [f for f in files if any(part in f for part in LONG)]
    mixed = [f for pair in zip_longest(bots, long) for f in pair if f]
    others = [f for f in files if f not in {*bots, *long}]
    items[:] = [item for f in (*mixed, *others) for item in files[f]]
