"""Teams, and who is called in which order."""

from __future__ import annotations

from collections.abc import Sequence

from agent.model import Entity, Json


def team_entity(team: Json) -> Entity:
    """A team by the handle that it goes by elsewhere (``Discovery`` -> ``discovery``)."""
    said = str(team.get("summary") or team.get("name"))
    name = "-".join(said.lower().split())
    link = team.get("html_url")
    properties = {
        "pagerduty_link": link,
        "also_known_as": [said] if said != name else [],
    }
    return Entity(name=name, kind="team", properties={k: v for k, v in properties.items() if v})


def policy_entity(policy: Json, oncalls: Sequence[Json]) -> Entity:
    """An escalation policy: ``on_call`` has who is called now, by level; ``levels`` the delay before each next one."""
    people = [
        {
            "level": o.get("escalation_level"),
            "name": o["user"].get("name") or o["user"].get("summary"),
            "email": o["user"].get("email"),
            "until": o.get("end"),
        }
        for o in oncalls
        if (o.get("escalation_policy") or {}).get("id") == policy.get("id") and o.get("user")
    ]
    people.sort(key=lambda p: p["level"] or 0)
    levels = [
        {
            "level": place,
            "minutes": rule.get("escalation_delay_in_minutes"),
            "targets": [t.get("summary") for t in rule.get("targets") or []],
        }
        for place, rule in enumerate(policy.get("escalation_rules") or [], start=1)
    ]
    properties: Json = {
        "on_call": people,
        "levels": levels,
        "pagerduty_link": policy.get("html_url"),
    }
    return Entity(
        name=str(policy.get("name") or policy.get("summary")),
        kind="escalation_policy",
        properties={k: v for k, v in properties.items() if v},
    )
