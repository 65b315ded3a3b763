"""Statements worth keeping: what engineers say in a thread that holds beyond it becomes a note after a click.

A note is data. It is shown to whoever looks at the entity next, by the name of who said it, and nothing obeys it.
"""

from __future__ import annotations

import re

from agent.model import Conversation, Entity, EntityNote
from agent.ports import Clock
from agent.store.notes import LONGEST
from agent.store.repository import Store

_SHORTEST = 12
_HOLDS_BEYOND = re.compile(
    r"\b(?:always|never|every\s+time|each\s+time|usually|by\s+design|on\s+purpose|known\s+issue|remember(?:\s+that|\s+to)|"
    r"(?:do\s+not|don['’]t)\s+(?:ever|restart|touch|scale|delete|trust)|whenever|first\s+(?:check|look)|"
    r"(?:check|look\s+at|look\s+into)\b.{3,80}\bfirst|(?:is|are)\s+expected\s+to|(?:only|just)\s+runs?|"
    r"must\s+(?:not|never|always)|has\s+to\s+be|the\s+owner\s+is|needs?\s+to\s+be\s+\w+ed\s+(?:before|after))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\?\s*$")
_OF_NOW = re.compile(
    r"\b(?:right\s+now|just\s+now|at\s+the\s+moment|today|i['’]m\s+on\s+it)\b", re.IGNORECASE
)
NOT_HERE = "There is no investigation in this thread, so I do not know what it would be a note on."
NO_ENTITY = "I do not know what that is a note on: name the service or the thing as I know it, and try again."


def worth_keeping(text: str) -> bool:
    """Whether a statement holds beyond the moment, so that keeping it may be offered.

    >>> worth_keeping("Always check the backup job first when redis-reco is slow")
    True
    >>> worth_keeping("is it the backup job?"), worth_keeping("looking into it right now")
    (False, False)
    """
    said = " ".join(text.split())
    if not _SHORTEST <= len(said) <= LONGEST or _ASKS.search(said) or _OF_NOW.search(said):
        return False
    return _HOLDS_BEYOND.search(said) is not None


class NoteKeeping:
    """Keeps statements as notes on what they speak of. Who may is decided before."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def keep(
        self, place: Conversation, text: str, author: str, kept_by: str, link: str = ""
    ) -> str:
        """Keep what was said in an investigation's thread; returns what to tell whoever clicked."""
        found = await self._store.investigations.by_thread(place.channel, place.thread)
        if found is None:
            return NOT_HERE
        signal = found.signal
        entity = await self._meant(text, signal.service, signal.environment)
        if entity is None:
            return NO_ENTITY
        note = EntityNote(
            entity=entity.key, text=text[:LONGEST], author=author, link=link, at=self._clock.now()
        )
        fresh = await self._store.entity_notes.keep(note, kept_by, found.id)
        return (
            f"Kept as a note on {entity.name}; it is shown wherever {entity.name} is looked into."
            if fresh
            else f"That is kept as a note on {entity.name} already."
        )

    async def _meant(self, text: str, service: str, environment: str) -> Entity | None:
        """What the statement names; else what the investigation was about."""
        memory = self._store.memory
        named = await memory.locate(text, environment)
        return named or (await memory.locate(service, environment) if service else None)
