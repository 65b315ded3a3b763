"""The attention ledger.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attention",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("key", "kind", "channel", "thread")
        ),
        sa.Column("issue", sa.BigInteger()),
        sa.Column("investigation", sa.BigInteger()),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True)),
        sa.Column("firm", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "score IN ('pending', 'used', 'ignored', 'contradicted')",
            name=op.f("ck_attention_score"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attention")),
    )
    for columns in (("channel", "thread"), ("channel", "posted_at"), ("investigation",)):
        op.create_index(op.f(f"ix_attention_{'_'.join(columns)}"), "attention", list(columns))
    op.create_index(
        op.f("ix_attention_pending"),
        "attention",
        ["posted_at"],
        postgresql_where=sa.text("score = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("attention")
