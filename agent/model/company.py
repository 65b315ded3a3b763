"""What there is in the company's systems, and how it hangs together."""

from __future__ import annotations

from pydantic import Field

from agent.model.base import Json, Utc, Value


class Entity(Value):
    """Something in the company's systems: a service, a workload, a data store, a node, a job."""

    name: str
    kind: str = "service"
    """service, deployment, statefulset, daemonset, cronjob, job, configmap, node, database, cache, queue, team, ..."""
    namespace: str = ""
    environment: str = ""
    properties: Json = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """Identity within the graph, such as ``production/statefulset/redis-reco``."""
        return f"{self.namespace or '-'}/{self.kind}/{self.name}"


class Relation(Value):
    """One entity's tie to another, with where it is known from."""

    source: str
    """Key of the entity that depends, owns or runs."""
    target: str
    kind: str
    """depends_on, runs, schedules, owns, routes_to, scales, protects, configured_by, on_node, ..."""
    origin: str
    """The source of the knowledge: kubernetes, datadog, pagerduty, slack, engineer, inferred."""
    evidence: str = ""
    """A link or a short sentence saying where this was seen."""
    confidence: float = 1.0
    """How sure this source was when it said so, 0..1; what all sources make of it now is a ``Belief``."""
    holds: bool = True
    """False: this source says that it is not so."""
    confirmations: int = 0
    """Investigations that found it so, less those that found it otherwise."""
    missing_since: Utc | None = None
    """Since when a source that sees everything of its kind no longer shows it."""
    first_seen: Utc
    last_confirmed: Utc
