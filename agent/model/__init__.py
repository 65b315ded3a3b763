"""The nouns of srebot: frozen values that every part of it speaks in.

Times are timezone-aware UTC; durations are seconds, memory bytes, CPU cores, ratios 0..1. Values are pydantic models,
so that each can be stored as JSON and read back as it was.
"""

from agent.model.base import (
    Json,
    Utc,
    Value,
    Window,
)
from agent.model.case import (
    Budget,
    Case,
    Investigation,
    InvestigationStatus,
    Note,
    Notebook,
    Spent,
)
from agent.model.changes import (
    Approval,
    Change,
    ChangeKind,
    Expectation,
    Outcome,
    OutcomeStatus,
    Plan,
    Proposal,
    ProposalStatus,
    SignalAfter,
    Via,
)
from agent.model.company import (
    Entity,
    Relation,
)
from agent.model.findings import (
    Chart,
    Claim,
    Ending,
    Evidence,
    Finding,
    Hypothesis,
    HypothesisStatus,
    Mark,
)
from agent.model.learnt import EntityNote, Observed, Pattern, TrackRecord, Verdict
from agent.model.looking import (
    Check,
    Reading,
    Series,
    Step,
)
from agent.model.signals import (
    AlertState,
    Conversation,
    Decision,
    Severity,
    Signal,
    SignalKind,
    Triage,
)

__all__ = [
    "AlertState",
    "Approval",
    "Budget",
    "Case",
    "Change",
    "ChangeKind",
    "Chart",
    "Check",
    "Claim",
    "Conversation",
    "Decision",
    "Ending",
    "Entity",
    "EntityNote",
    "Evidence",
    "Expectation",
    "Finding",
    "Hypothesis",
    "HypothesisStatus",
    "Investigation",
    "InvestigationStatus",
    "Json",
    "Mark",
    "Note",
    "Notebook",
    "Observed",
    "Outcome",
    "OutcomeStatus",
    "Pattern",
    "Plan",
    "Proposal",
    "ProposalStatus",
    "Reading",
    "Relation",
    "Series",
    "Severity",
    "Signal",
    "SignalAfter",
    "SignalKind",
    "Spent",
    "Step",
    "TrackRecord",
    "Triage",
    "Utc",
    "Value",
    "Verdict",
    "Via",
    "Window",
]
