"""What a durable workflow can do: remember steps, wait for people, sleep; and how people's words reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from dbos import DBOS

from agent.model import Note, Value
from agent.ports import Durable, Received

T = TypeVar("T")

PEOPLE = "people"
"""The topic on which people's words reach a running workflow."""
_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5


class MailKind(StrEnum):
    """What somebody sent to a running workflow."""

    NOTE = "note"
    STOP = "stop"
    DECISION = "decision"


class Mail(Value):
    """Something sent to a running workflow."""

    kind: MailKind
    user: str
    note: Note | None = None
    proposal: UUID | None = None


class Workflow(Durable, Protocol):
    """A workflow from within."""

    @property
    def id(self) -> str:
        """Its identity, the same when it runs again."""

    async def receive(self, seconds: float) -> Mail | None:
        """The next thing that people sent, waiting at most so long for it; None when nothing came."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a restart does not start the wait anew."""


class DbosWorkflow:
    """The DBOS workflow that this code runs in."""

    @property
    def id(self) -> str:
        """Its identity, the same when it runs again."""
        return DBOS.workflow_id or ""

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` once and remember its result; passing failures are tried again."""

        async def run() -> T:
            return await work()

        return await DBOS.run_step_async(
            {
                "name": name,
                "retries_allowed": True,
                "max_attempts": _ATTEMPTS,
                "interval_seconds": _FIRST_WAIT_SECONDS,
            },
            run,
        )

    async def receive(self, seconds: float) -> Mail | None:
        """The next thing that people sent, waiting at most so long for it."""
        mail = await DBOS.recv_async(PEOPLE, seconds)
        return None if mail is None else Mail.model_validate(mail)

    async def sleep(self, seconds: float) -> None:
        """Wait; a restart does not start the wait anew."""
        await DBOS.sleep_async(seconds)


class PeopleInbox:
    """What people sent to a workflow, as the investigation loop takes it (``agent.ports.Inbox``)."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    async def take(self) -> Received:
        """What came since the last call; returns at once."""
        notes: list[Note] = []
        stop = False
        while (mail := await self._workflow.receive(0)) is not None:
            stop = stop or mail.kind is MailKind.STOP
            if mail.note is not None:
                notes.append(mail.note)
        return Received(notes=tuple(notes), stop=stop)
