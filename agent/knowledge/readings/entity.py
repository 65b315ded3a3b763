"""What is known of one thing, as a reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.knowledge import scenes
from agent.knowledge.facts import Context, Neighbourhood, SameAs
from agent.knowledge.graph import DEPENDS, name_of
from agent.knowledge.readings.common import brief, link_of, reading
from agent.knowledge.truth import stands
from agent.knowledge.wording import described, listed, moment, source_words
from agent.model import Entity, Json, Pattern, Reading

_MEBI, _GIBI = 2.0**20, 2.0**30
_SAID_PLAINLY = ("description", "status", "type", "language", "schedule", "suspended")


def entity(
    focus: Entity,
    near: Neighbourhood,
    context: Context,
    merges: Sequence[SameAs],
    now: datetime,
) -> Reading:
    """The reading of one thing.

    Data: ``entity``; ``facts`` (``fact``, ``value`` in words, ``of`` (the name of what it runs as, if it is a fact of
    that)); ``constraints``, ``patterns`` and ``notes`` in words; ``names`` (``alias``, ``source``, ``reason``, ``at``, ``undone_by``);
    ``teams``, ``uses``, ``used_by``, ``parts`` (names).
    """
    parts = _parts(focus, near)
    facts = [*_facts(focus, ""), *(f for p in parts for f in _facts(p, f"{p.kind} {p.name}"))]
    limits_said = any(f["fact"].startswith("limits") for f in facts)
    constraints = [c for c in context.constraints if c.kind != "limits" or not limits_said]
    data: Json = {
        "entity": brief(focus),
        "facts": facts,
        "constraints": [c.statement for c in constraints],
        "patterns": [_pattern(p, now) for p in context.patterns],
        "notes": [f'{n.author} said ({moment(n.at, now)}): "{n.text}"' for n in context.notes],
        "names": [_merge(m, now) for m in merges],
        "teams": _ends(focus, near, "owns", sources=True),
        "uses": _ends(focus, near, *DEPENDS, sources=False),
        "used_by": _ends(focus, near, *DEPENDS, sources=True),
        "parts": [described(p) for p in parts],
    }
    return reading(
        f"facts of {focus.key}",
        _lines(focus, data),
        data,
        {
            "entity": focus,
            "parts": parts,
            "constraints": list(context.constraints),
            "patterns": list(context.patterns),
            "merges": list(merges),
            "beliefs": list(near.beliefs),
        },
        scenes.around(near, f"{focus.name} and what is near") if near.entities else None,
        str(focus.properties.get("pagerduty_link") or "") or link_of(near.beliefs),
    )


def _parts(focus: Entity, near: Neighbourhood) -> list[Entity]:
    """What it runs as."""
    keys = [
        b.target for b in near.beliefs if b.kind in ("runs", "routes_to") and b.source == focus.key
    ]
    return [e for e in near.entities if e.key in keys]


def _ends(focus: Entity, near: Neighbourhood, *kinds: str, sources: bool) -> list[str]:
    found = set()
    for belief in near.beliefs:
        here, there = (belief.target, belief.source) if sources else (belief.source, belief.target)
        if belief.kind in kinds and here == focus.key and stands(belief):
            found.add(name_of(there))
    return sorted(found)


def _facts(thing: Entity, of: str) -> Iterator[Json]:
    properties = thing.properties
    plain = ((k, properties[k]) for k in _SAID_PLAINLY if properties.get(k) not in (None, "", []))
    for fact, value in plain:
        yield {"fact": fact, "value": str(value), "of": of}
    if replicas := properties.get("replicas"):
        yield {"fact": "replicas", "value": _replicas(replicas), "of": of}
    for image in (properties.get("images") or []) if of else []:
        yield {"fact": "image", "value": str(image), "of": of}
    for container in properties.get("containers") or []:
        for what in ("requests", "limits"):
            if said := _resources(container.get(what)):
                yield {"fact": f"{what} of {container.get('name')}", "value": said, "of": of}
    if said := _usage(properties.get("usage")):
        yield {"fact": "usage", "value": said, "of": of}
    if monitors := properties.get("monitors"):
        yield {"fact": "monitors", "value": str(len(monitors)), "of": of}


def _replicas(value: Any) -> str:
    if isinstance(value, Mapping):
        ready, desired = value.get("ready"), value.get("desired")
        return f"{ready} of {desired} ready" if ready is not None else f"{desired} desired"
    return str(value)


def _resources(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    said = []
    if value.get("cpu_cores"):
        said.append(f"{value['cpu_cores']:g} CPU cores")
    if value.get("memory_bytes"):
        said.append(_size(value["memory_bytes"]))
    return ", ".join(said)


def _usage(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    said = []
    for name, word, show in (
        ("memory_bytes", "memory", _size),
        ("cpu_cores", "CPU", lambda v: f"{v:g} cores"),
    ):
        used = value.get(name)
        if isinstance(used, Mapping) and used.get("p95") is not None:
            share = (
                f" ({used['p95_of_limit']:.0%} of its limit)" if used.get("p95_of_limit") else ""
            )
            said.append(f"{word} p95 {show(used['p95'])}{share}")
    return ", ".join(said)


def _size(count: float) -> str:
    return f"{count / _GIBI:.3g} GiB" if count >= _GIBI else f"{count / _MEBI:.3g} MiB"


def _pattern(pattern: Pattern, now: datetime) -> str:
    mended = f"; mended by: {pattern.fix}" if pattern.fix else ""
    disputed = "" if pattern.speaks else ", disputed: a finding of it was judged wrong"
    times = f"{pattern.times_seen} times" if pattern.times_seen > 1 else "once"
    return (
        f"{pattern.mode.replace('_', ' ')} was found here {times}, last {moment(pattern.last_seen, now)}"
        f" (investigation {pattern.investigation}){disputed}{mended}"
    )


def _merge(same: SameAs, now: datetime) -> Json:
    return {
        "alias": same.alias,
        "canonical": same.canonical,
        "source": source_words(same.origin),
        "reason": same.reason,
        "at": moment(same.at, now),
        "undone_by": same.undone_by,
    }


def _lines(focus: Entity, data: Json) -> Iterator[str]:
    place = data["entity"]["environment"]
    yield f"{described(focus)}, {focus.kind.replace('_', ' ')}" + (f" in {place}" if place else "")
    if data["teams"]:
        yield f"owned by {listed(data['teams'])}"
    for fact in data["facts"]:
        of = f" ({fact['of']})" if fact["of"] else ""
        yield f"{fact['fact']}: {fact['value']}{of}"
    for statement in data["constraints"]:
        yield f"constraint: {statement}"
    if data["uses"]:
        yield f"uses {listed(data['uses'])}"
    if data["used_by"]:
        yield f"is used by {listed(data['used_by'])}"
    for name in data["names"]:
        undone = f", undone by {name['undone_by']}" if name["undone_by"] else ""
        yield f"same as {name['alias']}: {name['source']}, {name['reason']} ({name['at']}{undone})"
    for pattern in data["patterns"]:
        yield f"pattern: {pattern}"
    for note in data["notes"]:
        yield f"note: {note}"
