"""Verdicts, calibration, track records.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("mode", "entity", "environment")),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("observed", JSONB(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("investigation", name="pk_verdicts"),
        sa.ForeignKeyConstraint(
            ["investigation"],
            ["investigations.id"],
            name="fk_verdicts_investigation_investigations",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_verdicts_mode_graded_at", "verdicts", ["mode", "graded_at"])
    op.create_table(
        "withdrawals",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("restored_by", sa.Text(), server_default="", nullable=False),
        sa.Column("restored_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("subject", "at", name="pk_withdrawals"),
    )
    op.add_column("findings", sa.Column("raw_confidence", sa.Float()))
    op.add_column("findings", sa.Column("proven", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("findings", "proven")
    op.drop_column("findings", "raw_confidence")
    op.drop_table("withdrawals")
    op.drop_table("verdicts")
