"""The cluster as entities and relations."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from agent.errors import AccessDenied
from agent.knowledge.facts import Seen
from agent.knowledge.inference import Endpoint, endpoints_in
from agent.model import Entity, Json, Relation
from integrations.kubernetes import objects
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.naming import (
    entity_of,
    key_of,
    pod_labels,
    service_entity,
    service_name,
)
from integrations.kubernetes.resources import WORKLOADS, resource
from integrations.kubernetes.selectors import selects
from integrations.masking import mask_settings
from integrations.text import utc_now

ORIGIN = "kubernetes"
_PLACES_SAID = 3
_KINDS = (
    *WORKLOADS,
    "Job",
    "Pod",
    "Service",
    "Ingress",
    "ConfigMap",
    "Secret",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
    "Node",
)


class KubernetesGraph:
    """Builds the cluster's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        namespaces: those to look at; none means all that the credential lists cluster-wide.
    """

    origin = ORIGIN

    def __init__(self, client: KubernetesClient, namespaces: Sequence[str] = ()) -> None:
        self._client = client
        self._namespaces = namespaces

    async def build(self) -> Seen:
        """Everything it can see now; kinds that it may not list are left out.

        Raises:
            ToolError: the cluster cannot be reached, or nothing in it may be seen.
        """
        lists = await asyncio.gather(*(self._seen(k) for k in _KINDS))
        if all(found is None for found in lists):
            raise AccessDenied("Kubernetes lets srebot list nothing: bind it the read-only role")
        items = {k: found or [] for k, found in zip(_KINDS, lists, strict=True)}
        cluster = _Cluster(items, utc_now())
        return Seen(entities=tuple(cluster.entities()), relations=tuple(cluster.relations()))

    async def _seen(self, kind: str) -> list[Json] | None:
        within = self._namespaces if resource(kind).namespaced and self._namespaces else [""]
        try:
            lists = await asyncio.gather(*(self._client.list(kind, n) for n in within))
        except AccessDenied:
            return None
        return [item for found in lists for item in found]


class _Tie(NamedTuple):
    source: str
    target: str
    kind: str
    evidence: str
    origin: str = ORIGIN
    confidence: float = 1.0


class _Cluster:
    def __init__(self, items: dict[str, list[Json]], now: datetime) -> None:
        self._items = items
        self._now = now
        self._workloads = [i for k in WORKLOADS for i in items[k]]
        self._services = {
            (objects.namespace_of(s), objects.name_of(s)): s for s in items["Service"]
        }

    def entities(self) -> list[Entity]:
        """One entity per object (pods and finished jobs aside) and one per service that labels name."""
        found = [
            entity_of(item)
            for kind, items in self._items.items()
            if kind not in ("Pod", "Service")
            for item in items
            if kind != "Job" or objects.job_data(item)["active"]
        ]
        named: dict[str, Entity] = {}
        for item in self._workloads:
            if service_name(item):
                service = service_entity(item)
                named.setdefault(service.key, service)
        for item in self._items["Service"]:
            key = self._service_key(item)
            if key not in named:
                named[key] = entity_of(item)
        return [*found, *named.values()]

    def relations(self) -> list[Relation]:
        """Every tie once; where several places tell of it, the evidence names them all."""
        told: dict[tuple[str, str, str], list[_Tie]] = {}
        for tie in itertools.chain(
            self._runs(),
            self._schedules(),
            self._routes(),
            self._scaling(),
            self._protection(),
            self._configuration(),
            self._placement(),
            self._dependencies(),
        ):
            if tie.source != tie.target:
                told.setdefault((tie.source, tie.target, tie.kind), []).append(tie)
        return [self._relation(ties) for ties in told.values()]

    def _relation(self, ties: Sequence[_Tie]) -> Relation:
        first = ties[0]
        places = list(dict.fromkeys(t.evidence for t in ties))
        more = f" (and {len(places) - _PLACES_SAID} more)" if len(places) > _PLACES_SAID else ""
        return Relation(
            source=first.source,
            target=first.target,
            kind=first.kind,
            origin=first.origin,
            evidence="; ".join(places[:_PLACES_SAID]) + more,
            confidence=first.confidence,
            first_seen=self._now,
            last_confirmed=self._now,
        )

    def _runs(self) -> Iterator[_Tie]:
        for item in self._workloads:
            if name := service_name(item):
                said = f"label of {_said(item)} names service {name}"
                yield _Tie(service_entity(item).key, key_of(item), "runs", said)

    def _schedules(self) -> Iterator[_Tie]:
        """A CronJob's runs of this moment; finished ones are history, not structure."""
        for item in self._items["CronJob"]:
            for job in self._items["Job"]:
                owner = objects.owner_of(job, "CronJob") or {}
                same = objects.namespace_of(job) == objects.namespace_of(item)
                if (
                    same
                    and owner.get("name") == objects.name_of(item)
                    and objects.job_data(job)["active"]
                ):
                    yield _Tie(key_of(item), key_of(job), "schedules", f"owner of {_said(job)}")

    def _routes(self) -> Iterator[_Tie]:
        for service in self._items["Service"]:
            for item in self._selected(service):
                if self._service_key(service) != (
                    service_entity(item).key if service_name(item) else ""
                ):
                    yield _Tie(
                        self._service_key(service),
                        key_of(item),
                        "routes_to",
                        f"selector of {_said(service)}",
                    )
        for ingress in self._items["Ingress"]:
            for name in _backends(ingress):
                target = self._services.get((objects.namespace_of(ingress), name))
                if target is not None:
                    yield _Tie(
                        key_of(ingress),
                        self._service_key(target),
                        "routes_to",
                        f"rule of {_said(ingress)}",
                    )

    def _scaling(self) -> Iterator[_Tie]:
        for hpa in self._items["HorizontalPodAutoscaler"]:
            target = hpa.get("spec", {}).get("scaleTargetRef", {})
            key = f"{objects.namespace_of(hpa)}/{str(target.get('kind')).lower()}/{target.get('name')}"
            yield _Tie(key_of(hpa), key, "scales", f"scaleTargetRef of {_said(hpa)}")

    def _protection(self) -> Iterator[_Tie]:
        for pdb in self._items["PodDisruptionBudget"]:
            for item in self._within(pdb):
                if selects(pdb.get("spec", {}).get("selector"), pod_labels(item)):
                    yield _Tie(key_of(pdb), key_of(item), "protects", f"selector of {_said(pdb)}")

    def _configuration(self) -> Iterator[_Tie]:
        for item in self._workloads:
            for kind in ("ConfigMap", "Secret"):
                for name in objects.references(item, kind):
                    key = f"{objects.namespace_of(item)}/{kind.lower()}/{name}"
                    yield _Tie(key_of(item), key, "configured_by", f"pod template of {_said(item)}")

    def _placement(self) -> Iterator[_Tie]:
        replica_owner = {
            (objects.namespace_of(p), objects.name_of(p)): p for p in self._items["Pod"]
        }
        for pod in replica_owner.values():
            node = pod.get("spec", {}).get("nodeName")
            owner = next((i for i in self._within(pod) if _owns(i, pod)), None)
            if node and owner is not None:
                yield _Tie(
                    key_of(owner), f"-/node/{node}", "on_node", f"pod {objects.name_of(pod)}"
                )

    def _dependencies(self) -> Iterator[_Tie]:
        maps = {(objects.namespace_of(c), objects.name_of(c)): c for c in self._items["ConfigMap"]}
        for item in self._workloads:
            namespace = objects.namespace_of(item)
            for place, values in _settings(item, maps):
                for variable, value in values.items():
                    for endpoint in endpoints_in({variable: value}):
                        if tie := self._dependency(
                            item, namespace, endpoint, f"{variable} in {place}"
                        ):
                            yield tie

    def _dependency(
        self, item: Json, namespace: str, endpoint: Endpoint, where: str
    ) -> _Tie | None:
        """A tie to the Service in the cluster that a setting names; hosts outside are left to other sources."""
        target = self._services.get((endpoint.namespace or namespace, endpoint.service))
        if target is None:
            return None
        source = service_entity(item).key if service_name(item) else key_of(item)
        port = f":{endpoint.port}" if endpoint.port else ""
        evidence = f"{where} of {_said(item)} points to {endpoint.host}{port}"
        return _Tie(source, self._service_key(target), "depends_on", evidence, "inferred", 0.9)

    def _service_key(self, service: Json) -> str:
        """The service that its pods' labels name, so that every source speaks of one entity; else its own name."""
        for item in self._selected(service):
            if service_name(item):
                return service_entity(item).key
        return key_of(service)

    def _selected(self, service: Json) -> Iterator[Json]:
        selector = service.get("spec", {}).get("selector")
        return (i for i in self._within(service) if selects(selector, pod_labels(i)))

    def _within(self, item: Json) -> Iterator[Json]:
        namespace = objects.namespace_of(item)
        return (i for i in self._workloads if objects.namespace_of(i) == namespace)


