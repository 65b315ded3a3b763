"""The nouns of srebot: frozen values that every part of it speaks in.

Times are timezone-aware UTC; durations are seconds, memory bytes, CPU cores, ratios 0..1. Values are pydantic models,
so that each can be stored as JSON and read back as it was.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _as_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return value.astimezone(UTC)


Utc = Annotated[datetime, AfterValidator(_as_utc)]
Json = dict[str, Any]
T = TypeVar("T")


class Value(BaseModel):
    """A frozen value; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Window(Value):
    """A span of time."""

    start: Utc
    end: Utc


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


class Conversation(Value):
    """Where people are answered: a channel and, in it, a thread (empty: none yet)."""

    channel: str
    thread: str = ""


class SignalKind(StrEnum):
    """What sort of thing was noticed."""

    ALERT = "alert"
    REQUEST = "request"
    QUESTION = "question"
    CHANGE = "change"
    """A rollout, a config or scale change, a deploy: context, not a problem by itself."""
    TICKET = "ticket"
    """Somebody in a support channel says that something does not work."""
    EMERGING = "emerging"
    """Weak signals, combined by srebot itself."""
    CORRECTION = "correction"
    """An engineer corrects a fact."""


class AlertState(StrEnum):
    """What an alert's message announces."""

    TRIGGERED = "triggered"
    RENOTIFIED = "renotified"
    WARNING = "warning"
    NO_DATA = "no_data"
    RECOVERED = "recovered"


class Severity(StrEnum):
    """How bad the sender says it is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Signal(Value):
    """Something noticed that may deserve an investigation: an alert, a request, a question. Its text is untrusted."""

    key: str
    """Where it came from, uniquely; the same key never counts twice."""
    kind: SignalKind
    source: str
    """datadog, pagerduty, alertmanager, grafana, slack, terminal."""
    title: str
    text: str = ""
    state: AlertState = AlertState.TRIGGERED
    severity: Severity = Severity.MEDIUM
    service: str = ""
    namespace: str = ""
    environment: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    fingerprint: str = ""
    """Equal for messages on the same alert (such as the monitor's id and its group)."""
    occurred_at: Utc
    link: str = ""
    requested_by: str = ""
    budget: str = ""
    """What a person would have the investigation spend: ``quick``, ``deep``, ``5m``, ... Never set by senders."""
    conversation: Conversation | None = None


class Decision(StrEnum):
    """What triage makes of a signal."""

    INVESTIGATE = "investigate"
    WATCH = "watch"
    QUIET = "quiet"


class Triage(Value):
    """A decision and its reason in one sentence."""

    decision: Decision
    reason: str
    impact: float = 0.5
    """0..1, from tier, environment and dependants; sets the budget."""


class Budget(Value):
    """What an investigation may spend."""

    seconds: float = 300.0
    tool_calls: int = 60
    tokens: int = 200_000
    usd: float = 1.0


class Spent(Value):
    """What an investigation has spent so far."""

    seconds: float = 0.0
    tool_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, **more: float) -> Spent:
        """The same with ``more`` added field by field."""
        return Spent(**{k: getattr(self, k) + more.get(k, 0) for k in type(self).model_fields})


class Series(Value):
    """One time series of a metric."""

    metric: str
    tags: dict[str, str] = Field(default_factory=dict)
    unit: str = ""
    points: tuple[tuple[float, float], ...] = ()
    """(unix seconds, value), oldest first."""


class Reading(Value):
    """What a tool's call gave: the answer as it was, as data, and as the compact text that a reasoner is shown."""

    source: str
    """The vendor: kubernetes, datadog, pagerduty, slack."""
    query: str
    """What was asked, in the vendor's own words where it has some."""
    observation: str
    """Compact text for people and models."""
    data: Json = Field(default_factory=dict)
    """The answer pruned to what matters; the shapes are given at each tool."""
    series: tuple[Series, ...] = ()
    raw: str = ""
    """The vendor's answer as text, secrets redacted, capped in size."""
    link: str = ""
    """Opens the same query at the vendor."""
    window: Window | None = None


