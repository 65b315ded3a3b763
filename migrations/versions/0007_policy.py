"""Policy: several people approve one proposal, who asked for it, and freezes of all applying.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = "pk_approvals"
_OTHERS_THAN_THE_DECIDING = """
DELETE FROM approvals a USING approvals b
WHERE a.proposal = b.proposal
  AND (a.decided_at, a."user") < (b.decided_at, b."user")
"""


def upgrade() -> None:
    op.drop_constraint(op.f(_KEY), "approvals", type_="primary")
    op.create_primary_key(op.f(_KEY), "approvals", ["proposal", "user"])
    op.add_column(
        "proposals", sa.Column("requested_by", sa.Text(), server_default="", nullable=False)
    )
    op.create_index(op.f("ix_audit_log_subject"), "audit_log", ["subject"])
    op.create_table(
        "freezes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index(
        "uq_freezes_in_force",
        "freezes",
        [sa.text("(lifted_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("freezes")
    op.drop_index(op.f("ix_audit_log_subject"), "audit_log")
    op.drop_column("proposals", "requested_by")
    op.execute(_OTHERS_THAN_THE_DECIDING)
    op.drop_constraint(op.f(_KEY), "approvals", type_="primary")
    op.create_primary_key(op.f(_KEY), "approvals", ["proposal"])
