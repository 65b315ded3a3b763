"""Three deep: what is felt, how it comes about, and what is behind it; each found at its own place."""

from __future__ import annotations

from agent.investigation.nesting import depth, nested
from agent.investigation.quiet import HARMLESS
from agent.model import Case, Claim, Evidence, Finding, Hypothesis
from agent.reasoning.conclusion import conclude
from agent.reasoning.modes.catalogue import CATALOGUE, suspects
from agent.reasoning.modes.descending import looked_at
from agent.reasoning.modes.load import DEPENDENCY
from agent.reasoning.modes.view import View
from tests.unit.agent.investigation.house import NOW, case_of, signal_on
from tests.unit.agent.investigation.test_causality import depends, entity

POOL, SLOW, JOB = "connection_pool_exhaustion", "slow_query", "noisy_neighbour_job"
SLOW_DEPENDENCY = DEPENDENCY.id


def at(number: int, mode: str, place: str, log_odds: float, parent: str = "") -> Hypothesis:
    declared = CATALOGUE[mode]
    return Hypothesis(
        id=f"H{number}",
        mode=mode,
        statement=declared.statement.format(name=place),
        entity=place,
        entity_kind="cronjob" if mode == JOB else "deployment",
        namespace="production",
        parent=parent,
        log_odds=log_odds,
    )


def supported(hypothesis: Hypothesis, number: int, weight: float = 2.0) -> Evidence:
    return Evidence(
        number=number,
        step=number,
        statement=f"sign {number} of {hypothesis.entity}",
        weights={hypothesis.id: weight},
        read_at=NOW,
    )


def case(*board: Hypothesis, decisive: str = "") -> Case:
    report = entity("auth-report").model_copy(update={"kind": "cronjob"})
    evidence = tuple(
        supported(h, n, 3.0 if h.id == decisive else 2.0) for n, h in enumerate(board, 1)
    )
    known = {
        "entities": (entity("auth"), entity("auth-db"), report),
        "relations": (depends("auth", "auth-db"), depends("auth-report", "auth-db")),
        "evidence": evidence,
    }
    told = case_of(signal_on("auth", "auth is slow")).model_copy(update=known)
    return told.model_copy(update={"hypotheses": nested(board, told)})


THREE = (
    at(1, POOL, "auth", 4.0),
    at(2, SLOW, "auth-db", 3.0),
    at(3, JOB, "auth-report", 2.0),
)


def parents(found: Case) -> dict[str, str]:
    return {h.id: h.parent for h in found.hypotheses}


def finding(found: Case) -> Finding:
    return conclude(found).finding


def test_each_stands_below_the_finest_that_it_explains() -> None:
    assert parents(case(*THREE)) == {"H1": "", "H2": "H1", "H3": "H2"}


def test_it_does_not_matter_in_which_order_they_came_up() -> None:
    assert parents(case(*reversed(THREE))) == {"H1": "", "H2": "H1", "H3": "H2"}


def test_what_is_not_likely_explains_nothing_and_is_passed_over() -> None:
    unlikely = THREE[1].model_copy(update={"log_odds": -3.0})
    assert parents(case(THREE[0], unlikely, THREE[2]))["H3"] == "H1"


def test_no_mode_is_finer_than_itself_whatever_the_catalogue_declares() -> None:
    for mode in CATALOGUE.values():
        for coarser in mode.refines & CATALOGUE.keys():
            assert depth(mode.id) >= depth(coarser)
    assert depth(POOL) < depth(SLOW) < depth(JOB)


def test_the_headline_goes_from_what_is_felt_to_the_root() -> None:
    assert finding(case(*THREE)).headline == (
        "The connection pool of auth is exhausted: slow queries in auth-db,"
        " because auth-report competes for the same resources"
    )


def test_the_chain_goes_from_the_root_to_what_is_felt() -> None:
    told: tuple[Claim, ...] = finding(case(*THREE)).chain
    assert [c.citations for c in told] == [(3,), (2,), (1,)]


def test_the_deepest_that_is_settled_is_named_as_the_cause() -> None:
    found = finding(case(*THREE))
    assert (found.mode, found.entity) == (JOB, "auth-report")
    assert found.confidence == min(h.confidence for h in THREE)
    doubtful = THREE[2].model_copy(update={"log_odds": 0.5})
    assert finding(case(*THREE[:2], doubtful)).entity == "auth-db"


def test_a_resource_at_its_limit_stays_the_cause_whoever_takes_it() -> None:
    found = finding(case(*THREE, decisive="H1"))
    assert (found.mode, found.entity) == (POOL, "auth")
    assert "because auth-report" in found.headline


def test_something_else_is_the_cause_even_then_where_a_sign_decides_it() -> None:
    pool, slow = THREE[:2]
    told = case(pool, slow, decisive="H1")
    shown = supported(slow, 3, 3.0)
    assert finding(told).mode == POOL
    told = told.model_copy(update={"evidence": (*told.evidence, shown)})
    assert (finding(told).mode, finding(told).entity) == (SLOW, "auth-db")


def test_what_an_entity_does_to_itself_is_followed_even_then() -> None:
    crash, killed = at(1, "crash_loop", "auth", 4.0), at(2, "oom_kill", "auth", 3.0)
    found = finding(case(crash, killed, decisive="H1"))
    assert found.mode == "oom_kill"
    assert found.headline == "auth crashes again and again: auth was killed for lack of memory"


def depending(board: tuple[Hypothesis, ...]) -> Case:
    """auth calls tokens, which keeps its data in tokens-db."""
    places = tuple(map(entity, ("auth", "tokens", "tokens-db", "tokens-disk", "far-away")))
    ways = (
        depends("auth", "tokens"),
        depends("tokens", "tokens-db"),
        depends("tokens-db", "tokens-disk"),
        depends("tokens-disk", "far-away"),
    )
    told = case_of(signal_on("auth", "auth is slow"))
    return told.model_copy(update={"entities": places, "relations": ways, "hypotheses": board})


def below(*board: Hypothesis) -> list[str]:
    return [t.name for t in looked_at(View(depending(board)))]


ILL = at(1, SLOW_DEPENDENCY, "tokens", 1.0).model_copy(update={"prior": -2.0})
ILL_TOO = at(2, SLOW_DEPENDENCY, "tokens-db", 1.0).model_copy(update={"prior": -2.0})


def test_it_looks_below_a_dependency_only_when_that_shows_trouble() -> None:
    assert below() == ["tokens"]
    assert below(ILL.model_copy(update={"log_odds": -2.0})) == ["tokens"]
    assert below(ILL) == ["tokens", "tokens-db"]
    assert below(ILL, ILL_TOO) == ["tokens", "tokens-db", "tokens-disk"]


def test_it_ends_at_a_distance() -> None:
    third = at(3, SLOW_DEPENDENCY, "tokens-disk", 1.0).model_copy(update={"prior": -2.0})
    assert "far-away" not in below(ILL, ILL_TOO, third)


def test_anything_may_be_wrong_at_a_dependency_in_trouble() -> None:
    def modes(*board: Hypothesis) -> set[str]:
        return {m.id for m, t in suspects(View(depending(board))) if t.name == "tokens"}

    assert "crash_loop" not in modes()
    assert "crash_loop" in modes(ILL)
    assert not modes(ILL) & HARMLESS


def test_what_is_wrong_at_a_dependency_is_behind_its_being_slow() -> None:
    rollout = at(3, "bad_rollout", "tokens-db", 1.0)
    board = nested((ILL, ILL_TOO, rollout), depending(()))
    assert [h.parent for h in board] == ["", "H1", "H2"]