class Check(Value):
    """A planned tool call: what to ask, why, and which hypotheses it would tell apart."""

    tool: str
    arguments: Json = Field(default_factory=dict)
    reason: str = ""
    tells: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Equal for calls that ask the same."""
        return f"{self.tool} {json.dumps(self.arguments, sort_keys=True, default=str)}"


class Step(Value):
    """One tool call as it happened."""

    number: int
    round: int
    check: Check
    status: str = "ok"
    """ok, error, denied, unreachable, not_found, cancelled (its answer no longer mattered)."""
    reading: Reading | None = None
    error: str = ""
    started_at: Utc
    seconds: float = 0.0


class HypothesisStatus(StrEnum):
    """Where a hypothesis stands."""

    OPEN = "open"
    SUPPORTED = "supported"
    RULED_OUT = "ruled_out"


class Hypothesis(Value):
    """A possible cause, with the log-odds that it holds."""

    id: str
    """``H1``, ``H2``, ... within its investigation."""
    mode: str
    """The failure mode's id (``cache_memory_pressure``); ``other`` when a model made up its own."""
    statement: str
    entity: str = ""
    """Name of the thing at fault."""
    entity_kind: str = ""
    namespace: str = ""
    parent: str = ""
    prior: float = 0.0
    """Log-odds before any evidence."""
    reasons: tuple[str, ...] = ()
    """What made the prior what it is, in words: ``two hops away in the graph (-0.8)``."""
    log_odds: float = 0.0
    status: HypothesisStatus = HypothesisStatus.OPEN

    @property
    def confidence(self) -> float:
        """The probability that it holds, 0..1."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.log_odds))))


class Evidence(Value):
    """What a step showed, with its weight for or against each hypothesis."""

    number: int
    """The citation ``[n]``."""
    step: int
    statement: str
    weights: dict[str, float] = Field(default_factory=dict)
    """Hypothesis id -> change of log-odds."""
    source: str = ""
    query: str = ""
    window: Window | None = None
    link: str = ""
    read_at: Utc


class Claim(Value):
    """One sentence of a finding with the evidence that carries it."""

    text: str
    citations: tuple[int, ...] = ()


class Ending(StrEnum):
    """How an investigation ended."""

    CAUSE_FOUND = "cause_found"
    NOTHING_WRONG = "nothing_wrong"
    INPUT_NEEDED = "input_needed"
    BUDGET_USED = "budget_used"


class Mark(Value):
    """A moment worth marking in a chart."""

    at: Utc
    label: str


class Chart(Value):
    """A decisive signal, to be drawn: which series of which step, with what to mark in it."""

    step: int
    series: int = 0
    """Index into the step's series."""
    title: str
    baseline: Window | None = None
    """The span that is taken as ordinary."""
    onset: Utc | None = None
    limit: float | None = None
    """Where it saturates, in the series' unit."""
    changes: tuple[Mark, ...] = ()
    """Rollouts, settings, jobs near the onset."""


class Finding(Value):
    """What an investigation concluded."""

    ending: Ending
    headline: str
    mode: str = ""
    entity: str = ""
    entity_kind: str = ""
    namespace: str = ""
    confidence: float = 0.0
    chain: tuple[Claim, ...] = ()
    """Cause to effect."""
    impact: tuple[Claim, ...] = ()
    forecast: tuple[Claim, ...] = ()
    ruled_out: tuple[Claim, ...] = ()
    unseen: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    question: str = ""
    """The exact question, when human input is needed."""
    stopped_because: str = ""
    """Why it looked no further, in a sentence: nothing affordable could change the ranking, a bound was reached, ..."""
    charts: tuple[Chart, ...] = ()
    """The two or three signals that decide, the most telling first."""
    reasoner: str = ""
    struck: int = 0
    """Sentences removed because no stored answer of a tool carried them."""


class ChangeKind(StrEnum):
    """The kinds of change that srebot can propose."""

    RESOURCES = "resources"
    REPLICAS = "replicas"
    ROLLBACK = "rollback"
    RESTART = "restart"
    SUSPEND_JOB = "suspend_job"
    RESUME_JOB = "resume_job"
    CONFIG_VALUE = "config_value"


class Change(Value):
    """What to do to what. Arguments per kind:

    resources: container, memory_bytes and/or cpu_cores (new limits; requests follow when above them);
    replicas: replicas; rollback: revision; restart: none; suspend_job and resume_job: none;
    config_value: key, value (the target is a ConfigMap; ``restart`` names a Deployment to roll afterwards).
    """

    kind: ChangeKind
    target: Entity
    arguments: Json = Field(default_factory=dict)
    provenance: dict[str, str] = Field(default_factory=dict)
    """Argument (and ``target``) -> where its value came from: ``step:4``, ``computed:step:4``, ``policy``."""
    why: tuple[Claim, ...] = ()


