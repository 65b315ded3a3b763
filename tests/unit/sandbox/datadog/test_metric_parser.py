"""The metric query language: what it accepts, how it reads it, how it refuses the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.parser import parse_queries, parse_query
from sandbox.datadog.metrics.syntax import (
    Arithmetic,
    Call,
    MetricQuery,
    Name,
    Number,
    Rollup,
    rendered,
)

PIECES = st.sampled_from(
    ["avg", ":", "cpu", "{", "}", "*", "host:a", "!", ",", "by", "(", ")", "top", "abs", ".", "rollup",
     "max", "60", "+", "-", "/", "AND", "OR", "NOT", "IN", " ", "'x'", "as_count", "1e9", "$v"]
)  # fmt: skip
TAGS = st.from_regex(r"[a-z]{1,5}:[a-z0-9-]{1,5}", fullmatch=True)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Well-formed queries, nested a little."""
    aggregator = draw(st.sampled_from(["avg", "sum", "min", "max"]))
    scope = ",".join(draw(st.lists(TAGS, max_size=3))) or "*"
    by = draw(st.sampled_from(["", " by {host}", " by {host,service}"]))
    rollup = draw(st.sampled_from(["", ".rollup(max)", ".rollup(sum, 60)", ".as_count()"]))
    query = f"{aggregator}:system.cpu.user{{{scope}}}{by}{rollup}"
    shape = draw(
        st.sampled_from(["{q}", "abs({q})", "({q} / {q}) * 100", "top({q}, 3, 'mean', 'desc')"])
    )
    return shape.replace("{q}", query)


def test_a_query_with_everything() -> None:
    query = parse_query(
        "sum:trace.http.hits{env:prod, service:web-*} by {host, zone}.as_rate().rollup(max, 120)"
    )
    assert isinstance(query, MetricQuery)
    assert (query.aggregator, query.metric) == ("sum", "trace.http.hits")
    assert query.scope.plain_tags() == {"env": "prod", "service": "web-*"}
    assert query.group_by == ("host", "zone")
    assert query.modifier == "as_rate"
    assert query.rollup == Rollup("max", 120)


def test_the_aggregator_defaults_to_avg() -> None:
    query = parse_query("cpu{*}")
    assert isinstance(query, MetricQuery)
    assert query.aggregator == "avg"


def test_multiplication_binds_tighter_and_operators_associate_to_the_left() -> None:
    assert rendered(parse_query("a - b - c * 2")) == "((a - b) - (c * 2))"
    assert rendered(parse_query("(a - b) / -c")) == "((a - b) / (0 - c))"


def test_functions_take_further_arguments() -> None:
    call = parse_query("top(avg:cpu{*} by {host}, 5, 'mean', 'desc')")
    assert isinstance(call, Call)
    assert call.arguments == (5.0, "mean", "desc")


def test_several_queries_stand_side_by_side() -> None:
    first, second = parse_queries("avg:a{*}, avg:b{*} / 2")
    assert isinstance(first, MetricQuery)
    assert isinstance(second, Arithmetic)


def test_formulas_refer_to_names() -> None:
    assert parse_query("errors / 2") == Arithmetic("/", Name("errors"), Number(2.0))


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("avg:cpu{*", "didn't match"),
        ("avg:cpu", "scope_expr"),
        ("frobnicate(avg:cpu{*})", "unknown function 'frobnicate'"),
        ("top(avg:cpu{*}, 'five', 'mean', 'desc')", "invalid arguments of function 'top'"),
        ("median:cpu{*}", "unknown space aggregator 'median'"),
        ("avg:cpu{*}.rollup(mode)", "unknown rollup method"),
        ("avg:cpu{*}.rollup(avg, 0)", "rollup interval"),
        ("avg:cpu{a:b AND c:d, e:f}", "cannot be mixed"),
        ("avg:cpu{$host}", "scope_expr"),
        ("avg:cpu{a:b,}", "scope_expr"),
        ("avg:cpu{*} by {}", "group_by"),
        ("avg:cpu{*} avg:cpu{*}", "query"),
        ("", "expression"),
    ],
)
def test_a_malformed_query_is_refused_with_the_reason(query: str, complaint: str) -> None:
    with pytest.raises(BadRequest, match="Error parsing query") as refused:
        parse_queries(query)
    assert complaint in refused.value.message


@pytest.mark.parametrize(
    "query",
    ["(" * 5000, "abs(" * 500 + "cpu{*}", "cpu{" + "(" * 5000 + "}", "-" * 9000, "x" * 20_000],
)
def test_depth_and_length_are_bounded(query: str) -> None:
    with pytest.raises(BadRequest):
        parse_queries(query)


@given(queries())
def test_what_it_renders_it_reads_back_the_same(query: str) -> None:
    text = rendered(parse_query(query))
    assert rendered(parse_query(text)) == text


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_either_parsed_or_refused(text: str) -> None:
    try:
        assert parse_queries(text)
    except BadRequest as refused:
        assert refused.status == 400
