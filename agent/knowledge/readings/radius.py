"""Who depends on something, or what it depends on, as a reading."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from agent.knowledge import scenes
from agent.knowledge.facts import Belief, Reached
from agent.knowledge.graph import name_of
from agent.knowledge.readings.common import brief, link_of, reading, strongest
from agent.knowledge.wording import confirmed, described, doubt, listed, moment, sides, source_words
from agent.model import Entity, Json, Reading

CUSTOMER = frozenset({"business_service", "journey"})
"""Kinds of what customers would miss."""


def radius(
    focus: Entity,
    reached: Sequence[Reached],
    beliefs: Sequence[Belief],
    alone: Collection[str],
    now: datetime,
    *,
    upstream: bool,
    most: int = 200,
) -> Reading:
    """The reading of a blast radius (``upstream``: who depends on ``focus``) or of the dependencies.

    Data: ``entity``, ``upstream``, ``direct`` and ``indirect`` (things with ``distance``, ``via`` (names between),
    ``confidence``, ``doubt``, ``says``, ``confirmed``, ``single_replica``), ``business_services`` (the same),
    ``denied`` (relations that are not counted: ``words``, ``doubt``), ``single_replica`` of the entity itself, ``cut``.
    """
    ties = strongest(beliefs)
    ranked = sorted(
        reached, key=lambda r: (r.distance, brief(r.entity)["tier"] or "9", r.entity.key)
    )
    things = [_thing(r, ties, alone, now, upstream=upstream) for r in ranked]
    customers = [t for t in things if t["kind"] in CUSTOMER]
    others = [t for t in things if t["kind"] not in CUSTOMER]
    data: Json = {
        "entity": brief(focus),
        "upstream": upstream,
        "direct": [t for t in others if t["distance"] == 1],
        "indirect": [t for t in others if t["distance"] > 1],
        "business_services": customers,
        "denied": _denied(focus, ranked, ties, now, upstream=upstream),
        "single_replica": focus.key in alone,
        "cut": len(reached) >= most,
    }
    return reading(
        f"{'dependants' if upstream else 'dependencies'} of {focus.key}",
        _lines(focus, data, upstream=upstream),
        data,
        {"entity": focus, "reached": list(ranked), "beliefs": list(beliefs)},
        scenes.radius(focus, ranked, beliefs, upstream=upstream),
        link_of(list(ties.values())),
    )


def _thing(
    reached: Reached,
    ties: dict[tuple[str, str], Belief],
    alone: Collection[str],
    now: datetime,
    *,
    upstream: bool,
) -> Json:
    along = [ties[p] for p in _pairs(reached.path, upstream=upstream) if p in ties]
    last = along[-1] if along else None
    trouble = next(((b, d) for b in along if (d := doubt(b, now))), None)
    words = ""
    if trouble is not None:
        direct = reached.distance == 1
        words = trouble[1] if direct else f"{trouble[1]} ({_names(trouble[0])})"
    when = confirmed(last) if last else None
    return {
        **brief(reached.entity),
        "said": described(reached.entity),
        "distance": reached.distance,
        "via": [name_of(k) for k in reached.path[1:-1]],
        "confidence": round(reached.confidence, 3),
        "doubt": words,
        "says": list(dict.fromkeys(source_words(r.origin) for r in sides(last)[0])) if last else [],
        "confirmed": when.isoformat() if when else "",
        "confirmed_words": moment(when, now) if when else "",
        "single_replica": reached.entity.key in alone,
    }


def _names(belief: Belief) -> str:
    return f"{name_of(belief.source)} → {name_of(belief.target)}"


def _pairs(path: Sequence[str], *, upstream: bool) -> Iterator[tuple[str, str]]:
    """The relations along a path, from what uses to what is used."""
    for closer, farther in itertools.pairwise(path):
        yield (farther, closer) if upstream else (closer, farther)


def _denied(
    focus: Entity,
    reached: Sequence[Reached],
    ties: dict[tuple[str, str], Belief],
    now: datetime,
    *,
    upstream: bool,
) -> list[Json]:
    """Direct relations that somebody denies, so that their other end is not counted."""
    counted = {r.entity.key for r in reached if r.distance == 1}
    found = []
    for (source, target), belief in sorted(ties.items()):
        here, there = (target, source) if upstream else (source, target)
        if here == focus.key and there not in counted and sides(belief)[1]:
            found.append(
                {"words": _names(belief), "name": name_of(there), "doubt": doubt(belief, now)}
            )
    return found


def _lines(focus: Entity, data: Json, *, upstream: bool) -> Iterator[str]:
    verb = "depends on" if not upstream else "is used by"
    if not data["direct"] and not data["indirect"] and not data["business_services"]:
        nothing = "nothing that I know of depends on" if upstream else "no known dependency of"
        yield f"{nothing} {focus.name}"
    else:
        yield f"{described(focus)} {verb} {len(data['direct'])} directly:"
    for thing in data["direct"]:
        yield _line(thing)
    if data["indirect"]:
        yield f"through others also {len(data['indirect'])}:"
    for thing in data["indirect"]:
        yield _line(thing)
    if data["business_services"]:
        yield f"customers would miss: {listed(t['name'] for t in data['business_services'])}"
    if data["single_replica"]:
        yield f"{focus.name} runs as a single replica"
    for each in data["denied"]:
        yield f"not counted: {each['words']}, {each['doubt']}"
    if data["cut"]:
        yield "there is more than is shown"


def _line(thing: Json) -> str:
    parts = [f"{thing['confidence']:.0%} sure"]
    if thing["via"]:
        parts.append(f"via {', '.join(thing['via'])}")
    if thing["says"]:
        parts.append(f"says {listed(thing['says'])}")
    if thing["confirmed_words"]:
        parts.append(f"last confirmed {thing['confirmed_words']}")
    if thing["single_replica"]:
        parts.append("single replica")
    if thing["doubt"]:
        parts.append(thing["doubt"])
    return f"- {thing['said']}: {'; '.join(parts)}"
