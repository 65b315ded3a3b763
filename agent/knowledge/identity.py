"""Whether two entities that different sources tell of are one thing.

Only names and labels are looked at, and only one way to read them counts: where a name could mean several things, nothing
is merged. Workloads are never merged into services (a service is tied to what runs it), so a merge joins what people would
call by one name: ``Recommendation Service`` in PagerDuty and ``recommendation`` in Datadog.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from agent.knowledge.facts import SameAs
from agent.model import Entity

ORIGIN = "names"
_FAMILIES = (
    frozenset({"service", "database", "cache", "queue", "datastore"}),
    frozenset({"team"}),
    frozenset({"node", "host"}),
)
"""Kinds that may be one thing seen by two sources."""
KINDS = frozenset[str]().union(*_FAMILIES)
"""Of these kinds an entity may go by several names; all else is known by the name that Kubernetes or its file gives it."""
_NOISE = re.compile(r"\b(?:service|svc|app|application|server|prod|production|the)\b")
_WORD = re.compile(r"[^\W_]+")
_RANK = ("service", "team", "node", "database", "cache", "queue", "datastore", "host")
"""Of kinds of one family, the one whose key stays."""

_Identity = tuple[str, str, frozenset[str]]
"""Equal for what may be one thing: plain name, place, family of kinds."""


def normalised(name: str) -> str:
    """The name without case, separators and words that say only what sort of thing it is."""
    lowered = name.lower().replace("_", " ").replace("-", " ")
    words = _WORD.findall(_NOISE.sub(" ", lowered)) or _WORD.findall(lowered)
    return "-".join(words)


def proposals(new: Iterable[Entity], known: Iterable[Entity], now: datetime) -> Iterator[SameAs]:
    """The merges that names and labels of new entities suggest.

    Args:
        new: entities just learned of.
        known: the entities that they may be, themselves included.
        now: the present.
    """
    by_name: dict[_Identity, set[str]] = defaultdict(set)
    candidates = [e for e in new if e.kind in KINDS]
    entities = {e.key: e for e in (*known, *candidates) if e.kind in KINDS}
    for entity in entities.values():
        for identity in _identities(entity):
            by_name[identity].add(entity.key)
    for entity in candidates:
        same = {key for identity in _identities(entity) for key in by_name[identity]} - {entity.key}
        if len(same) == 1:
            yield _claim(entity, entities[same.pop()], now)


def _identities(entity: Entity) -> Iterator[_Identity]:
    family = next(f for f in _FAMILIES if entity.kind in f)
    for name in names_of(entity):
        if plain := normalised(name):
            yield plain, _place(entity), family


def names_of(entity: Entity) -> tuple[str, ...]:
    """All names that it goes by, its own first."""
    others = entity.properties.get("also_known_as") or ()
    return tuple(dict.fromkeys([entity.name, *map(str, others)]))


def _claim(new: Entity, old: Entity, now: datetime) -> SameAs:
    """Which of the two keys stays: the more usual kind, then the shorter name."""
    stays, gives = sorted((new, old), key=lambda e: (_order(e), len(e.name), e.key))
    common = next(
        (
            (a, b)
            for a in names_of(gives)
            for b in names_of(stays)
            if normalised(a) == normalised(b)
        ),
        (gives.name, stays.name),
    )
    reason = f"“{common[0]}” and “{common[1]}” are one name, both {_where(stays)}"
    return SameAs(alias=gives.key, canonical=stays.key, origin=ORIGIN, reason=reason, at=now)


def _where(entity: Entity) -> str:
    place = _place(entity)
    return f"in {place}" if place else f"a {entity.kind}"


def _place(entity: Entity) -> str:
    return entity.environment or entity.namespace


def _order(entity: Entity) -> int:
    return _RANK.index(entity.kind) if entity.kind in _RANK else len(_RANK)
