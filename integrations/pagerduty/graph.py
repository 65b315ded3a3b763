"""What PagerDuty knows of the company: services, the teams behind them, who is called in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.knowledge.facts import Seen
from agent.model import Entity, Json, Relation
from integrations.pagerduty.client import PagerDutyClient
from integrations.text import utc_now


class PagerDutyGraph:
    """Builds PagerDuty's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        environment: what PagerDuty's services stand for; its namespace has the same name, unless ``namespace`` says
            otherwise, so that a service is one entity in all sources.
    """

    origin = "pagerduty"

    def __init__(
        self, client: PagerDutyClient, environment: str = "production", namespace: str = ""
    ) -> None:
        self._client = client
        self._environment = environment
        self._namespace = namespace or environment

    async def build(self) -> Seen:
        """Everything it can see now.

        Raises:
            ToolError: PagerDuty cannot be reached or refuses.
        """
        services = await self._client.entries("services", "services", {"include": ["teams"]})
        policies = await self._client.entries("escalation_policies", "escalation policies")
        oncalls = await self._client.entries("oncalls", "who is on call", {"include": ["users"]})
        now = utc_now()
        entities = [self._service(s) for s in services]
        entities += [_policy(p, oncalls) for p in policies]
        teams = {t.get("summary") or t.get("name") for s in services for t in s.get("teams", [])}
        entities += [Entity(name=_handle(t), kind="team") for t in sorted(filter(None, teams))]
        relations = [r for s in services for r in self._ties(s, now)]
        return Seen(entities=tuple(entities), relations=tuple(relations))

    def _service(self, service: Json) -> Entity:
        facts = {
            "description": service.get("description"),
            "status": service.get("status"),
            "pagerduty_link": service.get("html_url"),
        }
        return Entity(
            name=str(service["name"]),
            kind="service",
            namespace=self._namespace,
            environment=self._environment,
            properties={k: v for k, v in facts.items() if v},
        )

    def _ties(self, service: Json, now: datetime) -> Iterator[Relation]:
        target = self._service(service).key
        ties = [
            (Entity(name=_handle(str(t.get("summary") or t.get("name"))), kind="team"), "owns")
            for t in service.get("teams", [])
        ]
        if policy := service.get("escalation_policy"):
            ties.append(
                (Entity(name=str(policy.get("summary")), kind="escalation_policy"), "escalates")
            )
        for source, kind in ties:
            yield Relation(
                source=source.key,
                target=target,
                kind=kind,
                origin=self.origin,
                evidence=str(service.get("html_url") or ""),
                first_seen=now,
                last_confirmed=now,
            )


def _handle(team: str) -> str:
    """Teams go by their handle elsewhere (``Discovery`` -> ``discovery``)."""
    return "-".join(team.lower().split())


def _policy(policy: Json, oncalls: Sequence[Json]) -> Entity:
    people = [
        {
            "level": o.get("escalation_level"),
            "name": o["user"].get("name") or o["user"].get("summary"),
            "email": o["user"].get("email"),
        }
        for o in oncalls
        if o.get("escalation_policy", {}).get("id") == policy.get("id")
    ]
    people.sort(key=lambda p: p["level"] or 0)
    return Entity(
        name=str(policy["name"]), kind="escalation_policy", properties={"on_call": people}
    )
