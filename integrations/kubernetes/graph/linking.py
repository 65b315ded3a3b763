"""What each kind of object contributes to the graph: its entity, and its ties to what it selects, names and uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agent.knowledge.inference import Endpoint
from agent.model import Entity
from integrations.kubernetes.graph.contribution import INFERRED, NOTHING, Contribution, Same, Tie
from integrations.kubernetes.graph.outside import entity_outside
from integrations.kubernetes.graph.records import (
    Budget,
    Claim,
    Id,
    Ingress,
    Owned,
    Record,
    Scaler,
    Service,
    Setting,
    Settings,
    Workload,
)
from integrations.kubernetes.graph.view import View

_SURE_OF_SERVICE = 0.9
_SURE_OF_HOST = 0.85


def contribution_of(record: Record, view: View) -> Contribution:
    """What an object adds to the graph, given what is around it."""
    return _BY_TYPE.get(type(record), _itself)(record, view)


def key_of(which: Id) -> str:
    """The graph's key of an object."""
    return f"{which[1] or '-'}/{which[0].lower()}/{which[2]}"


def said(which: Id) -> str:
    """An object for people: ``Deployment production/web``."""
    return f"{which[0]} {which[1]}/{which[2]}" if which[1] else f"{which[0]} {which[2]}"


def _itself(record: Record, _view: View) -> Contribution:
    return Contribution((record.entity,)) if record.entity else NOTHING


def _workload(record: Workload, view: View) -> Contribution:
    entities: list[Entity] = [record.entity]
    ties: list[Tie] = []
    if record.service:
        entities.append(_service_entity(record, record.service, view))
        evidence = (
            f"label {record.said_by} of {said(record.id)} names service {record.service.name}"
        )
        ties.append(Tie(record.service.key, record.entity.key, "runs", evidence))
    for used, kind in _uses(record):
        if view.may_be(used):
            if view.get(used) is None:
                entities.append(_stub(used, record.entity.environment))
            evidence = f"pod template of {said(record.id)}"
            ties.append(Tie(record.entity.key, key_of(used), kind, evidence))
    names = [*record.names]
    for setting, place in _settings(record, view, names):
        entity, tie = _dependency(record, setting, place, view)
        entities += [entity] if entity else []
        ties += [tie] if tie else []
    return Contribution(tuple(entities), _distinct(ties), names=tuple(dict.fromkeys(names)))


def _service_entity(record: Workload, service: Entity, view: View) -> Entity:
    """With the other names by which labels call it, where nothing else is called so."""
    namespace = record.id[1]
    others = [
        a
        for a in record.aliases
        if not view.is_named(namespace, a) and view.called(namespace, a) == {service.name}
    ]
    if not others:
        return service
    return service.model_copy(
        update={"properties": {**service.properties, "also_known_as": others}}
    )


def _uses(record: Workload) -> Iterator[tuple[Id, str]]:
    namespace = record.id[1]
    yield from ((("ConfigMap", namespace, n), "configured_by") for n in record.config_maps)
    yield from ((("Secret", namespace, n), "configured_by") for n in record.secrets)
    yield from ((("PersistentVolumeClaim", namespace, n), "stored_on") for n in record.claims)


def _stub(which: Id, environment: str) -> Entity:
    """What is known of an object that only others tell of."""
    return Entity(name=which[2], kind=which[0].lower(), namespace=which[1], environment=environment)


def _settings(
    record: Workload, view: View, names: list[tuple[str, str]]
) -> Iterator[tuple[Setting, str]]:
    """Its settings, those of its ConfigMaps included (whose names of things are added to ``names``), and their place."""
    yield from ((s, s.place) for s in record.settings)
    for name in record.config_maps:
        found = view.get(("ConfigMap", record.id[1], name))
        if isinstance(found, Settings):
            names += found.names
            yield from ((s, f"ConfigMap {name}") for s in found.settings)


def _dependency(
    record: Workload, setting: Setting, place: str, view: View
) -> tuple[Entity | None, Tie | None]:
    """The tie to what a setting points to, and that thing where it lies outside of the cluster."""
    endpoint = setting.endpoint
    entity, target = _target(record.id[1], endpoint, view)
    if not target or target == record.actor:
        return None, None
    port = f":{endpoint.port}" if endpoint.port else ""
    evidence = f"{setting.variable} in {place} of {said(record.id)} points to {endpoint.host}{port}"
    sure = _SURE_OF_HOST if entity else _SURE_OF_SERVICE
    return entity, Tie(record.actor, target, "depends_on", evidence, INFERRED, sure)


