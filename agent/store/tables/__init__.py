"""The tables of srebot's PostgreSQL database, one module per noun's family."""

from agent.store.tables.attention import AttentionRow
from agent.store.tables.awareness import (
    ExperienceRow,
    IssueRow,
    IssueSignalRow,
    TriageDecisionRow,
)
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
from agent.store.tables.freezes import FreezeRow
from agent.store.tables.journal import AuditRow, MessageRow
from agent.store.tables.knowledge import (
    AliasRow,
    EntityRow,
    FeedbackRow,
    GraphChangeRow,
    IdentityRow,
    RelationRow,
    SightingRow,
)
from agent.store.tables.pages import PageRow
from agent.store.tables.patterns import (
    EntityNoteRow,
    PatternEmbeddingRow,
    PatternRow,
    PatternSightingRow,
)
from agent.store.tables.record import BoardRow, ExchangeRow, JournalRow, ModelTextRow
from agent.store.tables.trust import VerdictRow, WithdrawalRow

__all__ = [
    "AliasRow",
    "ApprovalRow",
    "AttentionRow",
    "AuditRow",
    "Base",
    "BoardRow",
    "EntityNoteRow",
    "EntityRow",
    "EvidenceRow",
    "ExchangeRow",
    "ExperienceRow",
    "FeedbackRow",
    "FindingRow",
    "FreezeRow",
    "GraphChangeRow",
    "HypothesisRow",
    "IdentityRow",
    "InvestigationRow",
    "IssueRow",
    "IssueSignalRow",
    "JournalRow",
    "MessageRow",
    "ModelTextRow",
    "NoteRow",
    "OutcomeRow",
    "PageRow",
    "PatternEmbeddingRow",
    "PatternRow",
    "PatternSightingRow",
    "ProposalRow",
    "RelationRow",
    "SightingRow",
    "SignalRow",
    "StepRow",
    "TriageDecisionRow",
    "VerdictRow",
    "WithdrawalRow",
]
