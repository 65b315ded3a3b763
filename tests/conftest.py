"""Fixtures for all tests: a fresh, migrated database on a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

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
