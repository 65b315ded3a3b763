"""The board: evidence adds up, repeats do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.hypotheses import (
    gathered,
    leading,
    merged,
    movements,
    weighed,
)
from agent.model import Evidence, Hypothesis, HypothesisStatus
from tests.unit.agent.investigation.house import NOW


def hypothesis(number: int, log_odds: float = 0.0, parent: str = "") -> Hypothesis:
    return Hypothesis(
        id=f"H{number}",
        mode=f"mode_{number}",
        statement=f"cause {number}",
        entity="auth",
        parent=parent,
        prior=log_odds,
        log_odds=log_odds,
    )


def evidence(step: int, weight: float, statement: str = "seen", who: str = "H1") -> Evidence:
    return Evidence(number=1, step=step, statement=statement, weights={who: weight}, read_at=NOW)


def test_evidence_of_different_answers_adds_up() -> None:
    found, _ = gathered((), [evidence(1, 1.0, "a"), evidence(2, 1.0, "b")])
    assert weighed([hypothesis(1)], found)[0].log_odds == 2.0


def test_further_signs_of_the_same_answer_count_half() -> None:
    found, _ = gathered((), [evidence(1, 1.0, "a"), evidence(1, 1.0, "b")])
    assert weighed([hypothesis(1)], found)[0].log_odds == 1.5


def test_saying_the_same_again_changes_nothing() -> None:
    known, _ = gathered((), [evidence(1, 1.0)])
    again, changed = gathered(known, [evidence(1, 3.0)])
    assert again == known
    assert changed == ()


def test_the_same_statement_may_weigh_on_another_hypothesis() -> None:
    known, _ = gathered((), [evidence(1, 1.0)])
    both, changed = gathered(known, [evidence(1, -2.0, who="H2")])
    assert [e.number for e in both] == [1]
    assert changed[0].weights == {"H1": 1.0, "H2": -2.0}


def test_no_single_piece_decides_alone() -> None:
    found, _ = gathered((), [evidence(1, 50.0)])
    assert weighed([hypothesis(1)], found)[0].log_odds == 4.0


def test_far_below_even_odds_it_is_ruled_out() -> None:
    found, _ = gathered((), [evidence(1, -3.5)])
    assert weighed([hypothesis(1)], found)[0].status is HypothesisStatus.RULED_OUT


def test_a_refinement_stands_behind_the_parent_that_it_explains() -> None:
    board = [hypothesis(1, 1.0), hypothesis(2, 3.0, parent="H1")]
    top = leading(board)
    assert top is not None
    assert top.id == "H1"
    alone = leading([hypothesis(1, -1.0), hypothesis(2, 3.0, parent="H1")])
    assert alone is not None
    assert alone.id == "H2"


def test_the_same_cause_at_the_same_entity_is_not_new() -> None:
    again = hypothesis(1).model_copy(update={"id": "H9"})
    assert merged([hypothesis(1)], [again]) == (hypothesis(1),)


def test_only_what_moved_is_told() -> None:
    before = (hypothesis(1), hypothesis(2), hypothesis(3))
    found, _ = gathered((), [evidence(1, 2.0), evidence(2, -4.0, who="H2")])
    told = {m.hypothesis.id: m.kind for m in movements(before, weighed(before, found))}
    assert told == {"H1": "strengthened", "H2": "ruled out"}


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(-5, 5), st.sampled_from("abc"))))
def test_the_board_does_not_depend_on_how_often_it_is_computed(
    raw: list[tuple[int, float, str]],
) -> None:
    pieces = [evidence(s, w, t) for s, w, t in raw]
    once, _ = gathered((), pieces)
    twice, _ = gathered(once, pieces)
    assert weighed([hypothesis(1)], once) == weighed(weighed([hypothesis(1)], once), twice)
