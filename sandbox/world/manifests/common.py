"""What all objects of the company share: names, labels, annotations and their one description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.world import data
from sandbox.world.ports import Company, Manifest, Service

JsonObject = Mapping[str, Any]


def inventory() -> JsonObject:
    """The whole of ``workloads.yaml``."""
    facts: JsonObject = data.read("workloads.yaml")
    return facts


@dataclass(frozen=True)
class Place:
    """One workload in one namespace."""

    name: str
    namespace: str
    env: str
    facts: JsonObject
    owner: str
    """The owning team's handle."""
    tier: int

    @property
    def replicas(self) -> int:
        """How many pods it is meant to have."""
        return int(self.facts["replicas"][self.namespace])

    @property
    def config_name(self) -> str:
        """The name of its ConfigMap."""
        return str(self.facts.get("config_map", f"{self.name}-config"))

    @property
    def secret_name(self) -> str:
        """The name of its Secret."""
        return f"{self.name}-secrets"

    def filled(self, value: str) -> str:
        """``value`` with this place's namespace put in."""
        return value.replace("{namespace}", self.namespace)


def places(company: Company) -> list[Place]:
    """Every workload in every namespace that it runs in."""
    services = {service.name: service for service in company.services}
    found = []
    for namespace, settings in inventory()["namespaces"].items():
        for name, facts in inventory()["workloads"].items():
            if namespace in facts["replicas"]:
                found.append(_place(name, namespace, settings["env"], facts, services.get(name)))
    return found


def cron_places(company: Company) -> list[Place]:
    """Every CronJob; they run in production only."""
    services = {service.name: service for service in company.services}
    return [
        _place(name, "production", "production", facts, services.get(name))
        for name, facts in inventory()["cron_jobs"].items()
    ]


def _place(
    name: str, namespace: str, env: str, facts: JsonObject, service: Service | None
) -> Place:
    team, tier = (service.team, service.tier) if service else ("platform", 3)
    return Place(name, namespace, env, facts, team, tier)


def labels(place: Place, version: str) -> dict[str, str]:
    """The recommended labels and Datadog's unified service tags."""
    return {
        "app.kubernetes.io/name": place.name,
        "app.kubernetes.io/version": version,
        "app.kubernetes.io/part-of": "sundial",
        "tags.datadoghq.com/env": place.env,
        "tags.datadoghq.com/service": place.name,
        "tags.datadoghq.com/version": version,
        "team": place.owner,
    }


def selector(place: Place) -> dict[str, str]:
    """The labels that its pods are found by."""
    return {"app.kubernetes.io/name": place.name}


def metadata(place: Place, name: str, version: str | None = None) -> dict[str, Any]:
    """Metadata of an object that belongs to a workload."""
    return {
        "name": name,
        "namespace": place.namespace,
        "labels": labels(place, version or str(place.facts["version"])),
        "annotations": {
            "sundial.example/owner": place.owner,
            "sundial.example/tier": str(place.tier),
            "sundial.example/slack": f"#team-{place.owner}",
        },
    }


def named(api_version: str, kind: str, meta: dict[str, Any], **rest: Any) -> Manifest:
    """An object of the four usual parts."""
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **rest}
