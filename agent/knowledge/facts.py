"""The nouns of operational knowledge beyond ``agent.model``: sightings of sources, identity, change, ways through the graph."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from agent.model import Entity, EntityNote, Json, Pattern, Relation, Utc, Value


class ChangeType(StrEnum):
    """What happened to an entity or to what is known of it."""

    ADDED = "added"
    REMOVED = "removed"
    PROPERTY = "property"
    """A property has another value: replicas, image, limits, owner."""
    ROLLOUT = "rollout"
    CONFIG = "config"
    SCALE = "scale"
    DEPLOY = "deploy"
    """A change event of another system (PagerDuty, Datadog): a release, a migration."""
    RELATION_ADDED = "relation_added"
    RELATION_FADED = "relation_faded"
    CORRECTED = "corrected"
    """An engineer's word."""
    MERGED = "merged"
    SPLIT = "split"


class EntityChange(Value):
    """One change, for "what changed here since yesterday"."""

    at: Utc
    entity: str
    """Key of the entity."""
    type: ChangeType
    what: str
    """One clause for people: ``image of recommendation: 4.1.8 -> 4.2.0``."""
    origin: str
    other: str = ""
    """Key of the relation's other end."""
    before: str = ""
    after: str = ""
    evidence: str = ""
    """A link or a short sentence saying where this was seen."""
    key: str = ""
    """Equal for the same change seen again (``kubernetes/<uid>/<resourceVersion>``); empty: made from its fields."""


class SameAs(Value):
    """The claim that two keys mean one thing."""

    alias: str
    """The key that gives way."""
    canonical: str
    """The key that stays."""
    origin: str
    """Who says so: kubernetes, pagerduty, names (a rule on names), engineer."""
    reason: str
    """``label tags.datadoghq.com/service=recommendation of Deployment production/reco``."""
    at: Utc
    undone_by: str = ""
    """The engineer who undid it; it is then never made again by anything but an engineer."""


class Seen(Value):
    """What one source sees at one moment."""

    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    same: tuple[SameAs, ...] = ()
    changes: tuple[EntityChange, ...] = ()
    complete: bool = True
    """Whether what this source showed before and does not show now is gone; False: an addition to what it said."""
    unseen_kinds: frozenset[str] = frozenset()
    """Kinds of entity that it could not look at this time: their absence says nothing."""
    gone: tuple[str, ...] = ()
    """Keys that it knows to be gone (deleted objects); for additions."""
    withdrawn: tuple[tuple[str, str, str], ...] = ()
    """Relations (source, target, kind) that it knows not to hold any more; for additions."""


class Belief(Value):
    """What all sources together make of one relation."""

    source: str
    target: str
    kind: str
    confidence: float
    """0..1, now: agreeing sources raise it, age lowers it, an engineer's word outranks."""
    tentative: bool
    """Said by one weak source, contradicted, or ageing."""
    contradicted: bool
    said_by: tuple[Relation, ...]
    """Every source's own relation, those that deny it (``holds`` False) included, the strongest first."""


class Neighbourhood(Value):
    """A part of the graph."""

    entities: tuple[Entity, ...] = ()
    """Itself first, the nearest next."""
    beliefs: tuple[Belief, ...] = ()
    cut: bool = False
    """Whether more lies within the distance than is given."""


class Reached(Value):
    """An entity on the way from another, such as one of its dependants."""

    entity: Entity
    distance: int
    path: tuple[str, ...]
    """Keys from the start to it, both included."""
    confidence: float
    """The product of the confidences along the path."""


class Explanation(Value):
    """One chain of relations that ties two entities together."""

    path: tuple[str, ...]
    beliefs: tuple[Belief, ...]
    confidence: float


class Constraint(Value):
    """Something that bounds what may be done with an entity or what it can bear."""

    entity: str
    kind: str
    """limits, disruption_budget, schedule, single_replica, autoscaler, storage."""
    statement: str
    """``memory limit 16 GiB``, ``runs at 02:30 every day``, ``a single replica``."""
    values: Json = Field(default_factory=dict)


class Context(Value):
    """What stands on an entity: constraints, learned patterns, and what people had kept of what they said."""

    entity: Entity
    constraints: tuple[Constraint, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    notes: tuple[EntityNote, ...] = ()
