"""Who owns something and who is called about it, as a reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.knowledge import scenes
from agent.knowledge.facts import Belief, Neighbourhood
from agent.knowledge.readings.common import belief_data, brief, link_of, reading
from agent.knowledge.truth import stands
from agent.knowledge.wording import doubt, listed, tier_of
from agent.model import Entity, Json, Reading

_OWNS, _ESCALATES = "owns", "escalates"


def owner(focus: Entity, near: Neighbourhood, now: datetime) -> Reading:
    """The reading of the owners of ``focus``.

    Data: ``entity``; ``team`` and ``tier``; ``teams`` and ``policies``: things with ``name``, ``says`` (who says so),
    ``doubt``, ``confirmed``, ``evidence`` and the entity's own ``facts`` (of a policy ``on_call`` and ``levels``);
    ``label`` (the team that its own labels or definition name); ``contacts``.
    """
    known = {e.key: e for e in near.entities}
    owns = _of(focus, near.beliefs, _OWNS)
    escalates = _of(focus, near.beliefs, _ESCALATES)
    label = str(focus.properties.get("team") or "")
    teams = [_party(b, known, now) for b in owns]
    believed = next((t["name"] for t, b in zip(teams, owns, strict=True) if stands(b)), label)
    data: Json = {
        "entity": brief(focus),
        "team": believed,
        "tier": tier_of(focus),
        "label": label,
        "teams": teams,
        "policies": [_party(b, known, now) for b in escalates],
        "contacts": focus.properties.get("contacts") or [],
    }
    captions = {e.key: f"team {t}" for e in near.entities if (t := _team_of(e, near.beliefs))}
    beliefs = [*owns, *escalates]
    return reading(
        f"owners of {focus.key}",
        _lines(focus, data),
        data,
        {
            "entity": focus,
            "owners": [known[b.source] for b in beliefs if b.source in known],
            "beliefs": beliefs,
        },
        scenes.around(near, f"{focus.name} and who is near", captions) if near.entities else None,
        link_of(beliefs),
    )


def _of(focus: Entity, beliefs: Sequence[Belief], kind: str) -> list[Belief]:
    found = [b for b in beliefs if b.kind == kind and b.target == focus.key]
    return sorted(found, key=lambda b: (-b.confidence, b.source))


def _team_of(entity: Entity, beliefs: Sequence[Belief]) -> str:
    owns = _of(entity, beliefs, _OWNS)
    name = owns[0].source.rsplit("/", 1)[-1] if owns else ""
    return name or str(entity.properties.get("team") or "")


def _party(belief: Belief, known: dict[str, Entity], now: datetime) -> Json:
    entity = known.get(belief.source)
    word = belief_data(belief, now)
    return {
        "key": belief.source,
        "name": belief.source.rsplit("/", 1)[-1],
        "says": list(dict.fromkeys(w["source"] for w in word["says"])),
        "denies": list(dict.fromkeys(w["source"] for w in word["denies"])),
        "evidence": [w["evidence"] for w in (*word["says"], *word["denies"])],
        "doubt": doubt(belief, now),
        "confidence": word["confidence"],
        "confirmed": word["confirmed"],
        "facts": entity.properties if entity else {},
    }


def _lines(focus: Entity, data: Json) -> Iterator[str]:
    tier = f", tier {data['tier']}" if data["tier"] else ""
    if data["team"]:
        yield f"{focus.name} belongs to team {data['team']}{tier}"
    else:
        yield f"no source says who owns {focus.name}{tier}"
    for team in data["teams"]:
        words = f"- team {team['name']}: {listed(team['says']) or 'nobody'} says so"
        yield f"{words}; {team['doubt']}" if team["doubt"] else words
    if data["label"]:
        yield f"- its own labels or definition name team {data['label']}"
    for policy in data["policies"]:
        yield f"escalation policy {policy['name']} ({listed(policy['says'])})"
        for person in policy["facts"].get("on_call") or []:
            yield f"- level {person.get('level')}: {person.get('name')} {person.get('email') or ''}"
    for contact in data["contacts"]:
        yield f"contact {contact_words(contact)}"


def contact_words(contact: object) -> str:
    """A contact as its name and address."""
    if not isinstance(contact, dict):
        return str(contact)
    parts = [str(contact.get(k) or "") for k in ("name", "type", "contact")]
    return ": ".join(dict.fromkeys(p for p in parts if p))
