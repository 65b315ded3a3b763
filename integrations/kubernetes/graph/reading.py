"""Objects as the API gives them, made into records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from sys import intern
from typing import Any

from agent.knowledge.inference import Endpoint
from agent.model import Entity, Json
from integrations.kubernetes import objects
from integrations.kubernetes.graph import settings
from integrations.kubernetes.graph.facts import PART_OF, known, limits, properties_of
from integrations.kubernetes.graph.records import (
    Budget,
    Claim,
    Id,
    Ingress,
    Owned,
    Record,
    Scaler,
    Service,
    Settings,
    Workload,
)
from integrations.kubernetes.history import CHANGE_CAUSE, RESTARTED_AT, REVISION
from integrations.kubernetes.naming import (
    environment_of,
    pod_labels,
    service_entity,
    service_labels,
)
from integrations.kubernetes.resources import WORKLOADS
from integrations.masking import mask_settings
from integrations.text import parse_time

_TOLD = set(Entity.model_fields)
"""The fields that are set in every entity here: one set for all of them saves 20 MB in a large cluster."""
_OVER = ("Succeeded", "Failed")


def read(item: Json) -> Record:
    """What the graph keeps of an object."""
    make = _BY_KIND.get(item["kind"])
    return make(item, _common(item)) if make else Record(**_common(item), entity=entity_of(item))


def id_of(item: Json) -> Id:
    """Which object it is."""
    return item["kind"], objects.namespace_of(item), objects.name_of(item)


def entity_of(item: Json) -> Entity:
    """The object itself."""
    return Entity.model_construct(
        _TOLD,
        name=objects.name_of(item),
        kind=item["kind"].lower(),
        namespace=objects.namespace_of(item),
        environment=environment_of(item),
        properties=properties_of(item),
    )


def _common(item: Json) -> dict[str, Any]:
    metadata = item["metadata"]
    at, by = _written(metadata.get("managedFields") or [])
    return {
        "id": id_of(item),
        "uid": str(metadata.get("uid") or ""),
        "version": str(metadata.get("resourceVersion") or ""),
        "written_at": at,
        "written_by": by,
    }


def _written(fields: list[Json]) -> tuple[datetime | None, str]:
    """The last write that managedFields date, those of status aside."""
    entries = [e for e in fields if e.get("time") and e.get("subresource") != "status"]
    last = max(entries, key=lambda e: str(e["time"]), default={})
    return parse_time(last.get("time")), str(last.get("manager") or "")


def _workload(item: Json, common: Mapping[str, Any]) -> Record:
    named = service_labels(item)
    annotations = item["metadata"].get("annotations") or {}
    spec = item.get("spec", {})
    name = next(iter(named.values()), "")
    containers = objects.containers_of(item)
    data = [objects.container_data(c) for c in containers]
    return Workload(
        **common,
        entity=entity_of(item),
        service=_service_of(item) if named else None,
        said_by=next(iter(named), ""),
        aliases=tuple(dict.fromkeys(n for n in named.values() if n != name)),
        labels=pod_labels(item),
        config_maps=tuple(objects.references(item, "ConfigMap")),
        secrets=tuple(objects.references(item, "Secret")),
        claims=_claims(item),
        settings=tuple(settings.settings_of(data)),
        names=tuple(settings.naming(_plain_environment(data))),
        schedule=str(spec.get("schedule") or "") if item["kind"] == "CronJob" else "",
        time_zone=str(spec.get("timeZone") or ""),
        template=_template(item, containers, data),
        revision=str(annotations.get(REVISION) or ""),
        cause=str(annotations.get(CHANGE_CAUSE) or ""),
    )


def _service_of(item: Json) -> Entity:
    entity = service_entity(item)
    labels = {**pod_labels(item), **(item["metadata"].get("labels") or {})}
    part_of = known({"part_of": labels.get(PART_OF)})
    return entity.model_copy(update={"properties": {**entity.properties, **part_of}})


def _claims(item: Json) -> tuple[str, ...]:
    volumes = objects.pod_template(item).get("spec", {}).get("volumes") or []
    names = ((v.get("persistentVolumeClaim") or {}).get("claimName") for v in volumes)
    return tuple(dict.fromkeys(str(n) for n in names if n))


def _plain_environment(containers: Iterable[Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for data in containers:
        for name, source in data["env"].items():
            if "value" in source:
                found.setdefault(name, str(source["value"]))
    return found


def _template(item: Json, containers: list[Json], read: list[Json]) -> dict[str, str]:
    """What a rollout can change, by what people call it."""
    found: dict[str, str] = {}
    for container, data in zip(containers, read, strict=True):
        name = container.get("name")
        found[f"image of {name}"] = str(data["image"])
        found[f"arguments of {name}"] = " ".join(data["args"])
        for part, values in limits(container).items():
            for what in values:
                unit = what.partition("_")[0]
                raw = container["resources"][part].get(unit)
                found[f"{unit} {part.rstrip('s')} of {name}"] = str(raw)
        for variable, source in data["env"].items():
            given = source.get("value")
            found[f"{variable} of {name}"] = (
                str(given) if given is not None else " ".join(map(str, source.values()))
            )
    marks = objects.pod_template(item).get("metadata", {}).get("annotations") or {}
    found["restart"] = str(marks.get(RESTARTED_AT) or "")
    return {intern(k): intern(v) for k, v in found.items() if v}


def _service(item: Json, common: Mapping[str, Any]) -> Record:
    spec = item.get("spec", {})
    host = str(spec.get("externalName") or "").rstrip(".").lower()
    external = spec.get("type") == "ExternalName" and host
    return Service(
        **common,
        own=entity_of(item),
        selector=spec.get("selector") or {},
        external=Endpoint("", host) if external else None,
    )


def _ingress(item: Json, common: Mapping[str, Any]) -> Record:
    spec = item.get("spec", {})
    backends = [spec.get("defaultBackend") or {}] + [
        path.get("backend") or {}
        for rule in spec.get("rules") or []
        for path in (rule.get("http") or {}).get("paths") or []
    ]
    names = ((b.get("service") or {}).get("name") for b in backends)
    found = tuple(dict.fromkeys(str(n) for n in names if n))
    return Ingress(**common, entity=entity_of(item), backends=found)


def _scaler(item: Json, common: Mapping[str, Any]) -> Record:
    target = item.get("spec", {}).get("scaleTargetRef") or {}
    place = str(target.get("kind") or ""), str(target.get("name") or "")
    return Scaler(**common, entity=entity_of(item), target=place)


def _budget(item: Json, common: Mapping[str, Any]) -> Record:
    selector = item.get("spec", {}).get("selector") or {}
    return Budget(**common, entity=entity_of(item), selector=selector)


def _config_map(item: Json, common: Mapping[str, Any]) -> Record:
    values = mask_settings(item.get("data") or {})
    return Settings(
        **common,
        entity=entity_of(item),
        settings=tuple(settings.pointing(values)),
        names=tuple(settings.naming(values)),
        data=settings.data_of(item.get("data") or {}, values),
    )


def _pod(item: Json, common: Mapping[str, Any]) -> Record:
    over = item.get("status", {}).get("phase") in _OVER
    node = "" if over else str(item.get("spec", {}).get("nodeName") or "")
    # Nothing of a Pod is told by itself, so that neither its uid nor who wrote it is kept.
    kept = {**common, "uid": "", "written_at": None, "written_by": ""}
    return Owned(**kept, owner=_owner(item), node=node)


def _owner(item: Json) -> Id | None:
    owner = objects.owner_of(item) or {}
    kind, name = str(owner.get("kind") or ""), str(owner.get("name") or "")
    if kind == "ReplicaSet":
        kind, name = "Deployment", name.rpartition("-")[0]
    return (kind, objects.namespace_of(item), name) if kind in WORKLOADS and name else None


def _job(item: Json, common: Mapping[str, Any]) -> Record:
    running = objects.job_data(item)["active"]
    entity = entity_of(item) if running else None
    return Owned(**common, entity=entity, owner=_owner(item) if running else None)


def _claim(item: Json, common: Mapping[str, Any]) -> Record:
    return Claim(**common, entity=entity_of(item), stateful_set=_claimant(item))


def _claimant(item: Json) -> Id | None:
    """The StatefulSet of a claim made from its templates: ``<template>-<set>-<ordinal>``, by the set's own label."""
    labels = item["metadata"].get("labels") or {}
    stem, _, ordinal = objects.name_of(item).rpartition("-")
    if not ordinal.isdecimal():
        return None
    owner = objects.owner_of(item, "StatefulSet")
    names = [owner["name"]] if owner else list(labels.values())
    found = next((n for n in names if stem.endswith(f"-{n}")), stem.partition("-")[2])
    return ("StatefulSet", objects.namespace_of(item), str(found)) if found else None


_BY_KIND: dict[str, Callable[[Json, Mapping[str, Any]], Record]] = {
    **dict.fromkeys(WORKLOADS, _workload),
    "Service": _service,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _scaler,
    "PodDisruptionBudget": _budget,
    "ConfigMap": _config_map,
    "Pod": _pod,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}
