"""What is noticed, and what triage makes of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from agent.model.base import Utc, Value


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
