"""What Datadog knows of the company: service definitions, owners, monitors, and calls seen in traces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from agent.errors import AccessDenied
from agent.knowledge.facts import Seen
from agent.model import Entity, Json, Relation
from integrations.datadog.catalogue import service_data
from integrations.datadog.client import DatadogClient
from integrations.text import utc_now


class DatadogGraph:
    """Builds Datadog's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        environments: values of the env tag to ask for; each stands for the namespace of that name, unless
            ``namespaces`` says which one it is, so that a service is one entity in all sources.
    """

    origin = "datadog"

    def __init__(
        self,
        client: DatadogClient,
        environments: Sequence[str] = ("production",),
        namespaces: dict[str, str] | None = None,
    ) -> None:
        self._client = client
        self._environments = environments
        self._namespaces = namespaces or {}

    async def build(self) -> Seen:
        """Everything it can see now; parts that the keys may not see are left out.

        Raises:
            ToolError: Datadog cannot be reached, or nothing in it may be seen.
        """
        answers = await asyncio.gather(
            self._client.definitions(),
            self._client.monitors(),
            *(self._client.dependencies(e) for e in self._environments),
            return_exceptions=True,
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, AccessDenied):
                raise answer
        if all(isinstance(a, AccessDenied) for a in answers):
            raise AccessDenied("Datadog lets srebot see nothing: check the keys and their scopes")
        definitions, monitors, *calls = answers
        schemas = [
            service_data(d.get("attributes", {}).get("schema", {})) for d in _items(definitions)
        ]
        entities, relations = self._assembled(schemas, list(_items(monitors)), calls)
        return Seen(entities=tuple(entities), relations=tuple(relations))

    def _assembled(
        self, schemas: Sequence[Json], monitors: Sequence[Json], calls: Sequence[object]
    ) -> tuple[list[Entity], list[Relation]]:
        now = utc_now()
        entities: dict[str, Entity] = {}
        relations: list[Relation] = []
        for environment, found in zip(self._environments, calls, strict=True):
            called = found if isinstance(found, dict) else {}
            names = {*called, *(n for targets in called.values() for n in targets)}
            for schema in schemas:
                entity = self._service(str(schema["name"]), environment, schema, monitors)
                entities[entity.key] = entity
                relations += self._ownership(entity, schema, now)
            for name in names:
                entity = self._service(name, environment, {}, monitors)
                entities.setdefault(entity.key, entity)
            relations += self._calls(called, environment, now)
        teams = {str(s["team"]) for s in schemas if s["team"]}
        return [
            *entities.values(),
            *(Entity(name=t, kind="team") for t in sorted(teams)),
        ], relations

    def _service(
        self, name: str, environment: str, schema: Json, monitors: Sequence[Json]
    ) -> Entity:
        watching = [
            {
                "id": m.get("id"),
                "name": m.get("name"),
                "state": m.get("overall_state"),
                "query": m.get("query"),
            }
            for m in monitors
            if f"service:{name}" in (m.get("tags") or [])
        ]
        facts = {
            k: schema.get(k) for k in ("team", "tier", "type", "description", "links", "contacts")
        }
        return Entity(
            name=name,
            kind="service",
            namespace=self._namespaces.get(environment, environment),
            environment=environment,
            properties={k: v for k, v in {**facts, "monitors": watching}.items() if v},
        )

    def _ownership(self, entity: Entity, schema: Json, now: datetime) -> Iterable[Relation]:
        if schema["team"]:
            yield Relation(
                source=Entity(name=str(schema["team"]), kind="team").key,
                target=entity.key,
                kind="owns",
                origin=self.origin,
                evidence=self._client.link(f"/services/{entity.name}"),
                first_seen=now,
                last_confirmed=now,
            )

    def _calls(
        self, called: dict[str, list[str]], environment: str, now: datetime
    ) -> Iterable[Relation]:
        for caller, targets in called.items():
            for target in targets:
                yield Relation(
                    source=self._service(caller, environment, {}, ()).key,
                    target=self._service(target, environment, {}, ()).key,
                    kind="depends_on",
                    origin=self.origin,
                    evidence=self._client.link(f"/services/{caller}/dependencies", env=environment),
                    first_seen=now,
                    last_confirmed=now,
                )


def _items(answer: object) -> Iterable[Json]:
    return answer if isinstance(answer, list) else []
