"""The nouns of awareness: Issues (signals that belong together), and what was decided on each signal."""

from __future__ import annotations

from enum import StrEnum

from agent.model import Conversation, Decision, Triage, Utc, Value


class IssueStatus(StrEnum):
    """Where an Issue stands."""

    OPEN = "open"
    RECOVERED = "recovered"
    """Every alert of it has recovered."""
    EXPIRED = "expired"
    """Nothing was heard of it for long."""


class IssueKind(StrEnum):
    """How it came to be noticed."""

    ALERT = "alert"
    EMERGING = "emerging"
    """Weak signals together, before any alert."""
    REPORTED = "reported"
    """Tickets or people."""


class Issue(Value):
    """Signals that belong together: one cause, as far as can be told, and one thread."""

    id: int
    kind: IssueKind = IssueKind.ALERT
    title: str
    environment: str = ""
    status: IssueStatus = IssueStatus.OPEN
    triage: Triage
    entities: tuple[str, ...] = ()
    """Keys of the entities that its signals name."""
    suspects: tuple[str, ...] = ()
    """Keys of entities that all of those depend on or are: where a common cause can sit."""
    fingerprints: tuple[str, ...] = ()
    """Of its alerts that are still firing."""
    signals: int = 1
    duplicates: int = 0
    flapping: bool = False
    investigation: int | None = None
    conversation: Conversation | None = None
    opened_at: Utc
    last_signal_at: Utc
    closed_at: Utc | None = None


class Joined(Value):
    """That a signal belongs to an Issue, and why."""

    issue: Issue
    opened: bool
    """Whether the Issue was opened for it."""
    duplicate: bool = False
    """The same alert, already known to the Issue."""
    reason: str = ""
    """One clause: ``same alert``, ``cart depends on redis-reco (alerting since 03:02)``."""


class Weight(Value):
    """What experience says on a combination (an alert's rule, service and environment)."""

    combination: str
    seen: int = 0
    recovered_by_itself: int = 0
    led_to_fix: int = 0
    agreed_quiet: int = 0
    """Clicks on "right" at quiet decisions."""
    should_have_told: int = 0
    thumbs_down: int = 0
    """Findings on one like it that people called wrong."""
    harmless: int = 0
    """Investigations that found nothing wrong."""
    people: int = 0
    """How many different people agreed to stay quiet."""
    agreed_at: Utc | None = None
    """When somebody agreed last."""
    told_at: Utc | None = None
    """When somebody last said that it should have told."""
    agreed_since_told: int = 0
    """Clicks on "right" after that."""
    attention: float = 0.5
    """Posterior mean of the probability that one like it deserves attention, 0..1."""
    statement: str = ""
    """``9 of 9 like it recovered by themselves, you agreed 4 times``; empty without experience."""


class Decided(Value):
    """A triage decision as it is remembered, for the digest and for learning."""

    id: int
    signal: str
    """Key of the signal."""
    title: str
    service: str = ""
    environment: str = ""
    issue: int | None = None
    decision: Decision
    reason: str
    impact: float
    combination: str
    weight: Weight | None = None
    at: Utc
    recovered_at: Utc | None = None
    told_at: Utc | None = None
    """When it was shown in a digest."""


class AttentionScore(StrEnum):
    """What became of a message that nobody asked for."""

    PENDING = "pending"
    USED = "used"
    IGNORED = "ignored"
    CONTRADICTED = "contradicted"


class Attention(Value):
    """One message that the bot posted unasked."""

    key: str
    """The message's key in the outbox."""
    kind: str
    """thread, emerging, digest, pointer, page."""
    channel: str
    thread: str = ""
    issue: int | None = None
    investigation: int | None = None
    posted_at: Utc
    score: AttentionScore = AttentionScore.PENDING
    why: str = ""
    scored_at: Utc | None = None


class Precision(Value):
    """How often what was said in a channel unasked was of use."""

    channel: str
    used: int
    ignored: int
    contradicted: int
    pending: int
    posted_today: int
    budget: int

    @property
    def share(self) -> float | None:
        """Used of all that was scored, 0..1; None before anything was."""
        scored = self.used + self.ignored + self.contradicted
        return self.used / scored if scored else None
