"""What objects tell together: siblings of one image, exporters and backups, jobs of one hour, things shared by name.

A group is worked out like an object, under an Id of its own, when one of its members changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agent.knowledge.inference import Tie as Implied
from agent.knowledge.inference import Workload as Described
from agent.knowledge.inference import co_scheduled, image_ancestry, shared_variables
from agent.model import Entity
from integrations.kubernetes.graph.contribution import INFERRED, Contribution, Tie
from integrations.kubernetes.graph.records import Id, Record, Workload

IMAGES = "~images"
"""Kind of the Id of a namespace's images."""
NAME = "~name"
"""Kind of the Id of one name that settings give to a thing."""
SCHEDULES: Id = ("~schedules", "", "")


def groups_of(before: Record | None, after: Record | None) -> Iterator[Id]:
    """The groups that a change of an object concerns."""
    old, new = (r if isinstance(r, Workload) else None for r in (before, after))
    namespace = next((w.id[1] for w in (old, new) if w), "")
    if _images(old) != _images(new):
        yield IMAGES, namespace, ""
    if _schedule(old) != _schedule(new):
        yield SCHEDULES


def of_images(workloads: Iterable[Workload]) -> Contribution:
    """Ties that the images of a namespace's workloads imply."""
    described = [
        _described(w)._replace(images=tuple(w.entity.properties.get("images") or ()))
        for w in workloads
    ]
    return _ties(image_ancestry(sorted(described, key=lambda d: d.key)))


def of_schedules(
    workloads: Iterable[Workload], targets: Callable[[Workload], tuple[str, ...]]
) -> Contribution:
    """Jobs that start at the same minute."""
    described = (
        _described(w)._replace(schedule=w.schedule, time_zone=w.time_zone, targets=targets(w))
        for w in workloads
    )
    return _ties(c.tie for c in co_scheduled(sorted(described, key=lambda d: d.key)))


def of_name(name: str, users: Iterable[tuple[Workload, Iterable[tuple[str, str]]]]) -> Contribution:
    """The thing of that name, if several workloads are pointed to it by the same setting."""
    described = (
        _described(w)._replace(env={variable: v for variable, v in names if v == name})
        for w, names in users
    )
    found = shared_variables(sorted(described, key=lambda d: d.key))
    entities: list[Entity] = []
    ties: list[Implied] = []
    for shared in found:
        if shared.endpoint is None:
            entities.append(
                Entity(
                    name=shared.name,
                    kind=shared.kind,
                    namespace=shared.namespace,
                    environment=shared.namespace,
                )
            )
            ties += shared.ties()
    return Contribution(tuple(entities), _ties(ties).ties)


def _described(workload: Workload) -> Described:
    return Described(key=workload.actor, name=workload.id[2], namespace=workload.id[1])


def _ties(implied: Iterable[Implied]) -> Contribution:
    found = (Tie(t.source, t.target, t.kind, t.evidence, INFERRED, t.confidence) for t in implied)
    return Contribution(ties=tuple(dict.fromkeys(t for t in found if t.source != t.target)))


def _images(workload: Workload | None) -> object:
    return workload and (workload.actor, workload.entity.properties.get("images"))


def _schedule(workload: Workload | None) -> object:
    return workload and workload.schedule and (workload.schedule, workload.time_zone)
