"""It stops when nothing that is left could change the finding, and says so with the numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.hypotheses import gathered, leading, weighed
from agent.investigation.stopping import (
    FIRST_ANSWER,
    FURTHER_ANSWER,
    family_of,
    mattering,
    outlook,
    why_no_further,
)
from agent.model import Check, Evidence, Hypothesis
from tests.unit.agent.investigation.house import NOW
from tests.unit.agent.investigation.test_hypotheses import hypothesis


def tells(*ids: str, tool: str = "a") -> Check:
    return Check(tool=tool, tells=ids)


def test_a_rival_within_reach_of_the_leader_is_looked_at() -> None:
    board, check = [hypothesis(1, 3.0), hypothesis(2, 1.0)], tells("H2")
    assert mattering(board, [check]) == (check,)
    assert not outlook(board, [check]).is_decided


def test_a_rival_out_of_reach_is_not_and_the_sentence_says_how_far() -> None:
    board = [hypothesis(1, 5.0), hypothesis(2, -2.0)]
    assert mattering(board, [tells("H2")]) == ()
    assert outlook(board, [tells("H2")]).is_decided
    why = why_no_further(board, [tells("H2")])
    assert why == (
        'The check left could not put another cause first: the closest, "cause 2", is 7.0 log-odds behind, and they'
        " could move it by 3.0 at most."
    )


def test_several_checks_reach_further_than_one() -> None:
    board = [hypothesis(1, 5.0), hypothesis(2, 1.0)]
    two = [tells("H2"), tells("H2", tool="b")]
    assert mattering(board, two[:1]) == ()
    assert mattering(board, two) == tuple(two)


def test_what_could_make_or_break_the_claim_of_the_leader_matters() -> None:
    assert mattering([hypothesis(1, 1.0)], [tells("H1")])
    assert not mattering([hypothesis(1, 6.0)], [tells("H1")])


def test_what_could_settle_a_refinement_matters_however_sure_the_leader() -> None:
    board = [hypothesis(1, 9.0), hypothesis(2, 1.0, "H1"), hypothesis(3, 0.0, "H2")]
    assert mattering(board, [tells("H3")]) == (tells("H3"),)
    assert family_of(board[0], board) == {"H1", "H2", "H3"}


def test_those_that_explain_the_same_are_rivals_of_each_other() -> None:
    settled, other = hypothesis(2, 6.0, "H1"), hypothesis(3, 1.0, "H1")
    board = [hypothesis(1, 9.0), settled, other]
    assert mattering(board, [tells("H3")]) == ()
    open_one = settled.model_copy(update={"log_odds": 2.0})
    assert mattering([board[0], open_one, other], [tells("H3")]) == (tells("H3"),)


def test_a_sure_leader_ends_what_would_tell_next_to_nothing() -> None:
    board = [hypothesis(1, 4.5), hypothesis(2, 1.0)]
    left = [tells("H2"), tells("H2", tool="b")]
    assert mattering(board, left)
    assert outlook(board, left).is_decided
    assert "none of the 2 checks left is expected to tell more than 0.0" in why_no_further(
        board, left
    )


def test_with_nothing_likely_everything_matters() -> None:
    board = [hypothesis(1, -2.0), hypothesis(2, -2.0)]
    assert mattering(board, [tells("H1"), tells("H2")])
    assert mattering([], [tells()])


def test_with_nothing_left_it_says_whether_one_stands_out() -> None:
    assert "stands out" in why_no_further([hypothesis(1, 4.0), hypothesis(2, -2.0)], [])
    assert why_no_further([hypothesis(1, 0.0)], []).startswith("Nothing else")
    assert why_no_further([], []).startswith("Nothing else")


ODDS = st.integers(-40, 40).map(lambda quarters: quarters / 4)
WEIGHTS = st.floats(-1.0, 1.0)


@given(
    odds=st.lists(ODDS, min_size=2, max_size=6),
    told=st.lists(st.sets(st.integers(1, 6), min_size=1, max_size=3), max_size=6),
    data=st.data(),
)
def test_answers_within_the_bounds_never_change_the_leader_once_it_stopped_for_that(
    odds: list[float], told: list[set[int]], data: st.DataObject
) -> None:
    """The promise itself: play any answers that the bounds allow, the first decisive, the others fair."""
    board = [hypothesis(n, each) for n, each in enumerate(odds, 1)]
    left = [tells(*(f"H{n}" for n in ids), tool=f"t{place}") for place, ids in enumerate(told)]
    before = leading(board)
    if mattering(board, left):
        return
    after = leading(_played(board, left, data))
    assert before is not None
    assert after is not None
    assert before.id == after.id


def _played(
    board: list[Hypothesis], left: list[Check], data: st.DataObject
) -> tuple[Hypothesis, ...]:
    pieces, heard = [], set()
    for number, check in enumerate(left, 1):
        for told in check.tells:
            most = FURTHER_ANSWER if told in heard else FIRST_ANSWER
            heard.add(told)
            weight = most * data.draw(WEIGHTS)
            statement = f"{number} {told}"
            pieces.append(
                Evidence(
                    number=1, step=number, statement=statement, weights={told: weight}, read_at=NOW
                )
            )
    return weighed(board, gathered((), pieces)[0])
