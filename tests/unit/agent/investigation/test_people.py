"""People in a running investigation, and one that is taken up again after its end."""

from __future__ import annotations

import pytest

from agent.investigation.loop import Investigator
from agent.investigation.taking import DROPPED, taken, wished_checks
from agent.model import Budget, Case, Ending, Hypothesis, InvestigationStatus, Note
from agent.ports import Directive, Received, Wish
from agent.tools import Registry
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import (
    NOW,
    House,
    Journal,
    Letters,
    case_of,
    signal_on,
)

LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")
ANN = Note(user="UANN", text="we moved sessions to redis-reco last month", at=NOW)


def wish(what: Wish, subject: str = "") -> Received:
    return Received(directives=(Directive(wish=what, subject=subject, user="UANN", at=NOW),))


def looked_at(house: House) -> set[str]:
    steps = house.store.steps.values()
    return {str(s.check.arguments.get("name")) for s in steps}


async def ended(house: House) -> House:
    """The house after an investigation in it, as the store would keep it."""
    found = await house.investigate()
    case = found.case
    house.store.case = case
    house.journal = Journal()
    return house


async def again(house: House, *letters: Received, reopened: tuple[Note, ...] = ()) -> Case:
    run: Investigator = house.investigator
    return (await run.run(7, house.journal, Letters(*letters), reopened)).case


async def test_what_a_person_wants_looked_at_is_looked_at() -> None:
    house = House(login_story(), LOGIN)
    assert "redis-reco" not in looked_at(await ended(House(login_story(), LOGIN)))
    await house.investigate(wish(Wish.LOOK_AT, "redis-reco"))
    assert "redis-reco" in looked_at(house)


async def test_a_wish_that_comes_right_before_the_end_leads_to_another_round() -> None:
    plain = House(login_story(), LOGIN)
    looks = (await plain.investigate()).case.round
    house = House(login_story(), LOGIN)
    letters = [Received()] * looks + [wish(Wish.LOOK_AT, "redis-reco")]
    case = (await house.investigate(*letters)).case
    assert "redis-reco" in looked_at(house)
    assert case.round > looks


async def test_it_is_taken_up_with_all_that_it_knew_and_concludes_anew() -> None:
    house = await ended(House(login_story(), LOGIN))
    before = house.store.case
    case = await again(house, reopened=(ANN,))
    assert ANN in case.notes
    assert case.steps[: len(before.steps)] == before.steps
    assert case.round > before.round
    assert {h.id for h in before.hypotheses} <= {h.id for h in case.hypotheses}
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND
    keys = [s.check.key for s in case.steps]
    assert len(keys) == len(set(keys))


async def test_a_wish_alone_takes_up_what_has_ended() -> None:
    house = await ended(House(login_story(), LOGIN))
    before = len(house.store.steps)
    await again(house, wish(Wish.LOOK_AT, "redis-reco"))
    assert len(house.store.steps) > before
    assert "redis-reco" in looked_at(house)


async def test_a_spent_budget_is_replenished_when_it_is_taken_up() -> None:
    house = await ended(House(login_story(), LOGIN, budget=Budget(tool_calls=12)))
    assert house.store.finding is not None
    assert house.store.finding.ending is Ending.BUDGET_USED
    case = await again(house, reopened=(ANN,))
    assert case.investigation.budget.tool_calls == 24
    assert 12 < case.investigation.spent.tool_calls <= 24
    assert case.investigation.spent.seconds >= house.store.case.investigation.spent.seconds


async def test_the_same_results_give_the_same_case_when_it_is_taken_up() -> None:
    house = await ended(House(login_story(), LOGIN))
    first = await again(house, reopened=(ANN,))
    house.journal = house.journal.restarted()
    assert await again(house, reopened=(ANN,)) == first


async def test_a_dropped_suspicion_is_less_likely_with_the_person_named_and_no_certainty() -> None:
    board = (
        Hypothesis(id="H1", mode="bad_rollout", statement="a bad rollout", entity="auth"),
        Hypothesis(id="H2", mode="other", statement="the pool is full", entity="auth-db"),
    )
    case = case_of(LOGIN).model_copy(update={"hypotheses": board})
    for subject in ("H2", "auth-db", "pool"):
        dropped = taken(case, wish(Wish.NOT_IT, subject), Budget()).hypotheses
        assert dropped[0].log_odds == 0.0
        assert dropped[1].log_odds == DROPPED
        assert "UANN" in dropped[1].reasons[0]
    twice = taken(taken(case, wish(Wish.NOT_IT, "H2"), Budget()), wish(Wish.NOT_IT, "H2"), Budget())
    assert twice.hypotheses[1].prior == DROPPED


@pytest.mark.parametrize("subject", ["deep", "10m", "", "as much as it takes"])
async def test_a_wish_for_depth_raises_the_budget_whatever_its_words(subject: str) -> None:
    case = case_of(LOGIN)
    more = taken(case, wish(Wish.DEEPER, subject), case.investigation.budget).investigation.budget
    assert more.seconds == 2 * case.investigation.budget.seconds


async def test_a_stop_while_it_is_taken_up_ends_it() -> None:
    house = await ended(House(login_story(), LOGIN))
    before = len(house.store.steps)
    case = await again(house, Received(stop=True), reopened=(ANN,))
    assert len(house.store.steps) == before
    assert case.investigation.status is InvestigationStatus.STOPPED


def wished(text: str) -> list[str]:
    case = case_of(LOGIN)
    registry = Registry([login_story()])
    received = Received(notes=(Note(user="UANN", text=text, at=NOW),))
    return [str(c.arguments.get("name")) for c in wished_checks(case, received, registry)]


@pytest.mark.parametrize(
    ("said", "looked_up"),
    [
        ("did anybody look at ledger-sync?", ["ledger-sync"]),
        ("it is `vault`, I bet", ["vault"]),
        ("we moved to Postgres yesterday", []),
        ("see https://wiki.example/on-call/auth-pool", []),
        ("auth is slow since noon", []),
        ("a-1, b-2, c-3, d-4, e-5", ["a-1", "b-2", "c-3"]),
    ],
)
def test_a_name_that_nobody_knows_is_looked_up(said: str, looked_up: list[str]) -> None:
    assert wished(said) == looked_up


async def test_what_failed_goes_on_with_what_it_knew() -> None:
    """A run ended by a failure has no finding; the button that takes it up again brings no words."""
    house = await ended(House(login_story(), LOGIN))
    before = house.store.case
    failed = {"finding": None, "evidence": (), "hypotheses": ()}
    house.store.case = before.model_copy(update=failed)
    case = await again(house, wish(Wish.GO_ON))
    assert case.steps[: len(before.steps)] == before.steps
    assert {e.step for e in case.evidence} & {s.number for s in before.steps}
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND


async def test_evidence_says_what_was_asked_of_which_span() -> None:
    case = (await House(login_story(), LOGIN).investigate()).case
    readings = {s.number: s.reading for s in case.steps if s.reading is not None}
    assert case.evidence
    for piece in case.evidence:
        reading = readings[piece.step]
        assert (piece.query, piece.window) == (reading.query, reading.window)


async def test_a_bound_names_what_to_try_next() -> None:
    case = (await House(login_story(), LOGIN, budget=Budget(tool_calls=9)).investigate()).case
    assert case.finding is not None
    tries = [s for s in case.finding.next_steps if s.startswith("Try next: ")]
    asked = {s.check.key for s in case.steps}
    assert 1 <= len(tries) <= 3
    assert not asked & set(tries)
