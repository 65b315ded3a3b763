"""One database for all cases of a module, emptied before each: making one for each takes longer than most cases do.

Import ``database_url`` and ``store`` into the module; they take the place of the fixtures of the same names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from agent.store.engine import create_engine
from agent.store.repository import Store
from agent.store.tables import Base
from tests import postgres

_TABLES = ", ".join(f'"{name}"' for name in Base.metadata.tables)
_EMPTY = f"SET session_replication_role = replica; TRUNCATE {_TABLES} RESTART IDENTITY CASCADE"
"""Without triggers, of which the audit log has one that refuses this."""


@pytest.fixture(scope="module")
def database_url(postgres_server: str) -> Iterator[str]:
    """URL of the module's database."""
    with postgres.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """The store, empty."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(_EMPTY)
    engine = create_engine(database_url)
    yield Store(engine)
    await engine.dispose()
