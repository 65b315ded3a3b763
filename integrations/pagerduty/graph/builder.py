"""Puts PagerDuty's part of the graph together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.knowledge.facts import EntityChange, Seen
from agent.model import Entity, Json, Relation
from integrations.pagerduty.client import PagerDutyClient
from integrations.pagerduty.graph.changes import change_of
from integrations.pagerduty.graph.people import policy_entity, team_entity
from integrations.text import utc_now

CHANGES_BACK = timedelta(hours=24)
_OVERLAP = timedelta(minutes=5)
"""Change events may come late; the same one again changes nothing."""


class PagerDutyGraph:
    """Builds PagerDuty's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        client: PagerDuty.
        environment: what PagerDuty's services stand for; its namespace has the same name, unless ``namespace`` says
            otherwise, so that a service is one entity in all sources.
        namespace: where its services run.
    """

    origin = "pagerduty"

    def __init__(
        self, client: PagerDutyClient, environment: str = "production", namespace: str = ""
    ) -> None:
        self._client = client
        self._environment = environment
        self._namespace = namespace or environment
        self._changes_since: datetime | None = None

    async def build(self) -> Seen:
        """Everything it can see now, and the change events since the last time.

        Raises:
            ToolError: PagerDuty cannot be reached or refuses.
        """
        now = utc_now()
        services, business, policies, oncalls, changes = await asyncio.gather(
            self._client.entries("services", "services", {"include": ["teams"]}),
            self._client.entries("business_services", "business services"),
            self._client.entries("escalation_policies", "escalation policies"),
            self._client.entries("oncalls", "who is on call", {"include": ["users"]}),
            self._client.changes(self._changes_since or now - CHANGES_BACK),
        )
        ids = [("technical_services", s["id"]) for s in services]
        ids += [("business_services", b["id"]) for b in business]
        ties = await asyncio.gather(*(self._client.dependencies(*each) for each in ids))
        self._changes_since = now - _OVERLAP
        picture = _Picture(self._environment, self._namespace, now)
        picture.take_services(services)
        picture.take_business(business)
        picture.take_dependencies(tie for found in ties for tie in found)
        picture.take_people(policies, oncalls)
        return picture.seen(changes)


@dataclass
class _Picture:
    """The answers of one moment, being made into entities and relations."""

    environment: str
    namespace: str
    now: datetime
    entities: dict[str, Entity] = field(default_factory=dict)
    relations: dict[tuple[str, str, str], Relation] = field(default_factory=dict)
    by_id: dict[str, Entity] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def take_services(self, services: Iterable[Json]) -> None:
        """Technical services with their teams and escalation policies."""
        for service in services:
            link = str(service.get("html_url") or "")
            facts = {
                "description": service.get("description"),
                "status": service.get("status"),
                "pagerduty_link": link,
                "pagerduty_id": service.get("id"),
            }
            entity = self._add(str(service["id"]), self._named(service, "service", facts), link)
            for team in service.get("teams") or []:
                owner = team_entity(team)
                self.entities.setdefault(owner.key, owner)
                self._tie(owner.key, entity.key, "owns", link)
            if policy := service.get("escalation_policy"):
                escalation = Entity(name=str(policy.get("summary")), kind="escalation_policy")
                self._tie(escalation.key, entity.key, "escalates", link)

    def take_business(self, services: Iterable[Json]) -> None:
        """Business services: what customers would miss."""
        for service in services:
            link = str(service.get("html_url") or "")
            facts = {
                "description": service.get("description"),
                "point_of_contact": service.get("point_of_contact"),
                "pagerduty_link": link,
            }
            entity = self._add(
                str(service["id"]), self._named(service, "business_service", facts), link
            )
            if team := service.get("team"):
                owner = team_entity(team)
                self._tie(owner.key, entity.key, "owns", link)

    def take_dependencies(self, found: Iterable[Json]) -> None:
        """What stands on what, as people entered it in PagerDuty."""
        for each in found:
            ends = [
                str((each.get(n) or {}).get("id"))
                for n in ("dependent_service", "supporting_service")
            ]
            dependent, supporting = (self.by_id.get(i) for i in ends)
            if dependent is not None and supporting is not None:
                link = self.links.get(ends[0], "")
                self._tie(dependent.key, supporting.key, "depends_on", link, 0.85)

    def take_people(self, policies: Iterable[Json], oncalls: Sequence[Json]) -> None:
        """Escalation policies, with who is called now, and whose they are."""
        for policy in policies:
            entity = policy_entity(policy, oncalls)
            self.entities[entity.key] = entity
            for team in policy.get("teams") or []:
                self._tie(
                    team_entity(team).key, entity.key, "owns", str(policy.get("html_url") or "")
                )

    def seen(self, changes: Iterable[Json]) -> Seen:
        """All of it."""
        events: list[EntityChange] = []
        for change in changes:
            ids = [str(s.get("id")) for s in change.get("services") or []]
            known = [self.by_id[i].key for i in ids if i in self.by_id]
            events += [change_of(change, key, PagerDutyGraph.origin) for key in known]
        return Seen(
            entities=tuple(self.entities.values()),
            relations=tuple(self.relations.values()),
            changes=tuple(events),
        )

    def _named(self, thing: Json, kind: str, facts: Json) -> Entity:
        """Services go by their technical name elsewhere: ``Redis Reco`` is redis-reco, and known as ``Redis Reco``."""
        said = str(thing.get("name") or thing.get("summary"))
        name = "-".join(said.lower().split())
        aliases = [said] if said != name else []
        properties = {**facts, "also_known_as": aliases}
        return Entity(
            name=name if kind == "service" else said,
            kind=kind,
            namespace=self.namespace,
            environment=self.environment,
            properties={k: v for k, v in properties.items() if v},
        )

    def _add(self, identity: str, entity: Entity, link: str) -> Entity:
        self.entities[entity.key] = self.by_id[identity] = entity
        self.links[identity] = link
        return entity

    def _tie(
        self, source: str, target: str, kind: str, evidence: str, confidence: float = 1.0
    ) -> None:
        self.relations[(source, target, kind)] = Relation(
            source=source,
            target=target,
            kind=kind,
            origin=PagerDutyGraph.origin,
            evidence=evidence,
            confidence=confidence,
            first_seen=self.now,
            last_confirmed=self.now,
        )
