"""The arithmetic of the benchmarks; nothing here is timed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.model import Check, Step
from agent.reasoning.llm_outputs import PRIORS, WEIGHTS
from benchmarks.figure import Figure, percentile, shown
from benchmarks.latencies import THOUGHT_SECONDS, critical_seconds
from benchmarks.replay import key_of
from benchmarks.scripted_model import nearest, tokens
from benchmarks.tokens import common_prefix, fresh_tokens, repeated_share


def test_a_figure_keeps_its_promise_up_to_the_bound() -> None:
    assert Figure("f", 1.1, "x", 1.1).ok
    assert not Figure("f", 1.11, "x", 1.1).ok
    assert Figure("f", 1e9, "x").ok


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.95, 10), (1.0, 10)]
)
def test_a_percentile_is_a_measured_value_of_the_nearest_rank(share: float, value: int) -> None:
    assert percentile([10, 3, 1, 2, 4, 9, 5, 6, 7, 8], share) == value


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="measured"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("value", "text"), [(0.40163, "0.402"), (30.44, "30.4"), (83018.0, "83,018"), (2.0, "2")]
)
def test_values_are_shown_with_three_digits(value: float, text: str) -> None:
    assert shown(value) == text


def step(number: int, round_number: int, tool: str) -> Step:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Step(number=number, round=round_number, check=Check(tool=tool), started_at=now)


def test_the_critical_path_is_the_slowest_check_of_each_round_and_all_thoughts() -> None:
    steps = [step(1, 0, "a"), step(2, 0, "b"), step(3, 1, "c"), step(4, 1, "a")]
    alone = {Check(tool=t).key: s for t, s in (("a", 0.2), ("b", 0.6), ("c", 0.1))}
    assert critical_seconds(steps, alone, 3) == pytest.approx(0.6 + 0.2 + 3 * THOUGHT_SECONDS)


def test_prompts_repeat_as_far_as_they_begin_alike() -> None:
    prompts = [b"tools|case", b"tools|case|round 1", b"tools|caSe"]
    assert common_prefix(prompts[0], prompts[1]) == 10
    assert common_prefix(prompts[1], prompts[2]) == 8
    assert repeated_share(prompts) == pytest.approx(18 / 38)
    assert repeated_share(prompts[:1]) == 0.0


def test_fresh_tokens_are_those_of_no_earlier_prefix() -> None:
    assert fresh_tokens([b"x" * 400, b"x" * 400]) == 100
    assert fresh_tokens([b"x" * 400, b"y" * 400]) == 200


def test_a_token_is_four_bytes_begun() -> None:
    assert [tokens(b"x" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_numbers_become_the_closest_word() -> None:
    assert nearest(WEIGHTS, 1.3) == "strongly_supports"
    assert nearest(WEIGHTS, -0.5) == "contradicts"
    assert nearest(PRIORS, -2.0) == "unlikely"


class TestReplay:
    def test_the_window_of_time_does_not_tell_requests_apart(self) -> None:
        one = key_of("GET", "/q", [("query", "a"), ("from", "1"), ("to", "2")], b"")
        other = key_of("GET", "/q", [("to", "9"), ("query", "a"), ("from", "8")], b"")
        assert one == other

    def test_nor_in_a_body(self) -> None:
        bodies = [b'{"filter": {"query": "a", "from": %d}}' % n for n in (1, 2)]
        assert len({key_of("POST", "/logs", [], body) for body in bodies}) == 1

    def test_what_is_asked_does(self) -> None:
        keys = {
            key_of("GET", "/q", [("query", "a")], b""),
            key_of("GET", "/q", [("query", "b")], b""),
            key_of("POST", "/q", [("query", "a")], b""),
            key_of("GET", "/p", [("query", "a")], b""),
            key_of("GET", "/q", [("query", "a")], b'{"filter": "c"}'),
            key_of("GET", "/q", [("query", "a")], b"not json"),
        }
        assert len(keys) == 6
