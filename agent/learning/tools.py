"""The tool by which a reasoner asks what srebot itself has learnt, so that it can be cited like any other answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from agent.learning.features import features_of_alert
from agent.learning.similarity import role_in_words
from agent.model import Entity, EntityNote, Pattern, PatternState, Reading, Relation
from agent.tools import tool


class StoredPatterns(Protocol):
    """The patterns in the store."""

    async def similar(
        self,
        *,
        symptoms: Sequence[str] = (),
        entity: str = "",
        features: Sequence[str] = (),
        limit: int = 5,
    ) -> tuple[Pattern, ...]:
        """Those that resemble most, the closest first."""


class Surroundings(Protocol):
    """The stored graph."""

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """What is near an entity."""


class KeptNotes(Protocol):
    """The notes on entities."""

    async def of(self, entities: Iterable[str]) -> tuple[EntityNote, ...]:
        """Those on entities, by their keys."""


class LearningTools:
    """Read tools on srebot's own memory."""

    def __init__(
        self,
        patterns: StoredPatterns,
        graph: Surroundings | None = None,
        notes: KeptNotes | None = None,
    ) -> None:
        """``graph`` tells what a service uses, so that patterns of others in the same place are found; ``notes`` what
        people had kept of what they said."""
        self._patterns = patterns
        self._graph = graph
        self._notes = notes

    @tool("srebot", cost_seconds=0.05, deadline_seconds=5.0, shared=False)
    async def past_investigations(
        self,
        service: str,
        symptoms: Annotated[str, Field(description="such as the alert's title")] = "",
    ) -> Reading:
        """Closed investigations that resemble: what the cause was, which checks told, what mended it."""
        around = await self._graph.around(service) if self._graph else ((), ())
        features = features_of_alert(symptoms, service, *around)
        found = await self._patterns.similar(
            symptoms=(symptoms,), entity=service, features=features
        )
        keys = [e.key for e in around[0][:_NOTED]]
        kept = await self._notes.of(keys) if self._notes is not None and keys else ()
        lines = [line_of(p) for p in found] or [f"nothing like it was investigated at {service}"]
        return Reading(
            source="srebot",
            query=f"patterns of {service}: {symptoms}",
            observation="\n".join([*lines, *map(note_line, kept)]),
            data={
                "patterns": [p.model_dump(mode="json", exclude=_NOT_SHOWN) for p in found],
                "notes": [n.model_dump(mode="json") for n in kept],
            },
        )


def note_line(note: EntityNote) -> str:
    """A note in one line, as what somebody said."""
    name = note.entity.rpartition("/")[2]
    return f'note on {name}, said by {note.author} ({note.at:%Y-%m-%d}): "{note.text}"'


_NOTED = 30
"""Entities around the service whose notes are shown."""
_NOT_SHOWN = {"probes", "checks", "merged_into", "variant"}


def line_of(pattern: Pattern) -> str:
    """A pattern in one line: what was found when, how often, how right, and why it is recalled."""
    judged = pattern.times_right + pattern.times_wrong
    parts = [
        f"investigation {pattern.investigation} ({pattern.last_seen:%Y-%m-%d}, seen {pattern.times_seen} times"
        + (f", {pattern.times_right} of {judged} judged right" if judged else "")
        + f"): {pattern.mode} at {pattern.entity}",
    ]
    if pattern.role not in ("", "alerted") and pattern.alerted:
        parts[0] += f", {role_in_words(pattern.role)} ({pattern.alerted})"
    if pattern.state is PatternState.DISPUTED:
        parts.append("DISPUTED: people or the environment say that this finding was wrong")
    if mended := pattern.fix_note or pattern.fix:
        parts.append(f"mended by: {mended}")
    if pattern.why:
        parts.append(f"recalled because {'; '.join(pattern.why)}")
    return "; ".join(parts)
