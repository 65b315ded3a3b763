"""The tables of srebot's PostgreSQL database, one module per noun's family."""

from agent.store.tables.base import Base
from agent.store.tables.cases import (
    EvidenceRow,
    FindingRow,
    HypothesisRow,
    InvestigationRow,
    NoteRow,
    SignalRow,
    StepRow,
)
from agent.store.tables.changes import ApprovalRow, OutcomeRow, ProposalRow
from agent.store.tables.journal import AuditRow, MessageRow
from agent.store.tables.knowledge import (
    EntityRow,
    FeedbackRow,
    PatternRow,
    PatternSightingRow,
    RelationRow,
)

__all__ = [
    "ApprovalRow",
    "AuditRow",
    "Base",
    "EntityRow",
    "EvidenceRow",
    "FeedbackRow",
    "FindingRow",
    "HypothesisRow",
    "InvestigationRow",
    "MessageRow",
    "NoteRow",
    "OutcomeRow",
    "PatternRow",
    "PatternSightingRow",
    "ProposalRow",
    "RelationRow",
    "SignalRow",
    "StepRow",
]
