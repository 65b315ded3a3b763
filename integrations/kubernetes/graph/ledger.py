"""Everything that objects contribute, and what it amounts to for each entity and each relation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from agent.knowledge.facts import SameAs
from agent.model import Entity, Relation
from integrations.kubernetes.graph.contribution import NOTHING, ORIGIN, Contribution, Same, Tie
from integrations.kubernetes.graph.records import Id

K = TypeVar("K")
V = TypeVar("V")
Ends = tuple[str, str, str]
_PLACES_SAID = 3
_TOLD = set(Relation.model_fields) - {"holds", "confirmations", "missing_since"}
"""The fields that are set in every relation here: one set for all of them, which of 55,000 relations saves 40 MB."""
_JOINED = ("images", "also_known_as")
"""Properties of which each teller may know some values."""


class Touched(NamedTuple):
    """Keys of which something else may be said than before."""

    entities: set[str]
    ties: set[Ends]
    same: set[tuple[str, str]]


class Ledger:
    """Who contributes what."""

    def __init__(self) -> None:
        self._of: dict[Id, Contribution] = {}
        self._entities: dict[str, dict[Id, Entity]] = {}
        self._ties: dict[Ends, dict[Id, Tie]] = {}
        self._same: dict[tuple[str, str], dict[Id, Same]] = {}

    def of(self, which: Id) -> Contribution:
        """What an object contributes."""
        return self._of.get(which, NOTHING)

    def replace(self, which: Id, new: Contribution, touched: Touched) -> None:
        """An object contributes something else now; what differs is added to ``touched``."""
        old = self.of(which)
        if old == new:
            return
        if new == NOTHING:
            self._of.pop(which, None)
        else:
            self._of[which] = new
        entities = {e.key: e for e in old.entities}, {e.key: e for e in new.entities}
        _move(self._entities, which, *entities, touched.entities)
        _move(self._ties, which, _by_ends(old.ties), _by_ends(new.ties), touched.ties)
        _move(self._same, which, _by_pair(old.same), _by_pair(new.same), touched.same)

    def entity(self, key: str) -> Entity | None:
        """What all that tell of an entity make of it; of two values for one property the first object's counts."""
        told = self._entities.get(key)
        if not told:
            return None
        tellers = [told[which] for which in sorted(told)]
        first, others = tellers[0], tellers[1:]
        if not others:
            return first
        properties = dict(first.properties)
        for other in others:
            for name, value in other.properties.items():
                kept = properties.setdefault(name, value)
                if isinstance(kept, list) and isinstance(value, list) and name in _JOINED:
                    properties[name] = list(dict.fromkeys([*kept, *value]))
        return first.model_copy(update={"properties": properties})

    def relation(self, ends: Ends, now: datetime) -> Relation | None:
        """One relation with all the places that tell of it."""
        told = self._ties.get(ends)
        if not told:
            return None
        ties = [told[which] for which in sorted(told)]
        places = list(dict.fromkeys(t.evidence for t in ties))
        more = f" (and {len(places) - _PLACES_SAID} more)" if len(places) > _PLACES_SAID else ""
        return Relation.model_construct(
            _TOLD,
            source=ends[0],
            target=ends[1],
            kind=ends[2],
            origin=ORIGIN if any(t.origin == ORIGIN for t in ties) else ties[0].origin,
            evidence="; ".join(places[:_PLACES_SAID]) + more,
            confidence=max(t.confidence for t in ties),
            first_seen=now,
            last_confirmed=now,
        )

    def same(self, pair: tuple[str, str], now: datetime) -> SameAs | None:
        """The claim that two keys mean one thing."""
        told = self._same.get(pair)
        if not told:
            return None
        reason = told[min(told)].reason
        return SameAs(alias=pair[0], canonical=pair[1], origin=ORIGIN, reason=reason, at=now)

    def all(self) -> Touched:
        """All keys there are."""
        return Touched(set(self._entities), set(self._ties), set(self._same))


def _by_pair(claims: Iterable[Same]) -> dict[tuple[str, str], Same]:
    return {(s.alias, s.canonical): s for s in claims}


def _by_ends(ties: Iterable[Tie]) -> dict[Ends, Tie]:
    """Of several ties of one object with the same ends, one that names all their places."""
    found: dict[Ends, Tie] = {}
    for tie in ties:
        known = found.get(tie.ends)
        if known is not None and tie.evidence not in known.evidence.split("; "):
            tie = known._replace(evidence=f"{known.evidence}; {tie.evidence}")
        found[tie.ends] = tie
    return found


def _move(
    kept: dict[K, dict[Id, V]], which: Id, old: dict[K, V], new: dict[K, V], touched: set[K]
) -> None:
    for key in old.keys() - new.keys():
        kept[key].pop(which)
        if not kept[key]:
            del kept[key]
        touched.add(key)
    for key, value in new.items():
        if old.get(key) != value:
            kept.setdefault(key, {})[which] = value
            touched.add(key)
