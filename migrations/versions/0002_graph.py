"""The graph keeps itself true: sightings by source, identity, belief, a journal of changes.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # What was known is scanned again within minutes, in the new form.
    op.drop_table("relations")
    op.execute("DELETE FROM entities")
    op.add_column("entities", sa.Column("missing_since", _MOMENT))
    op.create_index(op.f("ix_entities_kind"), "entities", ["kind"])
    _create_sightings()
    _create_names()
    _create_relations()
    _create_identities()
    _create_changes()


def downgrade() -> None:
    for table in ("graph_changes", "identities", "relations", "entity_names", "sightings"):
        op.drop_table(table)
    op.drop_index(op.f("ix_entities_kind"), "entities")
    op.drop_column("entities", "missing_since")
    op.create_table(
        "relations",
        *_texts("source", "target", "kind", "origin", "evidence"),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_confirmed", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "target", "kind", "origin", name=op.f("pk_relations")),
    )
    op.create_index(op.f("ix_relations_target"), "relations", ["target"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _create_sightings() -> None:
    op.create_table(
        "sightings",
        *_texts("key", "origin", "entity", "name", "kind", "namespace", "environment"),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        *_texts("digest"),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("missing_since", _MOMENT),
        sa.PrimaryKeyConstraint("key", "origin", name=op.f("pk_sightings")),
    )
    op.create_index(op.f("ix_sightings_entity"), "sightings", ["entity"])


def _create_names() -> None:
    op.create_table(
        "entity_names",
        *_texts("name", "entity"),
        sa.PrimaryKeyConstraint("name", "entity", name=op.f("pk_entity_names")),
    )
    op.create_index(op.f("ix_entity_names_entity"), "entity_names", ["entity"])


def _create_relations() -> None:
    key = ("seen_source", "seen_target", "kind", "origin", "told_by")
    op.create_table(
        "relations",
        *_texts(*key, "source", "target", "evidence"),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("holds", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("confirmations", sa.Integer(), server_default="0", nullable=False),
        sa.Column("missing_since", _MOMENT),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_confirmed", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("stands", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_relations")),
    )
    op.create_index("ix_relations_from", "relations", ["source", "target", "kind", "stands"])
    op.create_index("ix_relations_to", "relations", ["target", "source", "kind", "stands"])
    op.create_index(
        "ix_relations_denied", "relations", ["source"], postgresql_where=sa.text("NOT holds")
    )


def _create_identities() -> None:
    op.create_table(
        "identities",
        *_texts("alias", "canonical", "origin", "reason"),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("alias", "canonical", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_canonical"), "identities", ["canonical"])


def _create_changes() -> None:
    op.create_table(
        "graph_changes",
        *_texts("key"),
        sa.Column("at", _MOMENT, nullable=False),
        *_texts("entity", "type", "what", "origin", "other", "before", "after", "evidence"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_graph_changes")),
    )
    op.create_index(op.f("ix_graph_changes_entity_at"), "graph_changes", ["entity", "at"])
    op.create_index(op.f("ix_graph_changes_other"), "graph_changes", ["other"])
    op.create_index(op.f("ix_graph_changes_at"), "graph_changes", ["at"])
