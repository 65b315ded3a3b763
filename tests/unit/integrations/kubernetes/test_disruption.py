"""Whether a change would break a disruption budget: what it takes away at its worst moment."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import Refused
from agent.model import Change, ChangeKind, Entity, Json
from integrations.kubernetes.disruption import falls_of, refuse_breaking
from tests.unit.integrations.kubernetes.manifests import workload


def change(kind: str, **arguments: Any) -> Change:
    target = Entity(name="web", kind="deployment", namespace="production")
    return Change(kind=ChangeKind(kind), target=target, arguments=arguments)


def ready(item: Json, number: int) -> Json:
    return {**item, "status": {"readyReplicas": number}}


def budget(healthy: int, desired: int, **spec: Any) -> Json:
    return {
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": {"currentHealthy": healthy, "desiredHealthy": desired},
    }


def breaks(wanted: Change, item: Json, held: Json, target: Json | None = None) -> bool:
    try:
        refuse_breaking(falls_of(wanted, target or item, item, ()), [held])
    except Refused:
        return True
    return False


def rolling(surge: Any, unavailable: Any) -> Json:
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
    }


@pytest.mark.parametrize(
    ("strategy", "desired", "broken"),
    [
        (rolling(1, 0), 4, False),
        (rolling(0, 1), 4, True),
        (rolling(0, 1), 3, False),
        (rolling("25%", "25%"), 4, True),
        (rolling("25%", "25%"), 3, False),
        (rolling("25%", "50%"), 3, True),
        ({"type": "Recreate"}, 1, True),
    ],
)
def test_a_rollout_goes_as_far_down_as_its_strategy_lets_it(
    strategy: Json, desired: int, broken: bool
) -> None:
    item = ready(workload(replicas=4, strategy=strategy), 4)
    assert breaks(change("restart"), item, budget(4, desired)) is broken


def test_a_stateful_set_loses_one_at_a_time_and_one_on_delete_none() -> None:
    item = ready(workload("StatefulSet", replicas=3), 3)
    assert breaks(change("image", image="web:0"), item, budget(3, 3))
    assert not breaks(change("image", image="web:0"), item, budget(3, 2))
    held = ready(workload("StatefulSet", replicas=3, updateStrategy={"type": "OnDelete"}), 3)
    assert not breaks(change("restart"), held, budget(3, 3))


def test_what_is_broken_already_does_not_forbid_its_mending() -> None:
    item = ready(workload(replicas=4, strategy=rolling(0, 1)), 0)
    assert not breaks(change("rollback", revision=1), item, budget(0, 3))
    half = ready(workload(replicas=4, strategy=rolling(0, 1)), 2)
    assert not breaks(change("rollback", revision=1), half, budget(2, 3))


@pytest.mark.parametrize(
    ("spec", "wanted", "broken"),
    [
        ({"minAvailable": 3}, 3, False),
        ({"minAvailable": 3}, 2, True),
        ({"minAvailable": "50%"}, 2, False),
        ({"maxUnavailable": 1}, 2, False),
        ({"minAvailable": 3}, 9, False),
    ],
)
def test_a_scaling_is_held_to_what_the_budget_needs_of_the_new_number(
    spec: Json, wanted: int, broken: bool
) -> None:
    item = ready(workload(replicas=4), 4)
    held = budget(4, 3, **spec)
    assert breaks(change("replicas", replicas=wanted), item, held) is broken


@pytest.mark.parametrize(
    ("bounds", "broken"),
    [
        ({"maximum": 8}, False),
        ({"maximum": 2}, True),
        ({"minimum": 2}, True),
        ({"minimum": 4}, False),
    ],
)
def test_lower_bounds_are_held_to_it_and_higher_ones_never(bounds: Json, broken: bool) -> None:
    item = ready(workload(replicas=4), 4)
    scaler = {"spec": {"minReplicas": 3, "maxReplicas": 6}}
    held = budget(4, 3, minAvailable=3)
    assert breaks(change("hpa_bounds", **bounds), item, held, scaler) is broken


def test_a_budget_of_something_else_does_not_count() -> None:
    other = budget(1, 1)
    other["spec"]["selector"] = {"matchLabels": {"app": "cart"}}
    item = ready(workload(replicas=1, strategy={"type": "Recreate"}), 1)
    assert not breaks(change("restart"), item, other)


def test_the_refusal_names_the_budget_and_its_numbers() -> None:
    item = ready(workload(replicas=1, strategy={"type": "Recreate"}), 1)
    with pytest.raises(
        Refused, match="budget web, which needs 1 healthy pods: web would go down to 0"
    ):
        refuse_breaking(falls_of(change("restart"), item, item, ()), [budget(1, 1)])