class Plan(Value):
    """A change as the vendor would carry it out, from a dry run against the live target."""

    diff: str
    """Unified diff of the target's YAML, before and after."""
    target_uid: str
    resource_version: str
    summary: str
    """One line for people: ``memory limit of redis-reco: 16Gi -> 24Gi``."""
    risk: str
    way_back: Change


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    APPLIED = "applied"
    FAILED = "failed"


class Proposal(Value):
    """A planned change put before people."""

    id: UUID
    investigation: int
    change: Change
    plan: Plan
    environment: str
    policy_version: str
    created_at: Utc
    expires_at: Utc
    status: ProposalStatus = ProposalStatus.OPEN
    reverts: UUID | None = None
    """The proposal that this one takes back."""

    @property
    def digest(self) -> str:
        """The hash that an approval is bound to: operation, target's version, diff and policy."""
        bound = {
            "change": self.change.model_dump(mode="json", exclude={"why"}),
            "uid": self.plan.target_uid,
            "version": self.plan.resource_version,
            "diff": self.plan.diff,
            "policy": self.policy_version,
        }
        return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


class Approval(Value):
    """A person's decision on a proposal."""

    proposal: UUID
    digest: str
    approved: bool
    user: str
    reason: str = ""
    decided_at: Utc


class OutcomeStatus(StrEnum):
    """What was seen after a change."""

    RECOVERED = "recovered"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


class SignalAfter(Value):
    """One watched signal before and after a change."""

    name: str
    query: str
    before: float | None
    after: float | None
    good: bool | None
    """Whether it is where it should be; None when that can't be told."""


class Outcome(Value):
    """What was seen after a change, without claiming that the change caused it."""

    proposal: UUID
    status: OutcomeStatus
    statement: str
    signals: tuple[SignalAfter, ...] = ()
    observed_at: Utc
    watched_seconds: float


class Pattern(Value):
    """What a closed investigation taught."""

    symptoms: tuple[str, ...]
    mode: str
    entity: str
    entity_kind: str = ""
    environment: str = ""
    checks: tuple[str, ...] = ()
    """The queries that told."""
    fix: str = ""
    outcome: str = ""
    times_seen: int = 1
    investigation: int
    last_seen: Utc


class InvestigationStatus(StrEnum):
    """Where an investigation stands."""

    RUNNING = "running"
    WAITING_FOR_INPUT = "waiting_for_input"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    APPLYING = "applying"
    WATCHING = "watching"
    CLOSED = "closed"
    STOPPED = "stopped"
    FAILED = "failed"


class Investigation(Value):
    """One inquiry into one signal."""

    id: int
    signal: Signal
    triage: Triage
    budget: Budget
    conversation: Conversation | None = None
    status: InvestigationStatus = InvestigationStatus.RUNNING
    reasoner: str = ""
    spent: Spent = Spent()
    started_at: Utc
    ended_at: Utc | None = None


class Note(Value):
    """Something that a person said in the thread while it ran; trusted as a statement, never as a command to tools."""

    user: str
    text: str
    at: Utc


class Notebook:
    """What was worked out from values, for as long as it is asked of the same ones. No part of what it lies in: it is
    neither stored, compared nor sent along."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[tuple[object, ...], Any]] = {}

    def __reduce__(self) -> tuple[type[Notebook], tuple[()]]:
        return Notebook, ()

    def kept(self, title: str, values: tuple[object, ...], work: Callable[[], T]) -> T:
        """What ``work`` gives, done anew only when one of the values it rests on is another object than last time."""
        page = self._pages.get(title)
        if page is None or any(a is not b for a, b in zip(page[0], values, strict=True)):
            page = self._pages[title] = (values, work())
        result: T = page[1]
        return result


class Case(Value):
    """All that is known of an investigation at one moment: what a reasoner thinks on, and what the views show."""

    investigation: Investigation
    now: Utc
    entities: tuple[Entity, ...] = ()
    """The neighbourhood of what was alerted on, itself first."""
    relations: tuple[Relation, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    steps: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[Note, ...] = ()
    round: int = 0
    finding: Finding | None = None
    proposals: tuple[Proposal, ...] = ()

    @property
    def signal(self) -> Signal:
        """The signal under investigation."""
        return self.investigation.signal

    @cached_property
    def notebook(self) -> Notebook:
        """Where those who think on it keep what they worked out; its copies have the same one."""
        return Notebook()

    def ranked(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, most likely first."""
        return tuple(sorted(self.hypotheses, key=lambda h: -h.log_odds))
