"""The full record: compressed answers with retention, what models were shown, the journal for replay.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signals", sa.Column("budget", sa.Text(), server_default="", nullable=False))
    op.add_column("hypotheses", sa.Column("reasons", JSONB(), server_default="[]", nullable=False))
    op.add_column("evidence", sa.Column("query", sa.Text(), server_default="", nullable=False))
    op.add_column("evidence", sa.Column("window", JSONB()))
    op.add_column(
        "findings", sa.Column("stopped_because", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("findings", sa.Column("charts", JSONB(), server_default="[]", nullable=False))
    op.add_column("steps", sa.Column("emptied_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_steps_started_at",
        "steps",
        ["started_at"],
        postgresql_where=sa.text("raw IS NOT NULL OR series IS NOT NULL"),
    )
    _boards()
    _journal()
    _exchanges()


def _of_investigation(table: str, *columns: sa.Column[Any], key: str) -> None:
    """A table of what belongs to an investigation, and goes with it."""
    op.create_table(
        table,
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["investigation_id"],
            ["investigations.id"],
            name=op.f(f"fk_{table}_investigation_id_investigations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("investigation_id", key, name=op.f(f"pk_{table}")),
    )


def _boards() -> None:
    _of_investigation(
        "boards",
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hypotheses", JSONB(), nullable=False),
        key="round",
    )


def _journal() -> None:
    _of_investigation(
        "journal",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        key="position",
    )


def _exchanges() -> None:
    _of_investigation(
        "exchanges",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("messages", JSONB(), nullable=False),
        sa.Column("tools", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("spent", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("emptied_at", sa.DateTime(timezone=True)),
        key="number",
    )
    op.create_index(
        "ix_exchanges_at", "exchanges", ["at"], postgresql_where=sa.text("emptied_at IS NULL")
    )
    op.create_table(
        "model_texts",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_model_texts")),
    )
    op.create_index("ix_model_texts_used_at", "model_texts", ["used_at"])


def downgrade() -> None:
    for table in ("model_texts", "exchanges", "journal", "boards"):
        op.drop_table(table)
    op.drop_index("ix_steps_started_at", table_name="steps")
    op.drop_column("steps", "emptied_at")
    op.drop_column("findings", "charts")
    op.drop_column("findings", "stopped_because")
    op.drop_column("evidence", "window")
    op.drop_column("evidence", "query")
    op.drop_column("hypotheses", "reasons")
    op.drop_column("signals", "budget")
