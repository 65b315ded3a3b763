"""What a proposal is expected to do, how many have to approve it, and its pull request.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposals", sa.Column("expectation", JSONB()))
    op.add_column(
        "proposals", sa.Column("approvals_needed", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("proposals", sa.Column("link", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for name in ("link", "approvals_needed", "expectation"):
        op.drop_column("proposals", name)
