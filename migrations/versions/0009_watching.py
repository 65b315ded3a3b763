"""Outcomes say what was expected without the change; pages are kept, with what became of them.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_EMPTY_LIST = sa.text("'[]'::jsonb")


def upgrade() -> None:
    op.add_column(
        "outcomes", sa.Column("against", JSONB(), server_default=_EMPTY_LIST, nullable=False)
    )
    op.create_table(
        "pages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), server_default="", nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", JSONB(), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("told", JSONB(), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("paged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pages")),
        sa.ForeignKeyConstraint(
            ["investigation"],
            ["investigations.id"],
            name=op.f("fk_pages_investigation_investigations"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_pages_incident"), "pages", ["incident"])
    op.create_index(op.f("ix_pages_investigation"), "pages", ["investigation"])


def downgrade() -> None:
    op.drop_table("pages")
    op.drop_column("outcomes", "against")
