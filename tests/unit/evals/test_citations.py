"""Whether what is cited carries what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.citations import Stored, check
from evals.told import Sentence

RAW = '{"service": "auth-db", "bytes": 13743895347, "points": [[1732417200, 0.051]], "state": "Alert"}'


@pytest.mark.parametrize(
    "sentence",
    [
        "auth-db is slow",
        "it uses 12.8 GiB",
        "it uses 13.7 GB",
        "5.1 % of requests fail",
        "since 03:00 it waits",
        "the monitor is in alert",
        "no rollout was seen",
    ],
)
def test_values_are_found_in_other_units_and_shapes(sentence: str) -> None:
    assert Stored(RAW).carries(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["it uses 77.7 GiB", "since 04:44 it waits", "orders-db is slow", "lightning struck"],
)
def test_what_is_not_there_is_not_found(sentence: str) -> None:
    assert not Stored(RAW).carries(sentence)


def test_a_citation_that_opens_nothing_is_invented() -> None:
    told = [Sentence("chain", "auth-db is slow", (1, 9))]
    checked = check(told, {1: RAW}.get)
    assert (checked.total, checked.invented, checked.uncarried) == (2, (9,), ())


def test_a_sentence_is_carried_by_any_of_its_citations() -> None:
    told = [Sentence("chain", "orders-db is slow", (1, 2)), Sentence("impact", "42 fail", (1,))]
    checked = check(told, {1: RAW, 2: "orders-db"}.get)
    assert checked.uncarried == ("42 fail",)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_looked_into(raw: str, sentence: str) -> None:
    assert Stored(raw).carries(sentence) in (True, False)
