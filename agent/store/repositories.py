"""What all repositories share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from agent.store.engine import Sessions


class Repository:
    """Reads and writes one noun. A method is its own short transaction, unless it is given a session to take part in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @asynccontextmanager
    async def _transaction(
        self, session: AsyncSession | None = None
    ) -> AsyncIterator[AsyncSession]:
        if session is not None:
            yield session
            return
        async with self._sessions.begin() as own:
            yield own
