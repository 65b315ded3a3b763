"""What is known beforehand orders the looking: each part is named with its size, and all of it is bounded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.priors import (
    CHANGED,
    KNOWN_BEFORE,
    KNOWN_ELSEWHERE,
    MOST_IN_CONTEXT,
    NAMED,
    NEAR,
    OWN_AT_MOST,
    STARTED,
    heard,
    in_context,
    of_a_model,
)
from agent.model import Case, Check, Hypothesis, Json, Note, Pattern, Reading, Step
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.view import View
from tests.unit.agent.investigation.house import NOW, case_of, signal_on
from tests.unit.agent.investigation.test_causality import NAMES, RELATIONS, entity

POOL = "connection_pool_exhaustion"


def hypothesis(at: str, mode: str = POOL, prior: float = -2.0) -> Hypothesis:
    return Hypothesis(id="H1", mode=mode, statement=f"{at} is slow", entity=at, prior=prior)


def answered(tool: str, data: Json, number: int = 1) -> Step:
    reading = Reading(source="kubernetes", query="", observation="", data=data)
    return Step(number=number, round=0, check=Check(tool=tool), reading=reading, started_at=NOW)


def case(**more: object) -> Case:
    known = {"entities": tuple(map(entity, NAMES)), "relations": RELATIONS}
    signal = signal_on("checkout", "Checkout latency is high")
    return case_of(signal).model_copy(update={**known, **more})


def pattern(mode: str = POOL, at: str = "checkout", times: int = 1) -> Pattern:
    return Pattern(
        symptoms=("Checkout latency is high",),
        mode=mode,
        entity=at,
        times_seen=times,
        investigation=3,
        last_seen=NOW,
    )


def note(text: str, user: str = "UANN") -> Note:
    return Note(user=user, text=text, at=NOW)


def added(at: str, known: Case, mode: str = POOL) -> float:
    """What the context adds to a base rate."""
    return round(in_context(hypothesis(at, mode), View(known)).prior + 2.0, 4)


def test_without_context_it_is_the_base_rate_and_says_so() -> None:
    found = in_context(hypothesis("checkout"), View(case()))
    assert found.prior == found.log_odds == -2.0
    assert found.reasons == (f"base rate of {CATALOGUE[POOL].short} (-2.0)",)


def test_what_was_found_here_before_is_likelier_and_the_likelier_the_more_often() -> None:
    assert added("checkout", case(patterns=(pattern(),))) == KNOWN_BEFORE
    often = added("checkout", case(patterns=(pattern(times=9),)))
    assert KNOWN_BEFORE < often < MOST_IN_CONTEXT


def test_the_same_cause_elsewhere_says_little() -> None:
    assert added("checkout", case(patterns=(pattern(at="payments"),))) == KNOWN_ELSEWHERE


def test_the_nearer_is_the_likelier() -> None:
    here, near, far = (added(at, case()) for at in ("checkout", "catalog", "catalog-db"))
    assert here > near > far
    assert near == NEAR
    reasons = in_context(hypothesis("catalog-db"), View(case())).reasons
    assert "2 hops away in the graph (-0.8)" in reasons


def test_a_place_that_the_graph_does_not_know_is_neither_near_nor_far() -> None:
    assert added("brand-new-service", case()) == 0.0


@pytest.mark.parametrize(("minutes_ago", "counts"), [(30, True), (200, False), (-5, False)])
def test_a_rollout_shortly_before_the_symptom_counts(minutes_ago: float, counts: bool) -> None:
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    rollouts = [{"workload": "checkout", "at": at}, {"workload": "payments", "at": at}]
    known = case(steps=(answered("kubernetes_rollouts", {"rollouts": rollouts}),))
    assert added("checkout", known) == (CHANGED if counts else 0.0)
    assert added("catalog", known) == NEAR


def test_a_setting_counts_for_the_workload_that_uses_it() -> None:
    at = (NOW - timedelta(minutes=20)).isoformat()
    workload = {"kind": "Deployment", "name": "checkout", "config_maps": ["checkout-flags"]}
    asked = answered("kubernetes_workload", workload, 2)
    check = Check(tool="kubernetes_workload", arguments={"name": "checkout"})
    changes = [{"kind": "ConfigMap", "name": "checkout-flags", "at": at}]
    known = case(
        steps=(
            asked.model_copy(update={"check": check}),
            answered("kubernetes_changes", {"changes": changes}),
        )
    )
    assert added("checkout", known) == CHANGED


def test_a_job_counts_as_near_as_what_it_works_on_and_by_its_start() -> None:
    at = (NOW - timedelta(minutes=20)).isoformat()
    jobs = [{"name": "report", "targets": ["catalog"], "active": [{"started_at": at}]}]
    known = case(steps=(answered("kubernetes_jobs", {"cron_jobs": jobs}),))
    assert added("report", known, "noisy_neighbour_job") == round(NEAR + STARTED, 4)


def test_what_people_name_is_likelier_once_and_says_who_named_it() -> None:
    board = [hypothesis("catalog"), hypothesis("payments")]
    once = heard(board, [note("have you seen catalog?")])
    assert [round(h.prior, 4) for h in once] == [-2.0 + NAMED, -2.0]
    assert once[0].reasons == ("UANN named catalog (+0.6)",)
    assert heard(once, [note("have you seen catalog?"), note("catalog!", "UBEN")]) == once


def test_a_word_that_drops_a_suspicion_does_not_strengthen_it() -> None:
    board = [hypothesis("catalog")]
    assert heard(board, [note("it's not catalog")]) == tuple(board)


def test_nothing_that_is_known_beforehand_makes_passing_by_itself_likelier() -> None:
    at = (NOW - timedelta(minutes=30)).isoformat()
    rollouts = answered("kubernetes_rollouts", {"rollouts": [{"workload": "checkout", "at": at}]})
    known = case(steps=(rollouts,), notes=(note("checkout recovered by itself"),))
    assert added("checkout", known, "transient_recovered") == 0.0


@given(
    prior=st.floats(-30, 30),
    mode=st.sampled_from([*CATALOGUE, "other", "made_up"]),
    at=st.sampled_from([*NAMES, "unknown", ""]),
    times=st.integers(1, 50),
    said=st.text(max_size=40),
)
def test_no_model_makes_itself_sure_beforehand(
    prior: float, mode: str, at: str, times: int, said: str
) -> None:
    known = case(patterns=(pattern(mode, at, times),), notes=(note(f"{at} {said}"),))
    (found,) = of_a_model([hypothesis(at, mode, prior)], known)
    highest = max([OWN_AT_MOST, *(m.prior + 1.0 for m in CATALOGUE.values())])
    assert found.prior <= highest + MOST_IN_CONTEXT
    assert found.reasons
    own = list(of_a_model([found], known.model_copy(update={"hypotheses": (found,)})))
    assert own == [found]
