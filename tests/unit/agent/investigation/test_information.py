"""What a check is worth: information on what is live, per second, shared by all that it tells of."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.information import (
    Key,
    by_arguments,
    canonical,
    entropy,
    of_a_sign,
    probabilities,
    valued,
    worthwhile,
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


def chosen(
    checks: list[Check],
    board: list[Hypothesis],
    asked: frozenset[str],
    affordable: int,
    key: Key = by_arguments,
) -> tuple[Check, ...]:
    return worthwhile(valued(checks, board, asked, cost, key), affordable)


def ask(**arguments: object) -> str:
    return canonical(Check(tool="datadog_metrics", arguments=arguments), REGISTRY)


def test_checks_on_what_is_uncertain_come_before_those_on_what_is_settled() -> None:
    board = [hypothesis(1, 0.0), hypothesis(2, -6.0)]
    open_one = Check(tool="a", tells=("H1",))
    settled = Check(tool="b", tells=("H2",))
    assert chosen([settled, open_one], board, frozenset(), 1) == (open_one,)


def test_of_equal_checks_the_cheaper_comes_first() -> None:
    cheap, dear = Check(tool="cheap", tells=("H1",)), Check(tool="dear", tells=("H1",))
    assert chosen([dear, cheap], [hypothesis(1)], frozenset(), 2) == (cheap, dear)


def test_a_check_that_tells_of_several_comes_before_one_that_tells_of_one_of_them() -> None:
    board = [hypothesis(1), hypothesis(2)]
    one, both = Check(tool="a", tells=("H1",)), Check(tool="b", tells=("H1", "H2"))
    assert chosen([one, both], board, frozenset(), 1) == (both,)


def test_what_several_hypotheses_want_is_asked_once_for_all_of_them() -> None:
    wanted = [Check(tool="a", tells=("H1",)), Check(tool="a", tells=("H2", "H1"))]
    (asked,) = chosen(wanted, [hypothesis(1), hypothesis(2)], frozenset(), 9)
    assert asked.tells == ("H1", "H2")


def test_a_sure_leader_leaves_little_to_learn_of_its_rivals() -> None:
    def bits(leader: float) -> float:
        board = [hypothesis(1, leader), hypothesis(2)]
        rival = Check(tool="cheap", tells=("H2",))
        return valued([rival], board, frozenset(), cost)[0].bits

    assert bits(6.0) < bits(0.0) / 10


def test_whether_a_refinement_holds_stays_open_however_sure_what_it_explains() -> None:
    likely = probabilities([hypothesis(1, 6.0), hypothesis(2, 0.0, parent="H1")])
    assert likely["H2"] == 0.5


def test_those_that_explain_the_same_share_among_themselves() -> None:
    board = [hypothesis(1, 6.0), hypothesis(2, 4.0, "H1"), hypothesis(3, 0.0, "H1")]
    assert probabilities(board)["H3"] < 0.02


def test_a_further_check_on_the_same_tells_less_and_waits_when_it_tells_little() -> None:
    many = [Check(tool="cheap", arguments={"n": n}, tells=("H1",)) for n in range(12)]
    bits = [v.bits for v in valued(many, [hypothesis(1)], frozenset(), cost)]
    assert bits == sorted(bits, reverse=True)
    assert 0 < len(chosen(many, [hypothesis(1)], frozenset(), 12)) < 12


def test_a_check_on_something_else_comes_before_a_further_one_on_the_same() -> None:
    first, again = (Check(tool="cheap", arguments={"n": n}, tells=("H1",)) for n in range(2))
    other = Check(tool="cheap", tells=("H2",))
    board = [hypothesis(1), hypothesis(2)]
    assert chosen([first, again, other], board, frozenset(), 9) == (first, other, again)


def test_what_a_hypothesis_names_last_is_no_reason_to_ask_it_first() -> None:
    own = [Check(tool="cheap", arguments={"n": n}, tells=("H1",)) for n in range(4)]
    both = [own[3], own[3].model_copy(update={"tells": ("H2",)})]
    board = [hypothesis(1), hypothesis(2, -4.0)]
    assert chosen([*own[:3], *both], board, frozenset(), 9)[:3] == tuple(own[:3])


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
    assert chosen([again], [hypothesis(1)], frozenset({key(asked)}), 9, key) == ()


@given(BOARDS, CHECKS, st.integers(-1, 9))
def test_no_question_is_asked_twice_nor_more_than_is_affordable(
    board: list[Hypothesis], checks: list[Check], affordable: int
) -> None:
    asked = frozenset(c.key for c in checks[:2])
    found = chosen(checks, board, asked, affordable)
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


@given(BOARDS, CHECKS)
def test_every_question_is_valued_once_and_none_is_worth_less_than_nothing(
    board: list[Hypothesis], checks: list[Check]
) -> None:
    found = valued(checks, board, frozenset(), cost)
    assert {v.check.key for v in found} == {c.key for c in checks}
    assert len(found) == len({c.key for c in checks})
    assert all(v.bits >= 0.0 for v in found)


@given(BOARDS, st.lists(st.sampled_from(["H1", "H2", "H3", "H9"]), min_size=1))
def test_no_check_tells_more_than_is_unknown(board: list[Hypothesis], tells: list[str]) -> None:
    likely = probabilities(board)
    (found,) = valued([Check(tool="cheap", tells=tuple(tells))], board, frozenset(), cost)
    assert found.bits <= sum(entropy(likely[h]) for h in set(tells) if h in likely) + 1e-9


@given(st.floats(0, 1))
def test_most_is_learnt_at_even_odds(probability: float) -> None:
    assert 0.0 <= of_a_sign(probability) <= of_a_sign(0.5) + 1e-12
