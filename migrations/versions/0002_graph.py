"""The graph keeps itself true: sightings, identity, journal.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "relations", sa.Column("holds", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column(
        "relations", sa.Column("confirmations", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("relations", sa.Column("missing_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for column in ("missing_since", "confirmations", "holds"):
        op.drop_column("relations", column)
