"""What lies in the post of workflows, as DBOS keeps it in the same database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import text

from agent.store.batches import GroupCommit
from agent.store.engine import Sessions

_WAITING = text("""
SELECT DISTINCT destination_uuid FROM dbos.notifications
WHERE NOT consumed AND destination_uuid = ANY(:workflows)
""")

_Question = tuple[str, "asyncio.Future[bool]"]


class Post:
    """Says whether mail waits for workflows; those that ask while a look is under way share the next one."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._looks: GroupCommit[_Question] = GroupCommit(self._look)

    async def waits(self, workflow: str) -> bool:
        """Whether something was sent to a workflow that it has not received (``agent.workflow.Mailbox``)."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        await self._looks.add((workflow, answer))
        return await answer

    async def _look(self, questions: Sequence[_Question]) -> None:
        asked = [workflow for workflow, _ in questions]
        async with self._sessions() as session:
            found = set((await session.execute(_WAITING, {"workflows": asked})).scalars())
        for workflow, answer in questions:
            if not answer.done():
                answer.set_result(workflow in found)
