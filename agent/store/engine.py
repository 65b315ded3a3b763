"""Connections to PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.ext.asyncio import create_async_engine as _create_async_engine

from agent.errors import SrebotError

STATEMENT_TIMEOUT_SECONDS = 15.0
LOCK_TIMEOUT_SECONDS = 10.0
POOL_SIZE = 10
POOL_OVERFLOW = 10

Sessions = async_sessionmaker[AsyncSession]


def normalise(url: str | URL) -> URL:
    """The URL with psycopg 3 as its driver.

    Raises:
        SrebotError: it is not a PostgreSQL URL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("postgres", "postgresql"):
        raise SrebotError(
            f"DATABASE_URL names {parsed.get_backend_name()!r}; srebot needs PostgreSQL: "
            "postgresql://user:password@host:5432/database"
        )
    return parsed.set(drivername="postgresql+psycopg")


def create_engine(
    url: str | URL,
    *,
    pool_size: int = POOL_SIZE,
    statement_timeout_seconds: float = STATEMENT_TIMEOUT_SECONDS,
) -> AsyncEngine:
    """An asynchronous engine; connections are opened when first needed and checked before use."""
    engine = _create_async_engine(
        normalise(url), pool_size=pool_size, max_overflow=POOL_OVERFLOW, pool_pre_ping=True
    )

    # Not as start-up options: poolers such as PgBouncer refuse those.
    @event.listens_for(engine.sync_engine, "connect")
    def limit_waiting(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {int(statement_timeout_seconds * 1000)}")
        cursor.execute(f"SET lock_timeout = {int(LOCK_TIMEOUT_SECONDS * 1000)}")
        cursor.execute("SET timezone = 'UTC'")
        cursor.close()
        connection.commit()

    return engine


def session_factory(engine: AsyncEngine) -> Sessions:
    """Sessions whose values stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
