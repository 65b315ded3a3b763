"""What is kept of an object: as much as the graph needs of it, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from agent.knowledge.inference import Endpoint
from agent.model import Entity, Json

Id = tuple[str, str, str]
"""Kind, namespace (empty for what has none), name."""


class Setting(NamedTuple):
    """A setting that points somewhere."""

    variable: str
    place: str
    """``environment``, ``arguments`` or empty: then it is the ConfigMap that it stands in."""
    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Any object."""

    id: Id
    uid: str = ""
    version: str = ""
    """Its resourceVersion."""
    entity: Entity | None = None
    """None for what is no entity of its own (Pods, finished Jobs, Services: these are entities by the pods behind)."""
    written_at: datetime | None = None
    """When anybody last wrote it, status aside; None when nothing dates that."""
    written_by: str = ""
    """The field manager that did: ``kubectl-edit``, ``argocd-controller``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Record):
    """A Deployment, StatefulSet, DaemonSet or CronJob."""

    entity: Entity
    service: Entity | None = None
    """The service that its labels name."""
    said_by: str = ""
    """The label that names it."""
    aliases: tuple[str, ...] = ()
    """Other names by which labels call that service."""
    labels: Mapping[str, str]
    """Of its pods."""
    config_maps: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Variables whose value names a thing (a queue, a bucket), with it."""
    schedule: str = ""
    time_zone: str = ""
    template: Mapping[str, str]
    """What a rollout can change, flat and masked: ``image of web`` -> ``web:1``."""
    revision: str = ""
    cause: str = ""
    """The change-cause annotation."""

    @property
    def actor(self) -> str:
        """Key of what depends on others when this runs: the service, or itself where no label names one."""
        return self.service.key if self.service else self.entity.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Record):
    """A Service."""

    own: Entity
    """As it is called by itself; its entity is that of the pods behind it where these have one name."""
    selector: Mapping[str, str]
    external: Endpoint | None = None
    """Where an ExternalName leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress(Record):
    """An Ingress."""

    backends: tuple[str, ...]
    """Names of Services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler(Record):
    """A HorizontalPodAutoscaler."""

    entity: Entity
    target: tuple[str, str]
    """Kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Record):
    """A PodDisruptionBudget."""

    selector: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Record):
    """A ConfigMap."""

    settings: tuple[Setting, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    data: Mapping[str, tuple[str, str]]
    """Key -> digest, and the value where it is short and no secret (else empty)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned(Record):
    """A Pod or Job, by what it belongs to."""

    owner: Id | None
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Record):
    """A PersistentVolumeClaim."""

    stateful_set: Id | None = None
    """What made it, if its name tells: ``data-redis-0`` of the template ``data`` is of StatefulSet ``redis``."""
