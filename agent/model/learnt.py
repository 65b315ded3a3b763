"""What closed investigations taught."""

from __future__ import annotations

from enum import StrEnum

from agent.model.base import Json, Utc, Value


class PatternState(StrEnum):
    """What a pattern may do."""

    ACTIVE = "active"
    DISPUTED = "disputed"
    """A finding that taught it was judged wrong: it is shown, and speaks for nothing."""
    RETIRED = "retired"
    """Deleted or merged by engineers: it is kept, and no longer recalled."""


class Probe(Value):
    """A look-up that told, with roles in the place of names: ``{alerted}``, ``{cause}``, ``{dependency:database}``,
    ``{namespace}``, ``{environment}``. Where others play the same roles, the same can be asked."""

    tool: str
    arguments: Json
    weight: float
    """Log-odds that its answer gave the cause."""


class Pattern(Value):
    """What a closed investigation taught."""

    id: int = 0
    """In the store; 0: not stored yet."""
    symptoms: tuple[str, ...]
    mode: str
    entity: str
    entity_kind: str = ""
    environment: str = ""
    alerted: str = ""
    """The service that alerted."""
    role: str = ""
    """What the entity at fault is to the service that alerted: ``alerted``, ``dependency:cache``, ``job:database``, ..."""
    features: tuple[str, ...] = ()
    """The symptoms without names, ``group:words`` each (``agent.learning.features``)."""
    checks: tuple[str, ...] = ()
    """The queries that told."""
    probes: tuple[Probe, ...] = ()
    """The look-ups that told, the most telling first."""
    tool_calls: int = 0
    """What the whole investigation took that taught it."""
    fix: str = ""
    fix_kind: str = ""
    """Of the change that was applied."""
    fix_arguments: tuple[str, ...] = ()
    """Names of that change's arguments."""
    fix_note: str = ""
    """What an engineer wrote on mending it."""
    outcome: str = ""
    times_seen: int = 1
    times_right: int = 0
    times_wrong: int = 0
    """Findings of it that were judged so."""
    state: PatternState = PatternState.ACTIVE
    edited_by: str = ""
    """The last engineer who edited it; what they wrote is not overwritten by what is learnt."""
    merged_into: int = 0
    """The pattern that stands for it since; 0: none."""
    variant: int = 0
    """Patterns of one cause that engineers hold apart are numbered."""
    investigation: int
    last_seen: Utc
    why: tuple[str, ...] = ()
    """Where it was recalled: why it matches, in words."""
    likeness: float = 1.0
    """Where it was recalled: how alike the symptoms are, 0..1."""

    @property
    def speaks(self) -> bool:
        """Whether it may make anything likelier."""
        return self.state is PatternState.ACTIVE


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