def _target(namespace: str, endpoint: Endpoint, view: View) -> tuple[Entity | None, str]:
    if endpoint.kind != "bucket":
        service = view.get(("Service", endpoint.namespace or namespace, endpoint.service))
        if isinstance(service, Service):
            return None, view.service_key(service)
    outside = entity_outside(endpoint)
    return outside, outside.key if outside else ""


def _service(record: Service, view: View) -> Contribution:
    selected = view.selected(record.id[1], record.selector)
    key = view.service_key(record)
    evidence = f"selector of {said(record.id)}"
    ties = [
        Tie(key, w.entity.key, "routes_to", evidence)
        for w in selected
        if not w.service or w.service.key != key
    ]
    entities = [record.own] if key == record.own.key else []
    if record.external:
        outside = entity_outside(record.external)
        entities += [outside] if outside else []
        leads = f"externalName of {said(record.id)}"
        ties += [Tie(key, outside.key, "depends_on", leads)] if outside else []
    return Contribution(tuple(entities), _distinct(ties), _same(record, key, selected, view))


def _same(record: Service, key: str, selected: Iterable[Workload], view: View) -> tuple[Same, ...]:
    """A Service called otherwise than its pods' labels call the service is the same thing by another name."""
    if key == record.own.key or view.is_named(record.id[1], record.own.name):
        return ()
    first = next(w for w in selected if w.service and w.service.key == key)
    label = f"label {first.said_by}={key.rpartition('/')[2]} of {said(first.id)}"
    return (Same(record.own.key, key, f"{said(record.id)} selects the pods with the {label}"),)


def _ingress(record: Ingress, view: View) -> Contribution:
    services = (view.get(("Service", record.id[1], name)) for name in record.backends)
    evidence = f"rule of {said(record.id)}"
    ties = [
        Tie(key_of(record.id), view.service_key(s), "routes_to", evidence)
        for s in services
        if isinstance(s, Service)
    ]
    return _itself(record, view)._replace(ties=_distinct(ties))


def _scaler(record: Scaler, view: View) -> Contribution:
    target = view.get((record.target[0], record.id[1], record.target[1]))
    if not isinstance(target, Workload):
        return _itself(record, view)
    evidence = f"scaleTargetRef of {said(record.id)}"
    tie = Tie(record.entity.key, target.entity.key, "scales", evidence)
    return Contribution((record.entity,), (tie,))


def _budget(record: Budget, view: View) -> Contribution:
    evidence = f"selector of {said(record.id)}"
    ties = [
        Tie(key_of(record.id), w.entity.key, "protects", evidence)
        for w in view.selected(record.id[1], record.selector)
        if w.id[0] != "CronJob"
    ]
    return _itself(record, view)._replace(ties=tuple(ties))


def _owned(record: Owned, view: View) -> Contribution:
    """A Pod says where its workload runs, a running Job that its CronJob's time has come."""
    own = _itself(record, view)
    owner = view.get(record.owner) if record.owner else None
    if not isinstance(owner, Workload):
        return own
    if record.entity:
        evidence = f"owner of {said(record.id)}"
        tie = Tie(owner.entity.key, record.entity.key, "schedules", evidence)
        return own._replace(ties=(tie,))
    node = ("Node", "", record.node)
    if not record.node or not view.may_be(node):
        return own
    stubs = () if view.get(node) else (_stub(node, ""),)
    tie = Tie(owner.entity.key, key_of(node), "on_node", f"pods of {said(owner.id)}")
    return Contribution(stubs, (tie,))


def _claim(record: Claim, view: View) -> Contribution:
    owner = view.get(record.stateful_set) if record.stateful_set else None
    if not isinstance(owner, Workload):
        return _itself(record, view)
    evidence = f"volumeClaimTemplates of {said(owner.id)}"
    tie = Tie(owner.entity.key, key_of(record.id), "stored_on", evidence)
    return _itself(record, view)._replace(ties=(tie,))


def _distinct(ties: Iterable[Tie]) -> tuple[Tie, ...]:
    return tuple(dict.fromkeys(t for t in ties if t.source != t.target))


_BY_TYPE: dict[type[Record], Callable[[Any, View], Contribution]] = {
    Workload: _workload,
    Service: _service,
    Ingress: _ingress,
    Scaler: _scaler,
    Budget: _budget,
    Owned: _owned,
    Claim: _claim,
}
