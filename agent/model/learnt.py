"""What closed investigations taught."""

from __future__ import annotations

from agent.model.base import Utc, Value


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


class TrackRecord(Value):
    """How changes of a kind went at a service in an environment; what earned autonomy rests on."""

    service: str
    kind: str
    """Of the change."""
    environment: str
    successes: int = 0
    failures: int = 0
    """Unchanged, worse, or failed to apply."""
    rollbacks: int = 0
    """Taken back afterwards; each is a failure as well."""
    lower_bound: float = 0.0
    """Of the share of successes: Wilson's interval at 95 %, 0..1."""
    withdrawn: str = ""
    """Why nothing may go without asking here, however good the record; empty: nothing stands against it."""


class Observed(Value):
    """One thing seen after an investigation that speaks for or against its finding."""

    what: str
    """In a sentence."""
    weight: float
    """Change of the log-odds that the finding was right."""
    source: str
    """alert, metrics, neighbours, engineer, incident, change."""
    at: Utc


class Verdict(Value):
    """How likely the finding of a closed investigation was right, judged afterwards."""

    investigation: int
    mode: str
    entity: str
    environment: str
    confidence: float
    """What the finding said of itself, 0..1, before any recalibration."""
    probability: float
    """That it was right, 0..1."""
    observed: tuple[Observed, ...] = ()
    disputed: bool = False
    """People disagree with each other, or with what the environment shows."""
    method: str
    """How the probability was made, with its source."""
    graded_at: Utc


class EntityNote(Value):
    """A statement about an entity that an engineer found worth keeping; shown, never obeyed."""

    entity: str
    """The entity's key."""
    text: str
    author: str
    link: str = ""
    """To where it was said."""
    at: Utc
