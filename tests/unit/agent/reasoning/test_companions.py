"""A second cause is told only where it is as sure as the first and cannot be a victim of it."""

from __future__ import annotations

import pytest

from agent.model import Case, Evidence, Hypothesis
from agent.reasoning.companions import companions
from agent.reasoning.modes.view import View
from tests.unit.agent.reasoning.modes.cases import NOW, Asked, case

CALLS: tuple[Asked, ...] = (
    ("datadog_dependencies", {"service": "shop"}, {"calls": ["pay", "order"], "called_by": []}),
    ("datadog_dependencies", {"service": "order"}, {"calls": ["db"], "called_by": ["shop"]}),
)


def hypothesis(number: int, mode: str, entity: str, log_odds: float = 4.0) -> Hypothesis:
    return Hypothesis(id=f"H{number}", mode=mode, statement=mode, entity=entity, log_odds=log_odds)


LEADER = hypothesis(1, "bad_rollout", "order")


def board(*others: Hypothesis, answers: int = 3) -> Case:
    evidence = tuple(
        Evidence(number=n, step=n, statement=f"{h.id} {n}", weights={h.id: 2.0}, read_at=NOW)
        for h in others
        for n in range(1, answers + 1)
    )
    known = {"hypotheses": (LEADER, *others), "evidence": evidence}
    return case("shop", *CALLS).model_copy(update=known)


def beside(on: Case) -> list[str]:
    return [h.entity for h in companions(on, (LEADER,), View(on))]


def test_something_else_that_is_broken_is_a_second_cause() -> None:
    assert beside(board(hypothesis(2, "bad_config_change", "pay"))) == ["pay"]


@pytest.mark.parametrize(
    ("other", "answers"),
    [
        (hypothesis(2, "bad_config_change", "pay", log_odds=2.0), 3),
        (hypothesis(2, "bad_config_change", "pay"), 2),
        (hypothesis(2, "bad_config_change", "order"), 3),
        (hypothesis(2, "slow_query", "db"), 3),
        (hypothesis(2, "connection_pool_exhaustion", "shop"), 3),
        (hypothesis(2, "dependency_latency", "pay"), 3),
    ],
    ids=["unsure", "thin", "the same thing", "connected", "what alerted", "a symptom"],
)
def test_what_is_unsure_connected_or_only_felt_is_not(other: Hypothesis, answers: int) -> None:
    assert beside(board(other, answers=answers)) == []


def test_of_several_at_one_thing_the_surest_is_told() -> None:
    two = (
        hypothesis(2, "bad_config_change", "pay", 3.0),
        hypothesis(3, "bad_feature_flag", "pay", 5.0),
    )
    on = board(*two)
    assert [h.mode for h in companions(on, (LEADER,), View(on))] == ["bad_feature_flag"]
