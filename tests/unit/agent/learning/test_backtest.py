"""What would make closed investigations come out worse is found before it goes live."""

from __future__ import annotations

import pytest

from agent.learning.backtest import Closed, compared, recalled_among
from agent.learning.patterns import pattern_of
from agent.model import Case, Pattern
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import House, signal_on

LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")


@pytest.fixture
async def case() -> Case:
    return (await House(login_story(), LOGIN).investigate()).case


def taught(case: Case, **changes: object) -> Pattern:
    pattern = pattern_of(case)
    assert pattern is not None
    return pattern.model_copy(update={"id": 1, "investigation": 99, **changes})


def close_run(case: Case, rival: str) -> Case:
    """The same, where another hypothesis came close to what was found."""
    assert case.finding is not None
    found = case.finding.mode
    near = {found: 1.2, rival: 0.9}
    board = tuple(
        h.model_copy(update={"log_odds": near.get(h.mode, -3.0), "parent": ""})
        for h in case.hypotheses
    )
    return case.model_copy(update={"hypotheses": board})


def rival_of(case: Case) -> tuple[str, str]:
    assert case.finding is not None
    other = next(
        h for h in case.ranked() if h.mode != case.finding.mode and h.entity and not h.parent
    )
    return other.mode, other.entity


async def test_what_is_already_known_changes_nothing(case: Case) -> None:
    pattern = taught(case)
    report = compared([Closed(case=case)], [pattern], [pattern], {1: {99}})
    assert (len(report.before), report.is_worse) == (1, False)
    assert report.before == report.after


async def test_a_pattern_that_turns_a_right_finding_is_worse(case: Case) -> None:
    mode, entity = rival_of(case)
    close = close_run(case, mode)
    false = taught(case, id=2, mode=mode, entity=entity, times_seen=9, probes=())
    report = compared([Closed(case=close)], [], [false], {2: {98}})
    assert [r.right for r in report.before] == [True]
    assert report.is_worse
    assert report.lost[0].investigation == case.investigation.id
    assert f"would come out as {report.lost[0].mode}" in report.sentence


async def test_a_finding_that_was_wrong_is_right_when_it_comes_out_otherwise(case: Case) -> None:
    mode, entity = rival_of(case)
    close = close_run(case, mode)
    true = taught(case, id=2, mode=mode, entity=entity, times_seen=9, probes=())
    report = compared([Closed(case=close, was_wrong=True)], [], [true], {2: {98}})
    assert [r.right for r in report.before] == [False]
    assert [r.right for r in report.after] == [True]
    assert not report.is_worse


async def test_an_investigation_does_not_recall_what_it_taught_itself(case: Case) -> None:
    mode, entity = rival_of(case)
    close = close_run(case, mode)
    own = taught(case, id=2, mode=mode, entity=entity, times_seen=9, probes=())
    report = compared([Closed(case=close)], [], [own], {2: {case.investigation.id}})
    assert not report.is_worse


async def test_the_same_service_and_symptoms_are_recalled_first(case: Case) -> None:
    here = taught(case)
    other = taught(case, id=2, entity="kafka", alerted="kafka", features=("alert:disk",))
    assert [p.id for p in recalled_among([other, here], case)] == [1]
