"""Spans apart by version, host and outside API; calls that are made again."""

import pytest

from agent.analysis.breakdown import HOST, PEER, STATUS, VERSION, by_tag, peers
from agent.analysis.traces import Span, attribute


def span(span_id, service="orders", error=False, seconds=0.1, parent="", start=0.0, **tags):
    named = {k.replace("_", "."): v for k, v in tags.items()}
    return Span("t1", span_id, parent, service, "GET /", start, seconds, error, named)


def test_versions_are_told_apart_with_their_share_of_failures():
    old = [span(f"a{n}", version="1.0", start=n) for n in range(6)]
    new = [span(f"b{n}", version="1.1", error=n < 1, start=10 + n) for n in range(4)]
    parts = {p.value: p for p in by_tag([*old, *new], VERSION)}
    assert parts["1.0"].error_ratio == 0.0
    assert parts["1.1"].error_ratio == pytest.approx(0.25)
    assert parts["1.1"].first_at == 10


def test_the_commonest_value_comes_first_and_spans_without_the_tag_are_left_out():
    spans = [span("1", host="n2"), span("2", host="n1"), span("3", host="n1"), span("4")]
    assert [(p.value, p.count) for p in by_tag(spans, HOST)] == [("n1", 2), ("n2", 1)]
    assert by_tag([], HOST) == ()


def test_calls_of_outside_apis_are_counted_by_status():
    refused = {"error": True, "peer_hostname": "api.example"}
    spans = [
        Span("t", "1", "", "pay", "POST", 0, 0.1, True, {PEER: "api.example", STATUS: "429"}),
        Span("t", "2", "", "pay", "POST", 0, 0.1, False, {PEER: "api.example", STATUS: "200"}),
        Span("t", "3", "", "mail", "POST", 0, 0.1, False, {PEER: "smtp.example"}),
        span("4", **refused),
    ]
    found = {(p.caller, p.part.value): p for p in peers(spans)}
    assert found["pay", "api.example"].statuses == {"429": 1, "200": 1}
    assert found["mail", "smtp.example"].statuses == {}
    assert peers(spans)[0].caller == "orders", "what fails most comes first"


def test_a_call_that_is_made_again_after_it_failed_is_a_repetition():
    spans = [
        span("p", service="checkout", seconds=1.0),
        *(
            span(f"c{n}", service="payments", error=True, parent="p", start=0.1 * n)
            for n in range(1, 4)
        ),
        span("q", service="checkout", seconds=1.0),
        span("d1", service="payments", parent="q", start=0.1),
        span("d2", service="payments", parent="q", start=0.2),
    ]
    (call,) = attribute(spans).calls
    assert call.attempts == pytest.approx(2.5)
    assert call.repeated_ratio == pytest.approx(2 / 5), "a second call after a good one is none"
