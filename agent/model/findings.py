"""Hypotheses, evidence, and what an investigation concluded."""

from __future__ import annotations

import math
from enum import StrEnum

from pydantic import Field

from agent.model.base import Utc, Value, Window


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
    raw_confidence: float | None = None
    """What it was before recalibration by verdicts; None: it was not recalibrated."""
    proven: str = ""
    """How often such findings were right, in words: ``was right in 9 of 11 such findings``."""
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
