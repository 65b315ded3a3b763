"""What an investigation's look-ups say of the graph."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.knowledge.confirming import learned_from
from agent.model import (
    Budget,
    Case,
    Check,
    Decision,
    Entity,
    Investigation,
    Json,
    Reading,
    Relation,
    Signal,
    SignalKind,
    Step,
    Triage,
)

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def service(name: str, namespace: str = "production") -> Entity:
    return Entity(name=name, namespace=namespace, environment=namespace)


def relation(source: str, target: str, origin: str = "datadog") -> Relation:
    return Relation(
        source=service(source).key,
        target=service(target).key,
        kind="depends_on",
        origin=origin,
        first_seen=NOW,
        last_confirmed=NOW,
    )


def calls(number: int, name: str, *targets: str) -> Step:
    data: Json = {"calls": list(targets), "called_by": []}
    return Step(
        number=number,
        round=1,
        check=Check(tool="datadog_dependencies", arguments={"service": name}),
        reading=Reading(source="datadog", query=f"dependencies of {name}", observation="", data=data),
        started_at=NOW,
    )  # fmt: skip


def case(
    *steps: Step, relations: tuple[Relation, ...] = (), names: str = "cart redis auth"
) -> Case:
    signal = Signal(
        key="k", kind=SignalKind.ALERT, source="datadog", title="t", service="cart",
        namespace="production", environment="production", occurred_at=NOW,
    )  # fmt: skip
    triage = Triage(decision=Decision.INVESTIGATE, reason="")
    return Case(
        investigation=Investigation(
            id=7, signal=signal, triage=triage, budget=Budget(), started_at=NOW
        ),
        now=NOW,
        entities=tuple(service(n) for n in names.split()),
        relations=relations,
        steps=steps,
    )


def test_a_relation_that_was_seen_again_is_confirmed() -> None:
    learned = learned_from(case(calls(1, "cart", "redis"), relations=(relation("cart", "redis"),)))
    assert learned.confirmed == (
        ("production/service/cart", "production/service/redis", "depends_on"),
    )
    assert not learned.weakened
    assert not learned.added


def test_a_relation_that_its_own_source_no_longer_shows_is_weakened() -> None:
    known = (relation("cart", "redis"), relation("cart", "auth", origin="inferred"))
    learned = learned_from(case(calls(1, "cart"), relations=known))
    assert [target for _, target, _ in learned.weakened] == ["production/service/redis"]


def test_a_new_relation_is_added_with_the_step_that_showed_it() -> None:
    (added,) = learned_from(case(calls(3, "cart", "auth"))).added
    assert (added.source, added.target) == ("production/service/cart", "production/service/auth")
    assert added.origin == "investigation"
    assert added.evidence == "investigation 7, step 3: dependencies of cart"
    assert added.confidence < 1


def test_a_name_that_the_graph_does_not_know_adds_nothing() -> None:
    assert learned_from(case(calls(1, "cart", "mallory"))) == ((), (), ())


def test_what_was_not_asked_about_is_left_as_it_is() -> None:
    learned = learned_from(case(calls(1, "auth"), relations=(relation("cart", "redis"),)))
    assert learned == ((), (), ())
