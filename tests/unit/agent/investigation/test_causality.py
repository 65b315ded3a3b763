"""A cause begins no later than its symptom, and something leads from it to the symptom."""

from __future__ import annotations

from datetime import timedelta

from agent.investigation.causality import causally_ordered, reason_against
from agent.model import Case, Check, Entity, Hypothesis, Reading, Relation, Step
from tests.unit.agent.investigation.house import NOW, case_of, signal_on


def entity(name: str) -> Entity:
    return Entity(name=name, kind="deployment", namespace="production")


def depends(source: str, target: str) -> Relation:
    return Relation(
        source=entity(source).key,
        target=entity(target).key,
        kind="depends_on",
        origin="kubernetes",
        first_seen=NOW,
        last_confirmed=NOW,
    )


NAMES = ("gateway", "checkout", "catalog", "catalog-db", "payments")
RELATIONS = (
    depends("gateway", "checkout"),
    depends("checkout", "catalog"),
    depends("catalog", "catalog-db"),
)


def changed(service: str, minutes_ago: float, number: int) -> Step:
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    series = [{"metric": "m", "last": 9.0, "baseline": 1.0, "change": {"at": at}}]
    query = f"avg:m{{service:{service},env:production}}"
    reading = Reading(source="datadog", query=query, observation="", data={"series": series})
    check = Check(tool="datadog_metrics", arguments={"query": query})
    return Step(number=number, round=1, check=check, reading=reading, started_at=NOW)


def case(*hypotheses: Hypothesis, steps: tuple[Step, ...] = ()) -> Case:
    return case_of(signal_on("checkout", "Checkout latency is high")).model_copy(
        update={
            "entities": tuple(map(entity, NAMES)),
            "relations": RELATIONS,
            "hypotheses": hypotheses,
            "steps": steps,
        }
    )


def blames(name: str, log_odds: float, number: int = 1) -> Hypothesis:
    return Hypothesis(
        id=f"H{number}", mode="other", statement=f"{name} is slow", entity=name, log_odds=log_odds
    )


def test_a_dependency_far_below_may_be_the_cause() -> None:
    slow = blames("catalog-db", 2.0)
    assert reason_against(slow, case(slow)) == ""


def test_a_caller_is_a_victim_and_cannot_rank_first() -> None:
    board = causally_ordered(case(blames("gateway", 4.0), blames("catalog", 1.0, 2)))
    assert max(board, key=lambda h: h.log_odds).entity == "catalog"


def test_an_unrelated_service_cannot_rank_first() -> None:
    unrelated = blames("payments", 4.0)
    assert "nothing leads from payments" in reason_against(unrelated, case(unrelated))


def test_trouble_that_began_after_the_symptom_is_not_its_cause() -> None:
    late = blames("catalog", 4.0)
    alert = NOW - timedelta(minutes=60)
    later = case(late, steps=(changed("catalog", 20, 1),))
    head = later.investigation
    signal = head.signal.model_copy(update={"occurred_at": alert})
    later = later.model_copy(update={"investigation": head.model_copy(update={"signal": signal})})
    assert "began at 02:40" in reason_against(late, later)


def test_trouble_that_began_before_is_no_obstacle() -> None:
    early = blames("catalog", 4.0)
    assert reason_against(early, case(early, steps=(changed("catalog", 30, 1),))) == ""


def test_what_the_graph_does_not_know_is_not_held_against_it() -> None:
    unknown = blames("brand-new-service", 2.0)
    assert reason_against(unknown, case(unknown)) == ""
