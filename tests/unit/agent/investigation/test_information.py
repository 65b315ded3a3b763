"""What a check is worth: information on what is live, per second, shared by all that it tells of."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.information import (
    canonical,
    chosen,
    entropy,
    expected,
    of_a_sign,
    probabilities,
)
from agent.model import Check, Hypothesis, Reading
from agent.tools import Registry, tool
from tests.unit.agent.investigation.test_hypotheses import hypothesis


class Tools:
    """One tool with defaults."""

    @tool("datadog")
    async def datadog_metrics(self, query: str, minutes: float = 720) -> Reading:
        """Metrics."""
        raise NotImplementedError


REGISTRY = Registry([Tools()])
ODDS = st.floats(-12, 12)
BOARDS = st.lists(ODDS, max_size=8).map(
    lambda odds: [hypothesis(n, each) for n, each in enumerate(odds, 1)]
)
CHECKS = st.lists(
    st.builds(
        Check,
        tool=st.sampled_from(["cheap", "dear"]),
        arguments=st.fixed_dictionaries({"query": st.sampled_from("abc")}),
        tells=st.lists(st.sampled_from(["H1", "H2", "H3", "H9"]), max_size=3).map(tuple),
    ),
    max_size=12,
)


def cost(name: str) -> float:
    return {"cheap": 0.5, "dear": 5.0}.get(name, 1.0)


def ask(**arguments: object) -> str:
    return canonical(Check(tool="datadog_metrics", arguments=arguments), REGISTRY)


def test_checks_on_what_is_uncertain_come_before_those_on_what_is_settled() -> None:
    board = [hypothesis(1, 0.0), hypothesis(2, -6.0)]
    open_one = Check(tool="a", tells=("H1",))
    settled = Check(tool="b", tells=("H2",))
    assert chosen([settled, open_one], board, frozenset(), 1, lambda _: 1.0) == (open_one,)


def test_of_equal_checks_the_cheaper_comes_first() -> None:
    cheap, dear = Check(tool="cheap", tells=("H1",)), Check(tool="dear", tells=("H1",))
    assert chosen([dear, cheap], [hypothesis(1)], frozenset(), 2, cost) == (cheap, dear)


def test_a_check_that_tells_of_several_comes_before_one_that_tells_of_one_of_them() -> None:
    board = [hypothesis(1), hypothesis(2)]
    one, both = Check(tool="a", tells=("H1",)), Check(tool="b", tells=("H1", "H2"))
    assert chosen([one, both], board, frozenset(), 1, lambda _: 1.0) == (both,)


def test_what_several_hypotheses_want_is_asked_once_for_all_of_them() -> None:
    wanted = [Check(tool="a", tells=("H1",)), Check(tool="a", tells=("H2", "H1"))]
    (asked,) = chosen(wanted, [hypothesis(1), hypothesis(2)], frozenset(), 9, cost)
    assert asked.tells == ("H1", "H2")


def test_a_sure_leader_leaves_little_to_learn_of_its_rivals() -> None:
    even = probabilities([hypothesis(1), hypothesis(2)])
    sure = probabilities([hypothesis(1, 6.0), hypothesis(2)])
    rival = Check(tool="a", tells=("H2",))
    assert expected(rival, sure) < expected(rival, even) / 10


def test_whether_a_refinement_holds_stays_open_however_sure_what_it_explains() -> None:
    likely = probabilities([hypothesis(1, 6.0), hypothesis(2, 0.0, parent="H1")])
    assert likely["H2"] == 0.5


def test_a_fair_sign_at_even_odds_is_worth_what_the_channel_carries() -> None:
    wrong = 1 / (1 + math.exp(1.2))
    assert math.isclose(of_a_sign(0.5), 1.0 - entropy(wrong))


def test_spelling_out_a_default_is_no_other_question() -> None:
    assert ask(query="q") == ask(query="q", minutes=720) == ask(minutes=720.0, query="q")
    assert ask(query="q") != ask(query="q", minutes=60)


def test_the_default_spelt_out_is_not_asked_again() -> None:
    def key(check: Check) -> str:
        return canonical(check, REGISTRY)

    asked = Check(tool="datadog_metrics", arguments={"query": "q"})
    again = Check(tool="datadog_metrics", arguments={"query": "q", "minutes": 720.0})
    assert chosen([again], [hypothesis(1)], frozenset({key(asked)}), 9, cost, key) == ()


@given(BOARDS, CHECKS, st.integers(-1, 9))
def test_no_question_is_asked_twice_nor_more_than_is_affordable(
    board: list[Hypothesis], checks: list[Check], affordable: int
) -> None:
    asked = frozenset(c.key for c in checks[:2])
    found = chosen(checks, board, asked, affordable, cost)
    keys = [c.key for c in found]
    assert len(set(keys)) == len(keys) <= max(0, affordable)
    assert not asked & set(keys)


@given(BOARDS)
def test_rivals_and_none_of_these_share_one_probability(board: list[Hypothesis]) -> None:
    likely = probabilities(board)
    assert all(0.0 <= p <= 1.0 for p in likely.values())
    assert sum(likely.values()) <= 1.0 + 1e-9
    ranked = sorted((h for h in board if h.id in likely), key=lambda h: (h.log_odds, likely[h.id]))
    assert [likely[h.id] for h in ranked] == sorted(likely.values())


@given(BOARDS, st.lists(st.sampled_from(["H1", "H2", "H3", "H9"])))
def test_no_check_tells_more_than_is_unknown_and_none_less_than_nothing(
    board: list[Hypothesis], tells: list[str]
) -> None:
    likely = probabilities(board)
    known = {h for h in tells if h in likely}
    bits = expected(Check(tool="a", tells=tuple(tells)), likely)
    most = sum(entropy(likely[h]) for h in known) if tells else 1.0
    assert 0.0 <= bits <= most + 1e-9


@given(st.floats(0, 1))
def test_most_is_learnt_at_even_odds(probability: float) -> None:
    assert 0.0 <= of_a_sign(probability) <= of_a_sign(0.5) + 1e-12
