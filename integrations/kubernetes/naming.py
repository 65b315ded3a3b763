"""Objects as entities: their keys, the services that they belong to, their properties."""

from __future__ import annotations

from agent.model import Entity, Json
from integrations.kubernetes import objects
from integrations.kubernetes.listing import node_data, summary_of
from integrations.kubernetes.resources import WORKLOADS
from integrations.text import iso, parse_time

_SERVICE_LABELS = ("tags.datadoghq.com/service", "app.kubernetes.io/name", "app")
_ENVIRONMENT_LABEL = "tags.datadoghq.com/env"
_OWNER_MARKS = ("team", "owner")
_TIER_MARKS = ("tier",)


def key_of(item: Json) -> str:
    """The graph's key of an object."""
    return f"{objects.namespace_of(item) or '-'}/{item['kind'].lower()}/{objects.name_of(item)}"


def service_name(item: Json) -> str:
    """The service that a workload belongs to, by its labels; empty when none says so, and for jobs."""
    if item["kind"] == "CronJob":
        return ""
    labels = {**pod_labels(item), **(item["metadata"].get("labels") or {})}
    return next((str(labels[k]) for k in _SERVICE_LABELS if labels.get(k)), "")


def service_entity(item: Json) -> Entity:
    """The service that a workload belongs to."""
    return Entity(
        name=service_name(item),
        kind="service",
        namespace=objects.namespace_of(item),
        environment=_environment(item),
        properties={**_ownership(item), "images": _images(item)},
    )


def entity_of(item: Json) -> Entity:
    """The object itself."""
    return Entity(
        name=objects.name_of(item),
        kind=item["kind"].lower(),
        namespace=objects.namespace_of(item),
        environment=_environment(item),
        properties=_properties(item),
    )


def _properties(item: Json) -> Json:
    found: Json = {
        "labels": item["metadata"].get("labels") or {},
        "created_at": iso(parse_time(item["metadata"].get("creationTimestamp"))),
    }
    found |= _ownership(item)
    if item["kind"] in WORKLOADS:
        found["images"] = _images(item)
        containers = [objects.container_data(c) for c in objects.containers_of(item)]
        found["containers"] = [
            {k: c[k] for k in ("name", "image", "requests", "limits")} for c in containers
        ]
    summary = node_data(item) if item["kind"] == "Node" else summary_of(item)
    return {**found, **{k: v for k, v in summary.items() if k != "name"}}


def pod_labels(item: Json) -> Json:
    """The labels that its pods get."""
    labels: Json = objects.pod_template(item).get("metadata", {}).get("labels") or {}
    return labels


def _environment(item: Json) -> str:
    labels = {**(item["metadata"].get("labels") or {}), **pod_labels(item)}
    return str(labels.get(_ENVIRONMENT_LABEL) or objects.namespace_of(item))


def _images(item: Json) -> list[str]:
    return [str(c.get("image")) for c in objects.containers_of(item)]


def _ownership(item: Json) -> Json:
    """Team and tier, by labels or annotations of these names under any prefix (``example.com/owner``)."""
    metadata = item["metadata"]
    marks = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    by_name = {str(k).rpartition("/")[2]: str(v) for k, v in marks.items()}
    found = {
        "team": next((by_name[k] for k in _OWNER_MARKS if by_name.get(k)), ""),
        "tier": next((by_name[k] for k in _TIER_MARKS if by_name.get(k)), ""),
    }
    return {k: v for k, v in found.items() if v}
