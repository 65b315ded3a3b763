"""The parts that the workflows call, composed once by ``bot.runtime``."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.investigation.loop import Investigator
from agent.model import Budget
from agent.ports import (
    ChangeRequests,
    Clock,
    Directory,
    Fixer,
    GraphBuilder,
    Indicators,
    Notifier,
    OnCall,
    Pager,
)
from agent.resolution.policy import Policy
from agent.store.repository import Store


@dataclass(frozen=True)
class Terms:
    """How long srebot waits for what, and what it may spend; settings of an engineer."""

    bounds: Budget = field(default_factory=Budget)
    """What no investigation may exceed."""
    proposal_expiry_seconds: float = 3600.0
    watch_seconds: float = 3600.0
    """How long the signals are watched after a change at most; how long in each case depends on the signals."""
    watch_hold_seconds: float = 120.0
    """How long a recovery has to last before it counts, at most."""
    watch_interval_seconds: float = 30.0
    follow_seconds: float = 6 * 3600.0
    """How long after an investigation's end replies in its thread are still meant for it."""
    remind_seconds: float = 1800.0
    """After which the thread is reminded of a question that nobody answered."""
    question_wait_seconds: float = 24 * 3600.0
    """After which a question that nobody answered is given up."""
    page_above_impact: float = 2.0
    """Impact (0..1) from which a finding with a proposed fix pages whoever is on call; above 1: never."""
    page_for_forecasts: bool = False
    """Whether a finding of that impact pages as well when it has no fix to propose, but foretells worse."""
    digest_hour: int = 8
    """UTC hour of the daily digest."""
    attention_after_seconds: float = 24 * 3600.0
    """After which silence on an unasked message counts as ignored."""
    messages_per_day: int = 40
    """How many messages may be posted unasked in a channel in a day; the others wait for the digest."""
    grade_after_seconds: tuple[float, ...] = (3600.0, 24 * 3600.0)
    """How long after an investigation's end it is looked back on, each time anew."""
    raw_retention_seconds: float = 30 * 24 * 3600.0
    """How long raw answers, series and what models were shown are kept; 0: for ever."""
    journal_retention_seconds: float = 90 * 24 * 3600.0
    """How long after its end an investigation can be played again; 0: for ever."""
    record_retention_seconds: float = 0.0
    """How long ended investigations, signals and changes of the graph are kept at all; 0: for ever."""


@dataclass(frozen=True)
class House:
    """Everything that a workflow may call."""

    store: Store
    investigator: Investigator
    notifier: Notifier
    directory: Directory
    policy: Policy
    clock: Clock
    terms: Terms = field(default_factory=Terms)
    cluster: str = ""
    """What the policy calls the cluster."""
    fixer: Fixer | None = None
    """None: changes are named, never proposed, since nothing could apply them."""
    requests: ChangeRequests | None = None
    """Where changes become pull requests; None: nothing is known to be managed in a repository."""
    pager: Pager | None = None
    on_call: OnCall | None = None
    """None: nobody is known to be on call."""
    builders: tuple[GraphBuilder, ...] = ()
    """The sources of the graph."""
    indicators: Indicators | None = None
    """Where weak signals are read; None: nothing emerging is noticed."""
    dry_run: bool = False
    """Whether approved changes are tried by a dry run in place of being applied."""
