"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "outcomes",
    "approvals",
    "proposals",
    "notes",
    "findings",
    "evidence",
    "steps",
    "hypotheses",
    "investigations",
    "signals",
    "pattern_sightings",
    "patterns",
    "feedback",
    "relations",
    "entities",
    "messages",
    "audit_log",
)
"""Those that point to others first."""

_REFUSE_CHANGES = """
CREATE FUNCTION audit_log_refuse_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_ON_ROWS = """
CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_refuse_changes()
"""
_ON_TRUNCATE = """
CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_changes()
"""


def upgrade() -> None:
    _create_signals()
    _create_investigations()
    _create_hypotheses_evidence_notes()
    _create_steps()
    _create_findings()
    _create_proposals()
    _create_approvals_and_outcomes()
    _create_graph()
    _create_patterns_and_feedback()
    _create_audit_log()
    _create_messages()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION audit_log_refuse_changes()")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _belongs_to_investigation(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        ["investigations.id"],
        name=op.f(f"fk_{table}_{column}_investigations"),
        ondelete="CASCADE",
    )


def _belongs_to_proposal(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["proposal"],
        ["proposals.id"],
        name=op.f(f"fk_{table}_proposal_proposals"),
        ondelete="CASCADE",
    )


def _create_signals() -> None:
    op.create_table(
        "signals",
        *_texts(
            "key",
            "kind",
            "source",
            "title",
            "text",
            "state",
            "severity",
            "service",
            "namespace",
            "environment",
        ),
        sa.Column("tags", postgresql.JSONB(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("conversation", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_signals")),
    )
    op.create_index(
        op.f("ix_signals_fingerprint_occurred_at"), "signals", ["fingerprint", "occurred_at"]
    )


def _create_investigations() -> None:
    op.create_table(
        "investigations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Text(), server_default="", nullable=False),
        sa.Column("triage", postgresql.JSONB(), nullable=False),
        sa.Column("budget", postgresql.JSONB(), nullable=False),
        sa.Column("spent", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reasoner", sa.Text(), server_default="", nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column(
            "entities", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "relations", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["signal_key"], ["signals.key"], name=op.f("fk_investigations_signal_key_signals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investigations")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_investigations_dedup_key")),
    )
    op.create_index(
        op.f("ix_investigations_channel_thread"), "investigations", ["channel", "thread"]
    )
    op.create_index(op.f("ix_investigations_signal_key"), "investigations", ["signal_key"])
    op.create_index(
        op.f("ix_investigations_status_started_at"), "investigations", ["status", "started_at"]
    )


def _create_hypotheses_evidence_notes() -> None:
    op.create_table(
        "evidence",
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("weights", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to_investigation("evidence", "investigation_id"),
        sa.PrimaryKeyConstraint("investigation_id", "number", name=op.f("pk_evidence")),
    )
    op.create_table(
        "hypotheses",
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        *_texts("id", "mode", "statement", "entity", "entity_kind", "namespace", "parent"),
        sa.Column("prior", sa.Double(), nullable=False),
        sa.Column("log_odds", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _belongs_to_investigation("hypotheses", "investigation_id"),
        sa.PrimaryKeyConstraint("investigation_id", "id", name=op.f("pk_hypotheses")),
    )
    op.create_table(
        "notes",
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _belongs_to_investigation("notes", "investigation_id"),
        sa.PrimaryKeyConstraint("investigation_id", "at", "user", "text", name=op.f("pk_notes")),
    )


def _create_steps() -> None:
    op.create_table(
        "steps",
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("check", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("observation", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("window", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("data", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("series", sa.LargeBinary(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("raw_bytes", sa.Integer(), server_default="0", nullable=False),
        _belongs_to_investigation("steps", "investigation_id"),
        sa.PrimaryKeyConstraint("investigation_id", "number", name=op.f("pk_steps")),
    )


def _create_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        *_texts("ending", "headline", "mode", "entity", "entity_kind", "namespace"),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("chain", postgresql.JSONB(), nullable=False),
        sa.Column("impact", postgresql.JSONB(), nullable=False),
        sa.Column("forecast", postgresql.JSONB(), nullable=False),
        sa.Column("ruled_out", postgresql.JSONB(), nullable=False),
        sa.Column("unseen", postgresql.JSONB(), nullable=False),
        sa.Column("next_steps", postgresql.JSONB(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("reasoner", sa.Text(), nullable=False),
        sa.Column("struck", sa.Integer(), nullable=False),
        _belongs_to_investigation("findings", "investigation_id"),
        sa.PrimaryKeyConstraint("investigation_id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_mode_entity"), "findings", ["mode", "entity"])


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        *_texts("kind", "target_key", "digest"),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("plan", postgresql.JSONB(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reverts", sa.Uuid(), nullable=True),
        _belongs_to_investigation("proposals", "investigation"),
        sa.ForeignKeyConstraint(
            ["reverts"], ["proposals.id"], name=op.f("fk_proposals_reverts_proposals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index(op.f("ix_proposals_investigation"), "proposals", ["investigation"])
    op.create_index(
        "uq_proposals_open_change",
        "proposals",
        ["investigation", "target_key", "kind"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )


def _create_approvals_and_outcomes() -> None:
    op.create_table(
        "approvals",
        sa.Column("proposal", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to_proposal("approvals"),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_approvals")),
    )
    op.create_table(
        "outcomes",
        sa.Column("proposal", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signals", postgresql.JSONB(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("watched_seconds", sa.Double(), nullable=False),
        _belongs_to_proposal("outcomes"),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_outcomes")),
    )


def _create_graph() -> None:
    op.create_table(
        "entities",
        *_texts("key", "name", "kind", "namespace", "environment"),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_entities")),
    )
    op.create_index(op.f("ix_entities_name"), "entities", ["name"])
    op.create_table(
        "relations",
        *_texts("source", "target", "kind", "origin", "evidence"),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_confirmed", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "target", "kind", "origin", name=op.f("pk_relations")),
    )
    op.create_index(op.f("ix_relations_target"), "relations", ["target"])


def _create_patterns_and_feedback() -> None:
    op.create_table(
        "feedback",
        *_texts("user", "subject_kind", "subject_id", "verdict", "comment"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user", "subject_kind", "subject_id", name=op.f("pk_feedback")),
    )
    op.create_index(
        op.f("ix_feedback_subject_kind_subject_id"), "feedback", ["subject_kind", "subject_id"]
    )
    op.create_table(
        "patterns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("symptoms", postgresql.JSONB(), nullable=False),
        *_texts("mode", "entity", "entity_kind", "environment"),
        sa.Column("checks", postgresql.JSONB(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("times_seen", sa.Integer(), nullable=False),
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patterns")),
        sa.UniqueConstraint(
            "mode",
            "entity",
            "entity_kind",
            "environment",
            name=op.f("uq_patterns_mode_entity_entity_kind_environment"),
        ),
    )
    op.create_table(
        "pattern_sightings",
        sa.Column("pattern_id", sa.BigInteger(), nullable=False),
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pattern_id"],
            ["patterns.id"],
            name=op.f("fk_pattern_sightings_pattern_id_patterns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pattern_id", "investigation", name=op.f("pk_pattern_sightings")),
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_texts("actor", "action", "subject"),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_log_previous_hash")),
    )
    for statement in (_REFUSE_CHANGES, _ON_ROWS, _ON_TRUNCATE):
        op.execute(statement)


def _create_messages() -> None:
    op.create_table(
        "messages",
        *_texts("key", "kind", "channel", "thread_ts"),
        sa.Column("ts", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('sending', 'sent')", name=op.f("ck_messages_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_messages")),
    )
