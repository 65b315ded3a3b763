"""Who would feel a change, from the graph as the case knows it."""

from __future__ import annotations

import pytest

from agent.model import Case, Check, Entity, Json, Reading, Relation, Step
from agent.resolution.blast import blast_radius_of
from tests.unit.agent.investigation.house import NOW, case_of, signal_on


def relation(source: str, kind: str, target: str) -> Relation:
    return Relation(
        source=source,
        target=target,
        kind=kind,
        origin="kubernetes",
        first_seen=NOW,
        last_confirmed=NOW,
    )


RELATIONS = (
    relation("production/service/frontend", "calls", "production/deployment/search"),
    relation("production/service/shop", "calls", "production/service/frontend"),
    relation("production/deployment/search", "configured_by", "production/configmap/search-config"),
    relation(
        "production/horizontalpodautoscaler/search-scaler", "scales", "production/deployment/search"
    ),
    relation("production/deployment/search", "on_node", "-/node/n1"),
)


def case_with(*steps: Step, relations: tuple[Relation, ...] = RELATIONS) -> Case:
    return case_of(signal_on("search", "slow")).model_copy(
        update={"relations": relations, "steps": steps}
    )


def target(kind: str, name: str, namespace: str = "production") -> Entity:
    return Entity(name=name, kind=kind, namespace=namespace)


def test_the_nearest_dependants_come_first() -> None:
    assert blast_radius_of(target("deployment", "search"), case_with()) == ("frontend", "shop")


@pytest.mark.parametrize(
    "of",
    [
        target("configmap", "search-config"),
        target("hpa", "search-scaler"),
        target("node", "n1", ""),
    ],
)
def test_what_nothing_calls_is_felt_by_the_workloads_on_it_and_then_by_theirs(of: Entity) -> None:
    assert blast_radius_of(of, case_with()) == ("search", "frontend", "shop")


def test_a_pod_is_felt_by_the_workload_that_a_look_up_showed_it_under() -> None:
    data: Json = {
        "name": "search",
        "kind": "Deployment",
        "pods": [{"name": "search-1", "node": "n1"}],
    }
    step = Step(
        number=1,
        round=0,
        check=Check(tool="kubernetes_workload", arguments={}),
        reading=Reading(source="kubernetes", query="q", observation="", data=data),
        started_at=NOW,
    )
    assert blast_radius_of(target("pod", "search-1"), case_with(step))[:2] == ("search", "frontend")


def test_what_nothing_is_known_of_has_none() -> None:
    assert blast_radius_of(target("deployment", "other"), case_with()) == ()
