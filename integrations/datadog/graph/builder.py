"""Puts Datadog's part of the graph together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agent.errors import AccessDenied
from agent.knowledge.facts import Seen
from agent.model import Entity, Json, Relation, Utc, Window
from integrations.datadog.catalogue import service_data
from integrations.datadog.client import DatadogClient
from integrations.datadog.graph.hosts import host_entity
from integrations.datadog.graph.monitors import monitor_entity, watched
from integrations.datadog.graph.usage import QUERIES, usage_of
from integrations.text import utc_now

USAGE_WINDOW = timedelta(hours=24)
_UNSEEN = {"definitions": "service", "monitors": "monitor", "hosts": "node"}
"""What is missing when a part may not be read."""


class DatadogGraph:
    """Builds Datadog's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        client: Datadog.
        environments: values of the env tag to ask for, the main one first; each stands for the namespace of that
            name, unless ``namespaces`` says which one it is, so that a service is one entity in all sources.
        namespaces: environment -> namespace, where they differ.
    """

    origin = "datadog"

    def __init__(
        self,
        client: DatadogClient,
        environments: Sequence[str] = ("production",),
        namespaces: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._environments = tuple(environments) or ("production",)
        self._namespaces = namespaces or {}

    async def build(self) -> Seen:
        """Everything it can see now; parts that the keys may not see are left out.

        Raises:
            ToolError: Datadog cannot be reached, or nothing in it may be seen.
        """
        now = utc_now()
        window = Window(start=now - USAGE_WINDOW, end=now)
        parts = {
            "definitions": self._client.definitions(),
            "monitors": self._client.monitors(),
            "hosts": self._client.hosts(),
            **{f"usage {q}": self._client.query(query, window) for q, query in QUERIES.items()},
            **{f"calls {e}": self._client.dependencies(e) for e in self._environments},
        }
        answers = await asyncio.gather(*parts.values(), return_exceptions=True)
        read: dict[str, Any] = {}
        for name, answer in zip(parts, answers, strict=True):
            if isinstance(answer, AccessDenied):
                continue
            if isinstance(answer, BaseException):
                raise answer
            read[name] = answer
        if not read:
            raise AccessDenied("Datadog lets srebot see nothing: check the keys and their scopes")
        return _Picture(self._client, self._environments, self._namespaces, read, now).seen()


@dataclass
class _Picture:
    """The answers of one moment, being made into entities and relations."""

    client: DatadogClient
    environments: tuple[str, ...]
    namespaces: Mapping[str, str]
    read: Mapping[str, Any]
    now: Utc
    entities: dict[str, Entity] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)

    def seen(self) -> Seen:
        """All of it."""
        self._take_services()
        self._take_usage()
        self._take_monitors()
        for host in self.read.get("hosts", ()):
            self._add(host_entity(host, self.client.link("/infrastructure")))
        unseen = {kind for part, kind in _UNSEEN.items() if part not in self.read}
        if any(f"calls {e}" not in self.read for e in self.environments):
            unseen.add("service")
        return Seen(
            entities=tuple(self.entities.values()),
            relations=tuple(self.relations),
            unseen_kinds=frozenset(unseen),
        )

    def _take_services(self) -> None:
        """Definitions stand for the main environment, and for the others where traces show the service."""
        schemas = [
            service_data(d.get("attributes", {}).get("schema", {}))
            for d in self.read.get("definitions", ())
        ]
        by_name = {str(s["name"]): s for s in schemas}
        for place, environment in enumerate(self.environments):
            called: dict[str, list[str]] = self.read.get(f"calls {environment}", {})
            traced = {*called, *(n for targets in called.values() for n in targets)}
            for name in sorted({*traced, *(by_name if place == 0 else ())}):
                self._take_service(name, environment, by_name.get(name, {}))
            self._take_calls(called, environment)

    def _take_service(self, name: str, environment: str, schema: Json) -> None:
        keys = ("team", "tier", "type", "description", "links", "contacts")
        entity = self._service(name, environment)
        self._add(
            entity.model_copy(update={"properties": {k: schema[k] for k in keys if schema.get(k)}})
        )
        if team := schema.get("team"):
            owner = Entity(name=str(team), kind="team")
            self._add(owner)
            self._tie(owner.key, entity.key, "owns", self.client.link(f"/services/{name}"))

    def _take_calls(self, called: Mapping[str, Iterable[str]], environment: str) -> None:
        for caller, targets in called.items():
            for target in targets:
                source, used = (
                    self._service(caller, environment),
                    self._service(target, environment),
                )
                link = self.client.link(f"/services/{caller}/dependencies", env=environment)
                self._tie(source.key, used.key, "depends_on", link)

    def _take_usage(self) -> None:
        answers = {q: self.read[f"usage {q}"] for q in QUERIES if f"usage {q}" in self.read}
        for (namespace, service), usage in usage_of(answers).items():
            known = {self.namespaces.get(e, e): e for e in self.environments}
            if namespace in known:
                entity = self._service(service, known[namespace])
                self._add(entity.model_copy(update={"properties": {"usage": usage}}))

    def _take_monitors(self) -> None:
        for monitor in self.read.get("monitors", ()):
            link = self.client.link(f"/monitors/{monitor.get('id')}")
            entity = monitor_entity(monitor, link)
            self._add(entity)
            for service, environment in watched(monitor, self.environments[0]):
                if environment in self.environments:
                    target = self._service(service, environment)
                    self._add(target)
                    self._tie(entity.key, target.key, "watches", link)

    def _service(self, name: str, environment: str) -> Entity:
        namespace = self.namespaces.get(environment, environment)
        return Entity(name=name, kind="service", namespace=namespace, environment=environment)

    def _add(self, entity: Entity) -> None:
        known = self.entities.get(entity.key)
        properties = {**(known.properties if known else {}), **entity.properties}
        self.entities[entity.key] = entity.model_copy(update={"properties": properties})

    def _tie(self, source: str, target: str, kind: str, evidence: str) -> None:
        self.relations.append(
            Relation(
                source=source,
                target=target,
                kind=kind,
                origin=DatadogGraph.origin,
                evidence=evidence,
                confidence=0.95,
                first_seen=self.now,
                last_confirmed=self.now,
            )
        )
