"""How far a change may go from what the plan found."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model import ChangeKind, Json
from agent.resolution.policy.bounds import Bounds, Measured, measure, repository_of
from agent.resolution.policy.quantities import bytes_in_words, quantity
from tests.unit.agent.resolution.policy.made import change, plan_of

GIB = 2**30
MEMORY = {"resources": {"memory": {"at_most_times": 2, "at_most": "64Gi", "at_least": "64Mi"}}}


def measured(
    bounds: Json, kind: ChangeKind, arguments: Json, now: Json | None, *more: Json
) -> Measured:
    wanted = change(kind, **arguments)
    plan = None if now is None else plan_of(wanted, now)
    return measure([Bounds.model_validate(b) for b in (bounds, *more)], wanted, plan)


@pytest.mark.parametrize(
    ("wanted", "now", "says"),
    [
        (2 * GIB, GIB, ""),
        (2 * GIB + 1, GIB, "more than 2 times 1Gi"),
        (65 * GIB, 40 * GIB, "above 64Gi"),
        (GIB // 32, GIB, "below 64Mi"),
        (None, GIB, "may not be taken away"),
        (GIB, None, ""),  # where there is no limit, one is no increase
        ("24Gi", GIB, "is no number"),
        (float("nan"), GIB, "is no number"),
        (float("inf"), GIB, "is no number"),
        (True, GIB, "is no number"),
        (GIB, "much", "is now is not known"),
    ],
)
def test_memory_stays_within_its_bounds(wanted: Any, now: Any, says: str) -> None:
    found = measured(MEMORY, ChangeKind.RESOURCES, {"memory_bytes": wanted}, {"memory_bytes": now})
    assert found.known
    assert bool(found.objections) is bool(says)
    assert says in "".join(found.objections)


def test_what_the_plan_does_not_tell_is_not_allowed() -> None:
    found = measured(MEMORY, ChangeKind.RESOURCES, {"memory_bytes": GIB}, {})
    assert found.objections == ("what the memory limit is now is not known",)


def test_before_the_dry_run_only_what_needs_no_comparison_is_measured() -> None:
    found = measured(MEMORY, ChangeKind.RESOURCES, {"memory_bytes": 3 * GIB}, None)
    assert found == Measured((), known=False)
    found = measured(MEMORY, ChangeKind.RESOURCES, {"memory_bytes": 65 * GIB}, None)
    assert found.objections


@pytest.mark.parametrize("name", ["replicas", "minimum", "maximum"])
@pytest.mark.parametrize("bounds", [{}, {"replicas": {"at_most": 9}, "hpa_bounds": {"at_most": 9}}])
def test_no_policy_lets_anything_go_to_none(name: str, bounds: Json) -> None:
    kind = ChangeKind.REPLICAS if name == "replicas" else ChangeKind.HPA_BOUNDS
    for number in (0, -1, 0.5):
        assert "outage" in measured(bounds, kind, {name: number}, {name: 3}).objections[0]
    assert not measured(bounds, kind, {name: 1}, {name: 3}).objections


def test_of_two_bounds_both_hold() -> None:
    tight = {"replicas": {"at_most_times": 2}}
    wide = {"replicas": {"at_most_times": 9, "at_most": 7}}
    for number, allowed in ((6, True), (7, False), (8, False)):
        found = measured(wide, ChangeKind.REPLICAS, {"replicas": number}, {"replicas": 3}, tight)
        assert (not found.objections) is allowed


@pytest.mark.parametrize(
    ("image", "allowed"),
    [
        ("registry:5000/shop/auth:2", True),
        ("registry:5000/shop/auth@sha256:abc", True),
        ("registry:5000/shop/auth", True),
        ("registry:5000/shop/auth-evil:2", False),
        ("registry/shop/auth:2", False),
        ("auth:2", False),
        ("", False),
    ],
)
def test_an_image_stays_in_its_repository(image: str, allowed: bool) -> None:
    now = {"image": "registry:5000/shop/auth:1"}
    found = measured({"image": {}}, ChangeKind.IMAGE, {"image": image}, now)
    assert (not found.objections) is allowed
    assert measured({"image": {}}, ChangeKind.IMAGE, {"image": image}, {}).objections


def test_a_repository_keeps_its_port() -> None:
    assert repository_of("registry:5000/auth") == "registry:5000/auth"
    assert repository_of("auth:1@sha256:x") == "auth"


@pytest.mark.parametrize(
    ("key", "allowed"),
    [("LOG_LEVEL", True), ("log_format", True), ("LOG_SECRET", False), ("URL", False), ("", False)],
)
def test_only_keys_that_are_allowed_and_not_denied_are_changed(key: str, allowed: bool) -> None:
    bounds = {"config_value": {"allow": "LOG_*", "deny": ["*secret*"]}}
    found = measured(bounds, ChangeKind.CONFIG_VALUE, {"key": key, "value": "x"}, {"key": key})
    assert (not found.objections) is allowed


@pytest.mark.parametrize(
    ("text", "number"), [("64Gi", 64 * GIB), ("500m", 0.5), ("3", 3), ("1.5k", 1500), (7, 7)]
)
def test_amounts_are_written_as_kubernetes_writes_them(text: Any, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "many", "-1", "1 Gi", "1e9", "Gi", True, "9" * 40])
def test_what_is_no_amount_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        quantity(text)


def test_bytes_are_said_as_people_say_them() -> None:
    assert [bytes_in_words(b) for b in (24 * GIB, 1.5 * GIB, GIB / 2, 12)] == [
        "24Gi",
        "1.5Gi",
        "512Mi",
        "12",
    ]
