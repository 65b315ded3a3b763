"""Known answers for the attribution of time and errors in traces."""

import pytest

from agent.analysis.traces import Span, attribute


def span(span_id, parent, service, start, seconds, error=False, resource="GET /"):
    return Span("t1", span_id, parent, service, resource, start, seconds, error)


def by_service(spans):
    return {o.service: o for o in attribute(spans).operations}


def test_time_belongs_to_the_span_that_spends_it():
    found = by_service(
        [
            span("1", "", "gateway", 0, 1.0),
            span("2", "1", "auth", 0.1, 0.8),
            span("3", "2", "auth-db", 0.2, 0.6),
        ]
    )
    assert found["gateway"].self_p50_seconds == pytest.approx(0.2)
    assert found["auth"].self_p50_seconds == pytest.approx(0.2)
    assert found["auth-db"].self_p50_seconds == pytest.approx(0.6)


def test_parallel_children_are_counted_once():
    found = by_service(
        [
            span("1", "", "gateway", 0, 1.0),
            span("2", "1", "a", 0.0, 0.6),
            span("3", "1", "b", 0.2, 0.6),
        ]
    )
    assert found["gateway"].self_p50_seconds == pytest.approx(0.2)


def test_an_error_belongs_to_the_deepest_failing_span():
    found = by_service(
        [span("1", "", "gateway", 0, 1.0, True), span("2", "1", "auth", 0.1, 0.8, True)]
    )
    assert (found["gateway"].error_ratio, found["gateway"].error_origin_ratio) == (1.0, 0.0)
    assert found["auth"].error_origin_ratio == 1.0


def test_calls_join_services_and_leave_out_inner_spans():
    found = attribute(
        [
            span("1", "", "gateway", 0, 1.0),
            span("2", "1", "gateway", 0, 0.9),
            span("3", "2", "auth", 0.1, 0.8, True),
        ]
    )
    assert [(c.caller, c.callee, c.count, c.error_ratio) for c in found.calls] == [
        ("gateway", "auth", 1, 1.0)
    ]


def test_a_span_whose_parent_was_not_sampled_is_a_root():
    assert by_service([span("9", "missing", "auth", 0, 0.5)])["auth"].self_p50_seconds == 0.5
