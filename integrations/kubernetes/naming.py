"""Objects by name: their keys in the graph, the services that they belong to, whose they are."""

from __future__ import annotations

from agent.model import Entity, Json
from integrations.kubernetes import objects

SERVICE_LABELS = ("tags.datadoghq.com/service", "app.kubernetes.io/name", "app")
"""Labels that name the service of a workload, the first that is there counting."""
_ENVIRONMENT_LABEL = "tags.datadoghq.com/env"
_OWNER_MARKS = ("team", "owner")
_TIER_MARKS = ("tier",)


def key_of(item: Json) -> str:
    """The graph's key of an object."""
    return f"{objects.namespace_of(item) or '-'}/{item['kind'].lower()}/{objects.name_of(item)}"


def service_name(item: Json) -> str:
    """The service that a workload belongs to, by its labels; empty when none says so, and for jobs."""
    return next(iter(service_labels(item).values()), "")


def service_labels(item: Json) -> dict[str, str]:
    """The labels that name a workload's service, the one that counts first; none for jobs."""
    if item["kind"] == "CronJob":
        return {}
    labels = {**pod_labels(item), **(item["metadata"].get("labels") or {})}
    return {k: str(labels[k]) for k in SERVICE_LABELS if labels.get(k)}


def service_entity(item: Json) -> Entity:
    """The service that a workload belongs to."""
    return Entity(
        name=service_name(item),
        kind="service",
        namespace=objects.namespace_of(item),
        environment=environment_of(item),
        properties={**ownership(item), "images": images_of(item)},
    )


def pod_labels(item: Json) -> Json:
    """The labels that its pods get."""
    labels: Json = objects.pod_template(item).get("metadata", {}).get("labels") or {}
    return labels


def environment_of(item: Json) -> str:
    """The environment that its labels name, else its namespace."""
    labels = {**(item["metadata"].get("labels") or {}), **pod_labels(item)}
    return str(labels.get(_ENVIRONMENT_LABEL) or objects.namespace_of(item))


def images_of(item: Json) -> list[str]:
    """The images of its containers."""
    return [str(c.get("image")) for c in objects.containers_of(item)]


def ownership(item: Json) -> Json:
    """Team and tier, by labels or annotations of these names under any prefix (``example.com/owner``)."""
    metadata = item["metadata"]
    marks = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    by_name = {str(k).rpartition("/")[2]: str(v) for k, v in marks.items()}
    found = {
        "team": next((by_name[k] for k in _OWNER_MARKS if by_name.get(k)), ""),
        "tier": next((by_name[k] for k in _TIER_MARKS if by_name.get(k)), ""),
    }
    return {k: v for k, v in found.items() if v}
