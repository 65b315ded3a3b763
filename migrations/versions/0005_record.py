"""The full record: compressed answers with retention, what models were shown, the journal for replay.

Revision ID: 0005
Revises: 0004
"""

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


def downgrade() -> None:
    op.drop_column("findings", "charts")
    op.drop_column("findings", "stopped_because")
    op.drop_column("evidence", "window")
    op.drop_column("evidence", "query")
    op.drop_column("hypotheses", "reasons")
    op.drop_column("signals", "budget")
