"""Issues, decisions and what experience says.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SIGNALS_OF_KIND = "ix_signals_kind_service_occurred_at"
_LIST = sa.text("'[]'::jsonb")


def upgrade() -> None:
    _create_issues()
    _create_issue_signals()
    _create_decisions()
    _create_experience()
    op.create_index(_SIGNALS_OF_KIND, "signals", ["kind", "service", "occurred_at"])


def downgrade() -> None:
    op.drop_index(_SIGNALS_OF_KIND, "signals")
    for table in ("experience", "triage_decisions", "issue_signals", "issues"):
        op.drop_table(table)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _list(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=_LIST, nullable=False)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def _create_issues() -> None:
    op.create_table(
        "issues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_texts("kind", "title", "environment", "status"),
        sa.Column("triage", postgresql.JSONB(), nullable=False),
        _list("entities"),
        _list("suspects"),
        _list("fingerprints"),
        sa.Column("signals", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), server_default="0", nullable=False),
        _flag("flapping"),
        sa.Column("investigation", sa.BigInteger()),
        sa.Column("conversation", postgresql.JSONB()),
        _moment("opened_at"),
        _moment("last_signal_at"),
        _moment("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        sa.ForeignKeyConstraint(
            ["investigation"],
            ["investigations.id"],
            name=op.f("fk_issues_investigation_investigations"),
            ondelete="SET NULL",
        ),
    )
    op.create_index(
        op.f("ix_issues_last_signal_at"),
        "issues",
        ["last_signal_at"],
        postgresql_where=sa.text("status <> 'expired'"),
    )
    op.create_index(op.f("ix_issues_investigation"), "issues", ["investigation"])


def _create_issue_signals() -> None:
    op.create_table(
        "issue_signals",
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        *_texts("reason"),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        *_texts("kind", "state", "fingerprint", "service"),
        _moment("at"),
        sa.PrimaryKeyConstraint("signal_key", name=op.f("pk_issue_signals")),
        sa.ForeignKeyConstraint(
            ["signal_key"], ["signals.key"], name=op.f("fk_issue_signals_signal_key_signals")
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issues.id"],
            name=op.f("fk_issue_signals_issue_id_issues"),
            ondelete="CASCADE",
        ),
    )
    for columns in (["issue_id", "at"], ["fingerprint", "at"]):
        op.create_index(op.f(f"ix_issue_signals_{'_'.join(columns)}"), "issue_signals", columns)


def _create_decisions() -> None:
    op.create_table(
        "triage_decisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_texts("signal", "title", "service", "environment"),
        sa.Column("issue", sa.BigInteger()),
        *_texts("decision", "reason"),
        sa.Column("impact", sa.Float(), nullable=False),
        *_texts("combination"),
        sa.Column("weight", postgresql.JSONB()),
        _moment("at"),
        _moment("recovered_at", nullable=True),
        _moment("told_at", nullable=True),
        *_texts("fingerprint", "state"),
        _flag("critical"),
        _flag("duplicate"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_decisions")),
        sa.UniqueConstraint("signal", name=op.f("uq_triage_decisions_signal")),
        sa.ForeignKeyConstraint(
            ["signal"], ["signals.key"], name=op.f("fk_triage_decisions_signal_signals")
        ),
        sa.ForeignKeyConstraint(
            ["issue"],
            ["issues.id"],
            name=op.f("fk_triage_decisions_issue_issues"),
            ondelete="SET NULL",
        ),
    )
    for columns in (["combination", "at"], ["at"]):
        name = op.f(f"ix_triage_decisions_{'_'.join(columns)}")
        op.create_index(name, "triage_decisions", columns)


def _create_experience() -> None:
    op.create_table(
        "experience",
        *_texts("subject", "user", "combination", "kind"),
        _moment("at"),
        sa.PrimaryKeyConstraint("subject", "user", name=op.f("pk_experience")),
    )
    op.create_index(op.f("ix_experience_combination_at"), "experience", ["combination", "at"])
