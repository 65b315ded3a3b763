"""Patterns: features, search, edits, notes on entities.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXTS = ("alerted", "role", "fix_kind", "fix_note", "edited_by", "words")
_COUNTS = ("tool_calls", "times_right", "times_wrong", "variant")
_LISTS = ("probes", "fix_arguments")
_ONE_PER_CAUSE = "uq_patterns_mode_entity_entity_kind_environment"
_ONE_PER_VARIANT = f"{_ONE_PER_CAUSE}_variant"
_CAUSE = ["mode", "entity", "entity_kind", "environment"]

_VECTOR_WHERE_THE_SERVER_HAS_IT = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector;
    END IF;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE NOTICE 'pgvector cannot be enabled: embeddings are compared outside the database';
END $$
"""


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("patterns", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in _COUNTS:
        op.add_column("patterns", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for name in _LISTS:
        empty = sa.text("'[]'::jsonb")
        op.add_column("patterns", sa.Column(name, JSONB(), server_default=empty, nullable=False))
    for column in (
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("merged_into", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("features", ARRAY(sa.Text()), server_default="{}", nullable=False),
    ):
        op.add_column("patterns", column)
    op.execute(
        "UPDATE patterns SET words = concat_ws(' ', replace(mode, '_', ' '), entity, fix, symptoms::text)"
    )
    vector = sa.Computed("to_tsvector('english'::regconfig, words)", persisted=True)
    op.add_column("patterns", sa.Column("search", TSVECTOR(), vector, nullable=False))
    op.create_index("ix_patterns_search", "patterns", ["search"], postgresql_using="gin")
    op.create_index("ix_patterns_features", "patterns", ["features"], postgresql_using="gin")
    op.drop_constraint(_ONE_PER_CAUSE, "patterns")
    op.create_unique_constraint(_ONE_PER_VARIANT, "patterns", [*_CAUSE, "variant"])
    op.add_column("pattern_sightings", sa.Column("right", sa.Boolean()))
    op.add_column(
        "pattern_sightings", sa.Column("judged_by", sa.Text(), server_default="", nullable=False)
    )
    _create_tables()
    op.execute(_VECTOR_WHERE_THE_SERVER_HAS_IT)


def _create_tables() -> None:
    op.create_table(
        "pattern_embeddings",
        sa.Column("pattern_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("vector", ARRAY(sa.Float()), nullable=False),
        sa.ForeignKeyConstraint(
            ["pattern_id"],
            ["patterns.id"],
            name="fk_pattern_embeddings_pattern_id_patterns",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pattern_id", "model", name="pk_pattern_embeddings"),
    )
    op.create_table(
        "entity_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("kept_by", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("investigation", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_entity_notes"),
        sa.UniqueConstraint("entity", "text", name="uq_entity_notes_entity_text"),
    )
    op.create_index("ix_entity_notes_investigation", "entity_notes", ["investigation"])


def downgrade() -> None:
    op.drop_table("entity_notes")
    op.drop_table("pattern_embeddings")
    op.drop_column("pattern_sightings", "judged_by")
    op.drop_column("pattern_sightings", "right")
    op.drop_constraint(_ONE_PER_VARIANT, "patterns")
    op.execute("DELETE FROM patterns WHERE variant > 0")
    op.create_unique_constraint(_ONE_PER_CAUSE, "patterns", _CAUSE)
    op.drop_index("ix_patterns_features", "patterns")
    op.drop_index("ix_patterns_search", "patterns")
    op.drop_column("patterns", "search")
    for name in (*_TEXTS, *_COUNTS, *_LISTS, "state", "merged_into", "features"):
        op.drop_column("patterns", name)
