"""Verdicts: what speaks for and against a finding, and whose word counts most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.learning.grading import Afterwards, Graded, Repair, Word, observed, verdict_of
from agent.model import OutcomeStatus, Verdict

END = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FINDING = Graded(
    investigation=7,
    mode="cache_memory_pressure",
    entity="redis-reco",
    environment="production",
    confidence=0.97,
)


def minutes(count: float) -> datetime:
    return END + timedelta(minutes=count)


def after(**known: object) -> Afterwards:
    return Afterwards.model_validate({"ended_at": END, "looked_at": minutes(24 * 60)} | known)


APPLIED = {"change": "16Gi -> 24Gi", "applied_at": minutes(-20), "neighbours_seen": True}
MENDED = {**APPLIED, "outcome": OutcomeStatus.RECOVERED, "alert_recovered_at": minutes(-10)}


def graded(**known: object) -> Verdict:
    return verdict_of(FINDING, after(**known))


def word(right: bool, user: str = "U-ann") -> Word:
    return Word(user=user, right=right, at=END)


def test_of_nothing_seen_it_is_open_whatever_the_finding_said_of_itself() -> None:
    verdict = graded()
    assert (verdict.probability, verdict.observed, verdict.confidence) == (0.5, (), 0.97)


def test_a_change_after_which_all_recovered_and_held_makes_it_likely() -> None:
    verdict = graded(**MENDED, signals={"memory": True})
    assert verdict.probability > 0.93
    assert not verdict.disputed
    assert [o.source for o in verdict.observed] == ["alert", "change", "change", "neighbours"]


@pytest.mark.parametrize(
    ("known", "most"),
    [
        ({**APPLIED, "outcome": OutcomeStatus.UNCHANGED}, 0.25),
        ({**APPLIED, "outcome": OutcomeStatus.WORSE}, 0.2),
        ({**MENDED, "alert_recovered_at": minutes(-30)}, 0.35),
        ({**APPLIED, "outcome": OutcomeStatus.UNCHANGED, "taken_back": True}, 0.1),
        ({"rejected": ("U-ann",)}, 0.36),
    ],
    ids=["unchanged", "worse", "recovered before the change", "taken back", "rejected"],
)
def test_what_speaks_against_it(known: dict[str, object], most: float) -> None:
    assert graded(**known).probability < most


def test_an_alert_that_came_back_takes_away_what_the_recovery_gave() -> None:
    assert graded(**MENDED, alert_back_at=minutes(60)).probability < graded(**MENDED).probability
    assert graded(**MENDED, alert_back_at=minutes(60)).probability < 0.65


@pytest.mark.parametrize(("there", "right"), [(True, True), (False, False)])
def test_somebody_elses_change_tells_by_where_it_was(there: bool, right: bool) -> None:
    repair = Repair(what="image of redis-reco", at=minutes(10), at_the_cause=there)
    verdict = graded(repairs=(repair,), alert_recovered_at=minutes(20))
    assert (verdict.probability > 0.5) is right
    long_before = graded(repairs=(repair,), alert_recovered_at=minutes(90))
    assert long_before.observed == (), "a recovery long after it does not come from it"
    ours = graded(**MENDED, repairs=(Repair(what="x", at=minutes(-15), at_the_cause=False),))
    assert all(o.source != "engineer" for o in ours.observed), "our change explains it as well"


def test_neighbours_that_began_to_alert_speak_against_it() -> None:
    assert graded(**MENDED, neighbours=("checkout",)).probability < graded(**MENDED).probability


def test_an_incident_resolved_without_us_speaks_a_little_against_it() -> None:
    assert 0.4 < graded(incident_resolved_at=minutes(5)).probability < 0.5
    assert graded(**MENDED, incident_resolved_at=minutes(5)) == graded(**MENDED)


def test_a_persons_word_outranks_all_that_the_environment_shows_and_the_conflict_is_said() -> None:
    said_wrong = graded(**MENDED, signals={"memory": True}, words=(word(False),))
    assert said_wrong.probability < 0.2
    assert said_wrong.disputed
    said_right = graded(**APPLIED, outcome=OutcomeStatus.WORSE, words=(word(True),))
    assert said_right.probability > 0.8
    assert said_right.disputed
    agreed = graded(**MENDED, words=(word(True),))
    assert agreed.probability > 0.99
    assert not agreed.disputed


def test_people_who_disagree_leave_it_to_the_environment_and_it_is_disputed() -> None:
    verdict = graded(**MENDED, words=(word(True), word(False, "U-bob")))
    assert verdict.disputed
    assert verdict.probability == graded(**MENDED).probability


@given(st.lists(st.booleans(), min_size=1, max_size=5), st.sampled_from(list(OutcomeStatus)))
def test_many_who_agree_weigh_as_one(rights: list[bool], outcome: OutcomeStatus) -> None:
    words = tuple(word(right, f"U{n}") for n, right in enumerate(rights))
    verdict = graded(**APPLIED, outcome=outcome, words=words)
    if len(set(rights)) == 1:
        alone = graded(**APPLIED, outcome=outcome, words=words[:1])
        assert verdict.probability == alone.probability
        assert (verdict.probability > 0.5) is rights[0]
    else:
        assert verdict.disputed


@given(
    outcome=st.none() | st.sampled_from(list(OutcomeStatus)),
    applied=st.none() | st.integers(-60, 60),
    recovered=st.none() | st.integers(-60, 600),
    back=st.none() | st.integers(0, 600),
    taken_back=st.booleans(),
)
def test_the_environment_alone_never_makes_it_certain(
    outcome: OutcomeStatus | None,
    applied: int | None,
    recovered: int | None,
    back: int | None,
    taken_back: bool,
) -> None:
    known = after(
        change="c",
        outcome=outcome,
        applied_at=None if applied is None else minutes(applied),
        alert_recovered_at=None if recovered is None else minutes(recovered),
        alert_back_at=None if back is None else minutes(back),
        taken_back=taken_back,
        neighbours_seen=True,
    )
    assert 0.04 < verdict_of(FINDING, known).probability < 0.96
    sources = {o.source for o in observed(known)}
    assert sources <= {"alert", "metrics", "neighbours", "engineer", "incident", "change"}
