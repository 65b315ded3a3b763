"""The journal of an investigation: the result of every durable step, kept so that the whole can be played again.

A result is written inside its own durable step, once it is known: what the workflow remembers and what the journal holds
are the same. After a crash between the two the step runs again and its later result takes the earlier one's position.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic_core import PydanticSerializationError

from agent.errors import SrebotError
from agent.investigation.equipment import Gated, Round
from agent.investigation.thinking import Thought
from agent.model import Case, Json, Note, Value
from agent.ports import (
    Clock,
    Concluded,
    Durable,
    Entry,
    Inbox,
    JournalStore,
    Proposed,
    Received,
    Weighed,
)
from agent.redaction import redact_data
from agent.store.mapping import storable
from agent.tools import Registry

T = TypeVar("T")
V = TypeVar("V", bound=Value)

BEGIN = "begin"
"""Name of the entry that each run of an investigation begins with."""
INBOX = "inbox"
"""How the names of entries with people's words begin; the number of the look into the inbox follows."""


class ToolSpec(Value):
    """A tool as it could be called then."""

    name: str
    description: str
    vendor: str
    cost_seconds: float
    deadline_seconds: float
    arguments: Json
    """The JSON schema of its arguments."""


class Begun(Value):
    """What a run of an investigation began with, beside what its steps gave."""

    reasoner: str
    tools: tuple[ToolSpec, ...]
    reopened: tuple[Note, ...] = ()
    """What people added since the run before; empty in the first."""


_KINDS: Mapping[str, Any] = {
    "Begun": Begun,
    "Case": Case,
    "Gated": Gated,
    "Received": Received,
    "Round": Round,
    "Proposed": Thought[Proposed],
    "Weighed": Thought[Weighed],
    "Concluded": Thought[Concluded],
    "Unavailable": Thought[Proposed],
}
"""Kinds of results -> their types. A Thought is known by what was thought; one of a reasoner that could not go on holds
nothing."""
_NOTHING = "None"


def entry_of(position: int, name: str, result: object, at: datetime) -> Entry:
    """The entry that holds a step's result.

    Raises:
        TypeError: no kind of entry holds such a result.
    """
    kind = _kind_of(result)
    value = _text_of(result) if isinstance(result, Value) else ""
    return Entry(position=position, name=name, kind=kind, value=value, at=at)


def _text_of(value: Value) -> str:
    try:
        return value.model_dump_json()
    except (
        PydanticSerializationError
    ):  # half a character, as a model may write it: kept as the store keeps it
        return json.dumps(storable(value.model_dump(mode="json")))


def result_of(entry: Entry) -> Any:
    """The result that an entry holds, as it was.

    Raises:
        SrebotError: a newer version of srebot wrote it.
    """
    if entry.kind == _NOTHING:
        return None
    if entry.kind not in _KINDS:
        raise SrebotError(
            f"The journal's entry {entry.position} ({entry.name}) holds a {entry.kind}, which this version of srebot "
            "does not know: use the version that wrote it, or a newer one."
        )
    return _KINDS[entry.kind].model_validate_json(entry.value)


def _kind_of(result: object) -> str:
    if isinstance(result, Thought):
        return "Unavailable" if result.result is None else type(result.result).__name__
    kind = _NOTHING if result is None else type(result).__name__
    if kind not in (*_KINDS, _NOTHING):
        raise TypeError(f"add {kind} to the kinds of results that the journal keeps")
    return kind


def specs_of(registry: Registry) -> tuple[ToolSpec, ...]:
    """The tools of a registry, as the journal keeps them."""
    return tuple(
        ToolSpec(
            name=tool.name,
            description=tool.description,
            vendor=tool.vendor,
            cost_seconds=tool.cost_seconds,
            deadline_seconds=tool.deadline_seconds,
            arguments=tool.schema,
        )
        for tool in registry
    )


class RecordingDurable:
    """Writes down what each durable step gave, in the order in which the steps are begun (``agent.ports.Durable``)."""

    def __init__(
        self, inner: Durable, journal: JournalStore, investigation: int, clock: Clock, first: int
    ) -> None:
        """``first`` is the position of the first entry to write."""
        self._inner = inner
        self._journal = journal
        self._investigation = investigation
        self._clock = clock
        self._position = first

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` once and remember its result, in the journal as well."""
        position, self._position = self._position, self._position + 1

        async def recorded() -> T:
            result = await work()
            entry = entry_of(position, name, result, self._clock.now())
            await self._journal.write(self._investigation, entry)
            return result

        return await self._inner.step(name, recorded)


class RecordingInbox:
    """Writes down what people sent, each time that they sent something (``agent.ports.Inbox``).

    Secrets in their words are struck before the investigation hears of them.
    """

    def __init__(self, inner: Inbox, durable: Durable) -> None:
        self._inner = inner
        self._durable = durable
        self._looks = 0

    async def take(self) -> Received:
        """What came since the last call."""
        self._looks += 1
        received = await self._inner.take()
        if received == Received():
            return received
        cleaned = _clean(received)

        async def given() -> Received:
            return cleaned

        return await self._durable.step(f"{INBOX}-{self._looks}", given)


def _clean(value: V) -> V:
    """The value without what looks like a secret: what people say goes past the store, which strikes them elsewhere."""
    return type(value).model_validate(redact_data(value.model_dump(mode="json")))


async def recording(
    durable: Durable,
    inbox: Inbox,
    journal: JournalStore,
    investigation: int,
    begun: Begun,
    clock: Clock,
) -> tuple[Durable, Inbox]:
    """The same durable and inbox, writing the journal from where it ends now."""

    async def begin() -> int:
        last = await journal.last(investigation)
        # A beginning that nothing followed is that of this very run, before a crash.
        first = 0 if last is None else last.position + (last.name != BEGIN)
        # Of what it holds, only people's words may hold a secret.
        cleaned = begun.model_copy(update={"reopened": tuple(map(_clean, begun.reopened))})
        await journal.write(investigation, entry_of(first, BEGIN, cleaned, clock.now()))
        return first

    first = await durable.step(BEGIN, begin)
    recorded = RecordingDurable(durable, journal, investigation, clock, first + 1)
    return recorded, RecordingInbox(inbox, recorded)
