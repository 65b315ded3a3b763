"""Every field of a stored noun has its column, and hostile content becomes storable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import model
from agent.awareness import issues
from agent.store import tables
from agent.store.engine import normalise
from agent.store.mapping import (
    compress_text,
    decompress_text,
    storable,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("noun", "table", "elsewhere"),
    [
        (model.Signal, tables.SignalRow, set()),
        (model.Investigation, tables.InvestigationRow, {"signal", "conversation"}),
        (model.Hypothesis, tables.HypothesisRow, set()),
        (model.Step, tables.StepRow, {"reading"}),
        (model.Reading, tables.StepRow, set()),
        (model.Evidence, tables.EvidenceRow, set()),
        (model.Finding, tables.FindingRow, set()),
        (model.Note, tables.NoteRow, set()),
        (model.Proposal, tables.ProposalRow, set()),
        (model.Approval, tables.ApprovalRow, set()),
        (model.Outcome, tables.OutcomeRow, set()),
        (model.Pattern, tables.PatternRow, {"likeness", "why"}),
        (model.Entity, tables.EntityRow, set()),
        (model.Relation, tables.RelationRow, set()),
        (issues.Issue, tables.IssueRow, set()),
        (issues.Decided, tables.TriageDecisionRow, set()),
        (issues.Attention, tables.AttentionRow, set()),
    ],
)
def test_each_field_has_a_column(
    noun: type[model.Value], table: type[tables.Base], elsewhere: set[str]
) -> None:
    columns = {column.name for column in table.__table__.columns}
    assert set(noun.model_fields) - elsewhere <= columns


@given(JSON)
def test_whatever_comes_becomes_json_that_postgresql_takes(data: object) -> None:
    def check(item: object) -> None:
        if isinstance(item, str):
            assert "\0" not in item
            item.encode()
        elif isinstance(item, float):
            assert item - item == 0
        elif isinstance(item, dict):
            for key, value in item.items():
                check(key)
                check(value)
        elif isinstance(item, list):
            for each in item:
                check(each)

    kept = storable(data)
    check(kept)
    assert storable(kept) == kept


@given(st.text())
def test_compressed_text_comes_back(text: str) -> None:
    assert decompress_text(compress_text(text)) == text


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_urls_of_postgresql_get_the_driver(scheme: str) -> None:
    url = normalise(f"{scheme}://u:p@db:5432/srebot?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert url.query == {"sslmode": "require"}


def test_another_database_is_refused_without_showing_the_password() -> None:
    with pytest.raises(Exception, match="needs PostgreSQL") as caught:
        normalise("mysql://u:hunter2@db/srebot")
    assert "hunter2" not in str(caught.value)