def _settings(
    item: Json, config_maps: dict[tuple[str, str], Json]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Where a workload's settings stand, and the settings without their secrets."""
    for container in objects.containers_of(item):
        data = objects.container_data(container)
        values = {n: str(v["value"]) for n, v in data["env"].items() if "value" in v}
        yield "environment", values
        yield "arguments", {f"argument {n}": a for n, a in enumerate(data["args"])}
    for name in objects.references(item, "ConfigMap"):
        config_map = config_maps.get((objects.namespace_of(item), name))
        if config_map is not None:
            yield f"ConfigMap {name}", mask_settings(config_map.get("data") or {})


def _backends(ingress: Json) -> Iterator[str]:
    for rule in ingress.get("spec", {}).get("rules", []):
        for path in rule.get("http", {}).get("paths", []):
            if name := path.get("backend", {}).get("service", {}).get("name"):
                yield str(name)


def _owns(item: Json, pod: Json) -> bool:
    owner = objects.owner_of(pod) or {}
    if owner.get("kind") == "ReplicaSet":
        return item["kind"] == "Deployment" and str(owner["name"]).rpartition("-")[
            0
        ] == objects.name_of(item)
    return (owner.get("kind"), owner.get("name")) == (item["kind"], objects.name_of(item))


def _said(item: Json) -> str:
    return f"{item['kind']} {objects.namespace_of(item)}/{objects.name_of(item)}"
