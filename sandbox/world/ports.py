"""What the parts of the sandbox promise each other.

The world (company, faults, telemetry) and the vendors' APIs (Slack, Kubernetes, Datadog, PagerDuty)
are built apart and meet in these types. All times are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Manifest = dict[str, Any]
"""A Kubernetes object as JSON, with apiVersion, kind, metadata, spec, status."""

Aggregator = Literal["avg", "sum", "min", "max"]


@dataclass(frozen=True)
class Person:
    """Somebody who works at the company, as each vendor knows them."""

    slack_id: str
    """Such as ``U0ENGINEER``."""
    pagerduty_id: str
    """Such as ``PENGINR``; empty for people who are not in PagerDuty."""
    handle: str
    name: str
    email: str
    title: str
    time_zone: str = "Europe/Berlin"
    is_bot: bool = False
    membership: Literal["full", "guest", "stranger"] = "full"
    """A guest sees only the channels it was invited to; a stranger is of another company (Slack Connect)."""


@dataclass(frozen=True)
class Team:
    """A team that owns services; it has a Slack user group and an escalation policy of its own."""

    handle: str
    name: str
    usergroup_id: str
    pagerduty_team_id: str
    escalation_policy_id: str
    members: tuple[str, ...]
    """Slack ids; the first one is on call now, the second is the team's lead."""


@dataclass(frozen=True)
class Service:
    """One service or data store of the company, as the catalogues know it."""

    name: str
    team: str
    tier: int
    """1 is the most critical."""
    kind: Literal["service", "datastore", "queue", "job"]
    description: str
    depends_on: tuple[str, ...] = ()
    pagerduty_id: str = ""
    repository: str = ""
    runbook: str = ""
    language: str = ""


@dataclass(frozen=True)
class Channel:
    """A Slack channel with its members' Slack ids."""

    id: str
    name: str
    topic: str
    members: tuple[str, ...]
    is_private: bool = False
    is_shared: bool = False
    """Whether another company is in it as well (Slack Connect)."""


@dataclass(frozen=True)
class ChatMessage:
    """One line of the team's chatter, laid down before the sandbox starts serving."""

    channel: str
    user: str
    at: datetime
    text: str
    replies: tuple[ChatMessage, ...] = ()


@dataclass(frozen=True)
class Monitor:
    """A Datadog monitor; its state is computed from its query against the world's telemetry."""

    id: int
    name: str
    query: str
    """In Datadog's language, such as ``avg(last_5m):avg:redis.info.latency_ms{service:redis-reco} > 2``."""
    type: str
    message: str
    tags: tuple[str, ...]
    critical: float
    warning: float | None = None
    priority: int | None = None


@dataclass(frozen=True)
class PagerDutyIncident:
    """An incident that PagerDuty already knows when the sandbox starts."""

    id: str
    number: int
    title: str
    service: str
    urgency: Literal["high", "low"]
    status: Literal["triggered", "acknowledged", "resolved"]
    created_at: datetime
    resolved_at: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A deployment or configuration change as Datadog's event stream and PagerDuty's change events show it."""

    at: datetime
    service: str
    title: str
    text: str
    tags: tuple[str, ...] = ()
    author: str = ""
    source: str = "deployment"
    """Who reports it, as Datadog's event stream names its sources."""
    status: str = "info"
    """``info``, ``warning``, ``error`` or ``success``."""


@dataclass(frozen=True)
class Company:
    """Everything about the company that does not move while the sandbox runs."""

    name: str
    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    services: tuple[Service, ...]
    channels: tuple[Channel, ...]
    monitors: tuple[Monitor, ...]
    chatter: tuple[ChatMessage, ...] = ()
    incidents: tuple[PagerDutyIncident, ...] = ()
    changes: tuple[Change, ...] = ()
    business_services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Business service name -> names of the technical services that it stands on."""
    runbooks: Mapping[str, str] = field(default_factory=dict)
    """Service name -> its runbook as Markdown."""


class ClusterHistory(Protocol):
    """The cluster's objects over time; implemented by ``sandbox.kubernetes.store.ObjectStore``."""

    def at(self, kind: str, namespace: str, name: str, when: datetime) -> Manifest | None:
        """The object as it stood at ``when``, or None if it did not exist then."""

    def current(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """The objects of one kind as they stand now, in one namespace or in all."""

    def load(self, manifest: Manifest, when: datetime) -> None:
        """Set an object's state as of ``when`` (used to lay down history before serving)."""

    def changes(
        self, kind: str, namespace: str, name: str
    ) -> Sequence[tuple[datetime, Manifest | None]]:
        """Every state that the object has had, oldest first; None marks a deletion."""


class World(Protocol):
    """The company as the vendors' APIs see it; implemented by ``sandbox.world.world.SimulatedWorld``."""

    @property
    def company(self) -> Company:
        """People, teams, services, channels, monitors and what was said before."""

    def now(self) -> datetime:
        """The present; real time."""

    def changes(self) -> Sequence[Change]:
        """What has changed or happened: the company's history, and what came since the sandbox's start."""

    def metric_names(self, tags: Mapping[str, str]) -> list[str]:
        """Names of the metrics reported with all of ``tags``."""

    def metric_tags(self, metric: str) -> list[dict[str, str]]:
        """The distinct tag sets that ``metric`` is reported with."""

    def series(
        self,
        metric: str,
        tags: Mapping[str, str],
        group_by: Sequence[str],
        start: datetime,
        end: datetime,
        step_seconds: int,
        aggregator: Aggregator = "avg",
    ) -> list[tuple[dict[str, str], list[tuple[datetime, float]]]]:
        """Series of ``metric`` over the tag sets matching ``tags``, one per distinct set of ``group_by`` tags.

        ``aggregator`` combines the tag sets that fall into one group. A tag value may end in ``*``.
        """

    def logs(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        namespace: str | None = None,
        pod: str | None = None,
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """Log records, oldest first: timestamp, service, status, host, pod, namespace, container, message, attributes."""

    def spans(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        traces: Collection[str] | None = None,
        limit: int = 200,
    ) -> list[dict[str, Any]]:
        """Trace spans, of these traces alone if they are given: trace_id, span_id, parent_id, service, resource, operation, env, start, duration_ns, error, tags."""

    def pod_status(self, pod: Manifest) -> Mapping[str, Any]:
        """How a Pod is, for its kubelet to write down; empty: well.

        Of one container (``container``, the first by default): restartCount, lastState, state, ready, pulled. Of the
        pod: ``started`` (False: it stays pending), ``since`` when it is so, ``events`` (see ``Cluster.count_event``),
        and for one that was evicted phase, reason and message.
        """

    def kubernetes_events(self, namespace: str | None) -> Iterable[Manifest]:
        """Kubernetes Event objects (core/v1) of the last hour that the faults caused."""
