"""The search language of logs, spans and events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.query import parse_search, possible_values, required_value
from tests.unit.sandbox.datadog.fake_world import NOW

DOCUMENT = Document(
    id="1",
    at=NOW,
    message="Connection pool timeout after 30s: db-1:5432 refused [pool-7]",
    reserved={"service": "cart", "status": "error", "host": "web-1"},
    tags=("kube_namespace:production", "pod_name:cart-7d9-x", "env:production"),
    attributes={
        "http": {"status_code": 503, "url": "/cart/1"},
        "usr.id": "u1",
        "flags": ["a", "b"],
    },
)
PIECES = st.sampled_from(
    ["service", ":", "cart", "(", ")", " ", "AND", "OR", "NOT", "-", '"', "\\", "@http.code", ">", "<=",
     "[1 TO 5]", "[", "]", "{", "*", "?", "500", "#tag"]
)  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "",
        "*",
        "service:cart",
        "service:c*t host:web-?",
        "status:ERROR",
        "service:(auth OR cart)",
        "service:auth OR status:error",
        "service:cart AND NOT host:web-2",
        "service:cart -host:web-2",
        '"connection pool"',
        "timeout",
        "TIMEOUT AND refus*",
        '@http.status_code:503 @http.url:"/cart/1"',
        "@http.status_code:>=500",
        "@http.status_code:[500 TO 599]",
        "@http.status_code:{500 TO *]",
        "@usr.id:u1",
        "@flags:b",
        "kube_namespace:production pod_name:cart-7d9*",
        "(service:auth status:error) OR (service:cart (timeout OR panic))",
        "NOT (service:auth OR service:search)",
        "@http.url:*",
        "db-1",
        r"\[pool-7\]",
    ],
)
def test_matches(query: str) -> None:
    assert parse_search(query).matches(DOCUMENT)


@pytest.mark.parametrize(
    "query",
    [
        "service:auth",
        "service:Cart",
        "-service:cart",
        "NOT timeout",
        '"pool connection"',
        "time",
        "service:cart AND status:info",
        "@http.status_code:>503",
        "@http.status_code:[400 TO 499]",
        "@missing:*",
        "service:(auth OR search)",
        'service:"c*t"',
        "status:info OR service:auth timeout",
    ],
)
def test_does_not_match(query: str) -> None:
    assert not parse_search(query).matches(DOCUMENT)


@pytest.mark.parametrize(
    "query",
    [
        "(service:cart", "service:cart)", "service:", "OR", "a AND", "NOT", "()", '"open',
        "@a:>x", "@a:[1 5]", "@a:[x TO y]", "service:()", "[",
    ],
)  # fmt: skip
def test_malformed(query: str) -> None:
    with pytest.raises(BadRequest, match=r"filter\.query"):
        parse_search(query)


@pytest.mark.parametrize(
    "query", ["(" * 5000, "a:" * 4000, "a:(" * 2000, "x " * 5000, "NOT " * 2000]
)
def test_depth_and_length_are_bounded(query: str) -> None:
    with pytest.raises(BadRequest):
        parse_search(query)


def test_what_every_match_must_have_is_known() -> None:
    assert required_value(parse_search("service:cart status:error"), "service") == "cart"
    assert required_value(parse_search("(a (b service:cart))"), "service") == "cart"
    for query in ("service:cart OR a", "-service:cart", "service:c*", "cart"):
        assert required_value(parse_search(query), "service") is None


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_either_parsed_or_refused(text: str) -> None:
    try:
        assert parse_search(text).matches(DOCUMENT) in (True, False)
    except BadRequest as refused:
        assert refused.status == 400


@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_a_quoted_value_matches_itself(value: str) -> None:
    document = Document("1", NOW, "", attributes={"path": value})
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_search(f'@path:"{quoted}"').matches(document)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("trace_id:(a OR b) env:production", {"a", "b"}),
        ("trace_id:a", {"a"}),
        ("trace_id:a OR service:cart", None),
        ("trace_id:a*", None),
        ("-trace_id:a", None),
        ("", None),
    ],
)
def test_the_values_that_a_match_may_have(query: str, values: set[str] | None) -> None:
    assert possible_values(parse_search(query), "trace_id") == values
