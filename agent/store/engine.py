"""Connections to PostgreSQL."""

from __future__ import annotations

import time
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.ext.asyncio import create_async_engine as _create_async_engine

from agent.errors import SrebotError

STATEMENT_TIMEOUT_SECONDS = 15.0
LOCK_TIMEOUT_SECONDS = 10.0
POOL_SIZE = 10
POOL_OVERFLOW = 10
RESTED_SECONDS = 1.0
"""A connection that was not used for longer is probed before it is used again."""

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
    """An asynchronous engine; connections are opened when first needed, and checked before use when they rested."""
    engine = _create_async_engine(
        normalise(url),
        pool_size=pool_size,
        max_overflow=POOL_OVERFLOW,
        json_serializer=lambda value: to_json(value).decode(),
        json_deserializer=from_json,
    )
    _probe_what_rested(engine)

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


def _probe_what_rested(engine: AsyncEngine) -> None:
    """The pool's own probe asks before every use, which under load is a third of all that the database is asked."""
    dialect: Any = engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def probe(connection: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        if now - record.info.get("used_at", now) <= RESTED_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection was lost while it rested") from error


def session_factory(engine: AsyncEngine) -> Sessions:
    """Sessions whose values stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
