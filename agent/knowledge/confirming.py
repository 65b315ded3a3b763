"""What an investigation's look-ups say of the graph: relations that they confirm, weaken, or add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from agent.knowledge.facts import Seen
from agent.knowledge.graph import DEPENDS, edges_of, name_of
from agent.model import Case, Relation, Step

ORIGIN = "investigation"
CONFIDENCE = 0.8
"""Of a relation that one look-up showed and no source had told of."""
_COMPLETE = {"datadog_dependencies": "datadog"}
"""Tool -> the source whose relations of the service asked about it lists in full."""

Tie = tuple[str, str, str]
"""Source, target and kind."""


class Learned(NamedTuple):
    """What an investigation learned on relations."""

    confirmed: tuple[Tie, ...]
    weakened: tuple[Tie, ...]
    """Told by a source that, asked now, no longer showed them."""
    added: tuple[Relation, ...]


def learned_from(case: Case) -> Learned:
    """Read the look-ups of a finished investigation.

    Only ends that the graph knows in the investigated namespace count, so that what a log or an alert says adds nothing:
    the look-ups read are those of APIs that only the systems' own configuration and traces feed.
    """
    keys = _services(case)
    known = {(r.source, r.target): r for r in case.relations if r.kind in DEPENDS and r.holds}
    shown: dict[tuple[str, str], Step] = {}
    for step in case.steps:
        if step.reading is not None:
            for source, target in edges_of(step, step.reading.data):
                if source in keys and target in keys and source != target:
                    shown.setdefault((keys[source], keys[target]), step)
    confirmed = [(*pair, known[pair].kind) for pair in shown if pair in known]
    added = [_relation(case, *pair, step) for pair, step in shown.items() if pair not in known]
    weakened = {
        (r.source, r.target, r.kind) for r in _gone(case, keys) if (r.source, r.target) not in shown
    }
    return Learned(tuple(confirmed), tuple(sorted(weakened)), tuple(added))


class Keeper(Protocol):
    """Where the graph is kept."""

    async def confirm(
        self, ties: Iterable[Tie], *, holds: bool, at: datetime | None = None
    ) -> None:
        """Relations were found so, or otherwise."""

    async def take(self, origin: str, seen: Seen) -> int:
        """Keep what a source sees."""


async def keep(graph: Keeper, case: Case) -> Learned:
    """Let the graph learn from a finished investigation; to be called once for each."""
    learned = learned_from(case)
    await graph.confirm(learned.confirmed, holds=True)
    await graph.confirm(learned.weakened, holds=False)
    if learned.added:
        await graph.take(ORIGIN, Seen(relations=learned.added, complete=False))
    return learned


def _services(case: Case) -> dict[str, str]:
    """Name -> key of the entities that a look-up's names mean: those of the same namespace, services first."""
    namespace = case.signal.namespace or case.signal.environment
    found: dict[str, str] = {}
    for entity in sorted(case.entities, key=lambda e: e.kind != "service"):
        if entity.namespace == namespace or not namespace:
            found.setdefault(entity.name, entity.key)
    return found


def _gone(case: Case, keys: dict[str, str]) -> Iterator[Relation]:
    """Relations that the very source that told of them was asked about, and did not show."""
    for step in case.steps:
        origin = _COMPLETE.get(step.check.tool)
        if origin is None or step.reading is None or step.status != "ok":
            continue
        asked = str(step.check.arguments.get("service") or "")
        shown = set(edges_of(step, step.reading.data))
        for relation in _of(case.relations, keys.get(asked, ""), origin):
            if (asked, name_of(relation.target)) not in shown:
                yield relation


def _of(relations: Iterable[Relation], source: str, origin: str) -> Iterator[Relation]:
    return (
        r
        for r in relations
        if source and r.source == source and r.origin == origin and r.kind in DEPENDS and r.holds
    )


def _relation(case: Case, source: str, target: str, step: Step) -> Relation:
    number = case.investigation.id
    said = step.reading.query if step.reading else step.check.tool
    return Relation(
        source=source,
        target=target,
        kind="depends_on",
        origin=ORIGIN,
        evidence=f"investigation {number}, step {step.number}: {said}",
        confidence=CONFIDENCE,
        first_seen=step.started_at,
        last_confirmed=step.started_at,
    )
