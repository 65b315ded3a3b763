"""What autoscalers, images, pods and nodes may be changed to, and on whose word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Refused
from agent.model import Change, ChangeKind, Entity
from agent.resolution.taint import refuse_tainted
from tests.unit.agent.resolution.test_taint import step

REGISTRY = "registry.example/catalog"
WORKLOAD = step(
    1,
    "kubernetes_workload",
    {
        "kind": "Deployment",
        "name": "catalog",
        "namespace": "production",
        "containers": [{"name": "catalog", "image": f"{REGISTRY}:4.13.0-rc"}],
        "pods": [
            {"name": "catalog-1", "node": "n1", "images": [f"{REGISTRY}:4.12.2"]},
            {"name": "catalog-2", "node": "n1", "message": f"pull {REGISTRY}:6.6.6"},
        ],
        "autoscaler": {"name": "catalog-scaler", "min": 3, "max": 9, "current": 9},
    },
)
ROLLOUTS = step(
    2,
    "kubernetes_rollouts",
    {
        "rollouts": [
            {"workload": "catalog", "images": [f"{REGISTRY}:4.12.1"], "change_cause": "6.6.6"},
            {"workload": "cart", "images": ["registry.example/cart:1.0"]},
        ]
    },
)
NODES = step(3, "kubernetes_nodes", {"nodes": [{"name": "n1", "ready": True}]}, namespace="")
LOGS = step(
    4, "kubernetes_logs", {"templates": [{"name": "catalog", "image": f"{REGISTRY}:6.6.6"}]}
)
SCALERS = step(
    5,
    "kubernetes_autoscaling",
    {"autoscalers": [{"name": "other", "workload": "other", "min": 1, "max": 100}]},
)
STEPS = (WORKLOAD, ROLLOUTS, NODES, LOGS, SCALERS)


def image(value: object, provenance: str = "step:1") -> Change:
    return Change(
        kind=ChangeKind.IMAGE,
        target=Entity(name="catalog", kind="deployment", namespace="production"),
        arguments={"container": "catalog", "image": value},
        provenance={"target": "step:1", "container": "step:1", "image": provenance},
    )


def bounds(provenance: str = "computed:step:1", **arguments: int) -> Change:
    return Change(
        kind=ChangeKind.HPA_BOUNDS,
        target=Entity(name="catalog-scaler", kind="hpa", namespace="production"),
        arguments=arguments,
        provenance={"target": "step:1", **dict.fromkeys(arguments, provenance)},
    )


def plain(kind: ChangeKind, target: Entity, provenance: str) -> Change:
    return Change(kind=kind, target=target, provenance={"target": provenance})


class TestImages:
    @pytest.mark.parametrize(
        ("tag", "provenance"), [("4.12.2", "step:1"), ("4.12.1", "step:2"), ("4.12.1", "step:4")]
    )
    def test_a_whole_reference_that_its_pods_or_its_history_show_passes(
        self, tag: str, provenance: str
    ) -> None:
        refuse_tainted(image(f"{REGISTRY}:{tag}", provenance), STEPS)

    @pytest.mark.parametrize(
        "value",
        [
            f"{REGISTRY}:6.6.6",
            f"{REGISTRY}:4.12",
            "evil.example/catalog:4.12.2",
            f"{REGISTRY}:4.12.2@sha256:0",
            "4.12.2",
            "registry.example/cart:1.0",
            "",
        ],
    )
    @pytest.mark.parametrize("provenance", ["step:1", "step:2", "step:4", "computed:step:1"])
    def test_any_other_is_refused(self, value: str, provenance: str) -> None:
        with pytest.raises(Refused, match="image"):
            refuse_tainted(image(value, provenance), STEPS)

    def test_one_without_a_container_is_refused(self) -> None:
        wanted = image(f"{REGISTRY}:4.12.2")
        bare = wanted.model_copy(update={"arguments": {"image": f"{REGISTRY}:4.12.2"}})
        with pytest.raises(Refused, match="lacks container"):
            refuse_tainted(bare, STEPS)


class TestBounds:
    @pytest.mark.parametrize("maximum", [9, 10, 18])
    def test_up_to_twice_its_own_maximum_passes(self, maximum: int) -> None:
        refuse_tainted(bounds(maximum=maximum), STEPS)

    @given(st.integers(19, 10**6))
    def test_more_than_twice_is_refused(self, maximum: int) -> None:
        with pytest.raises(Refused, match="maximum"):
            refuse_tainted(bounds(maximum=maximum), STEPS)

    def test_the_bounds_of_another_autoscaler_do_not_count(self) -> None:
        with pytest.raises(Refused, match="maximum"):
            refuse_tainted(bounds("computed:step:5", maximum=100), STEPS)

    def test_a_maximum_is_no_minimum(self) -> None:
        refuse_tainted(bounds(minimum=6), STEPS)
        with pytest.raises(Refused, match="minimum"):
            refuse_tainted(bounds(minimum=9), STEPS)

    def test_neither_is_no_change(self) -> None:
        with pytest.raises(Refused, match="lacks maximum or minimum"):
            refuse_tainted(bounds(), STEPS)


class TestTargets:
    def test_a_pod_and_a_node_that_the_cluster_shows_pass(self) -> None:
        pod = Entity(name="catalog-2", kind="pod", namespace="production")
        refuse_tainted(plain(ChangeKind.DELETE_POD, pod, "step:1"), STEPS)
        for kind in (ChangeKind.CORDON, ChangeKind.UNCORDON):
            refuse_tainted(plain(kind, Entity(name="n1", kind="node"), "step:3"), STEPS)

    @pytest.mark.parametrize(
        ("kind", "target"),
        [
            (ChangeKind.DELETE_POD, Entity(name="n1", kind="node")),
            (ChangeKind.DELETE_POD, Entity(name="payments-1", kind="pod", namespace="production")),
            (ChangeKind.DELETE_POD, Entity(name="catalog-2", kind="pod", namespace="staging")),
            (ChangeKind.DELETE_POD, Entity(name="catalog", kind="pod", namespace="production")),
            (ChangeKind.CORDON, Entity(name="catalog-1", kind="pod", namespace="production")),
            (ChangeKind.CORDON, Entity(name="n2", kind="node")),
            (ChangeKind.UNCORDON, Entity(name="catalog", kind="node")),
        ],
    )
    @pytest.mark.parametrize("source", ["step:1", "step:3", "step:4"])
    def test_a_target_of_another_kind_or_that_no_trusted_object_shows_is_refused(
        self, kind: ChangeKind, target: Entity, source: str
    ) -> None:
        with pytest.raises(Refused):
            refuse_tainted(plain(kind, target, source), STEPS)
