"""What a durable workflow can do: remember steps, wait for people, write to others; and how people's words reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import structlog
from dbos import DBOS
from dbos import error as dbos_error

from agent.errors import SrebotError, Unreachable
from agent.investigation.directives import directives_in
from agent.model import Note, Value
from agent.ports import Directive, Durable, Received

T = TypeVar("T")

PEOPLE = "people"
"""The topic on which people's words reach a running workflow."""
_ATTEMPTS = 18
_FIRST_WAIT_SECONDS = 0.5
_BACKOFF = 1.5
"""A step that fails on what may pass is tried again for about a quarter of an hour: Slack or the database may be away."""
_SEND_ATTEMPTS = 30
_SEND_WAIT_SECONDS = 2.0
_LASTING = (
    SrebotError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)
"""Failures that trying again does not mend: our own refusals, and defects."""


_log = structlog.get_logger(__name__)


def may_pass(error: BaseException) -> bool:
    """Whether a step that failed so deserves another try."""
    return isinstance(error, Unreachable) or not isinstance(error, _LASTING)


def name_of(error: BaseException) -> str:
    """What kind of failure ended a workflow; of one that was tried again and again, the last."""
    tried = getattr(error, "errors", None)
    return type(tried[-1] if isinstance(tried, list) and tried else error).__name__


class MailKind(StrEnum):
    """What somebody sent to a running workflow."""

    NOTE = "note"
    STOP = "stop"
    DECISION = "decision"
    DIRECTIVE = "directive"


class Mail(Value):
    """Something sent to a running workflow."""

    kind: MailKind
    user: str
    note: Note | None = None
    proposal: UUID | None = None
    directive: Directive | None = None


class Workflow(Durable, Protocol):
    """A workflow from within."""

    @property
    def id(self) -> str:
        """Its identity, the same when it runs again."""

    async def receive(self, seconds: float) -> Mail | None:
        """The next thing that people sent, waiting at most so long for it; None when nothing came.

        A restart does not start the wait anew.
        """

    async def send(self, destination: str, mail: Mail, key: str) -> None:
        """Send something to another workflow, once per ``key``."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a restart does not start the wait anew."""

    @property
    def may_have_mail(self) -> bool:
        """Whether somebody may have sent something, as far as the last steps saw; the same when it runs again."""


class Mailbox(Protocol):
    """Knows whether something lies in the post of a workflow."""

    async def waits(self, workflow: str) -> bool:
        """Whether something was sent to it that it has not received."""


class _Noted(NamedTuple):
    """A step's result, and whether mail waited when it was done."""

    result: Any
    mail: bool


class DbosWorkflow:
    """The DBOS workflow that this code runs in.

    Args:
        mailbox: looked into at the end of each step, which is much cheaper than to receive nothing: DBOS writes down
            every look of its own. Without it there may always be mail.
    """

    def __init__(self, mailbox: Mailbox | None = None) -> None:
        self._mailbox = mailbox
        self._may_have_mail = mailbox is None

    @property
    def id(self) -> str:
        """Its identity, the same when it runs again."""
        return DBOS.workflow_id or ""

    @property
    def may_have_mail(self) -> bool:
        """Whether somebody may have sent something: it rests on what steps remember, so a restart sees the same."""
        return self._may_have_mail

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` once and remember its result; passing failures are tried again."""
        if (mailbox := self._mailbox) is None:
            return await self._remembered(name, work)
        identity = self.id

        async def noting() -> _Noted:
            return _Noted(await work(), await mailbox.waits(identity))

        done = await self._remembered(name, noting)
        self._may_have_mail |= done.mail
        result: T = done.result
        return result

    async def _remembered(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await work()

        return await DBOS.run_step_async(
            {
                "name": name,
                "retries_allowed": True,
                "max_attempts": _ATTEMPTS,
                "interval_seconds": _FIRST_WAIT_SECONDS,
                "backoff_rate": _BACKOFF,
                "should_retry": may_pass,
            },
            run,
        )

    async def receive(self, seconds: float) -> Mail | None:
        """The next thing that people sent, waiting at most so long for it."""
        mail = await DBOS.recv_async(PEOPLE, seconds)
        if mail is None and self._mailbox is not None:
            self._may_have_mail = False
        return None if mail is None else Mail.model_validate(mail)

    async def sleep(self, seconds: float) -> None:
        """Wait; a restart does not start the wait anew."""
        await DBOS.sleep_async(seconds)

    async def send(self, destination: str, mail: Mail, key: str) -> None:
        """Send something to another workflow, once per ``key``.

        One that is about to start (its investigation has a number already) is waited for. What has ended takes the
        mail and does nothing.
        """
        for _ in range(_SEND_ATTEMPTS):
            try:
                await DBOS.send_async(
                    destination, mail.model_dump(mode="json"), PEOPLE, idempotency_key=key
                )
            except dbos_error.DBOSNonExistentWorkflowError:
                await DBOS.sleep_async(_SEND_WAIT_SECONDS)
            else:
                return
        _log.warning("mail_undeliverable", destination=destination, kind=mail.kind.value)


class PeopleInbox:
    """What people sent to a workflow, as the investigation loop takes it (``agent.ports.Inbox``).

    Args:
        workflow: whose mail is read.
        first: what came before the workflow began, given out with the first look.
    """

    def __init__(self, workflow: Workflow, first: Received | None = None) -> None:
        self._workflow = workflow
        self._first = first or Received()

    async def take(self) -> Received:
        """What came since the last call; returns at once."""
        received, self._first = self._first, Received()
        while self._workflow.may_have_mail:
            if (mail := await self._workflow.receive(0)) is None:
                break
            received = _with(received, mail)
        return received


def _with(received: Received, mail: Mail) -> Received:
    """What was received, and a further mail."""
    notes = () if mail.note is None else (mail.note,)
    wishes = directives_in(mail.note) if mail.note is not None else ()
    own = () if mail.directive is None else (mail.directive,)
    return Received(
        notes=(*received.notes, *notes),
        directives=(*received.directives, *wishes, *own),
        stop=received.stop or mail.kind is MailKind.STOP,
    )
