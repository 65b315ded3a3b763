"""Autoscalers that act: desired = ceil(current * measured / target), within their bounds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.autoscalers import reconcile_autoscaler
from sandbox.kubernetes.controllers.cluster import Cluster
from sandbox.kubernetes.controllers.rescaling import Rescaler
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import seeded_store, simple

REQUESTED_CORES = 0.1


class Scaled:
    """The Deployment web of three pods, with an autoscaler of 2 to 4 that aims at 50 %."""

    def __init__(self) -> None:
        self.store: ObjectStore = seeded_store()
        self.now: datetime = self.store.now()
        spec = {
            "minReplicas": 2,
            "maxReplicas": 4,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 50},
                    },
                }
            ],
        }
        made = {
            **simple("HorizontalPodAutoscaler", "web", spec=spec),
            "apiVersion": "autoscaling/v2",
        }
        self.store.load(made, self.now - timedelta(days=1))
        self.rescaler = Rescaler(self.now)
        self.percent = 50.0

    def bound(self, **fields: int) -> None:
        self.now += timedelta(seconds=1)
        hpa = clone(self.hpa)
        hpa["spec"] |= fields
        self.store.update(hpa, self.now)

    def after(self, seconds: float) -> int:
        """The replicas after one more pass of the controller."""
        self.now += timedelta(seconds=seconds)
        cores = REQUESTED_CORES * self.percent / 100
        reconcile_autoscaler(
            Cluster(self.store, self.now), self.hpa, lambda _: cores, self.rescaler
        )
        return self.replicas

    @property
    def hpa(self) -> dict[str, Any]:
        found = self.store.get("HorizontalPodAutoscaler", "production", "web")
        assert found is not None
        return found

    @property
    def replicas(self) -> int:
        found = self.store.get("Deployment", "production", "web")
        assert found is not None
        return int(found["spec"]["replicas"])


@pytest.fixture
def scaled() -> Scaled:
    return Scaled()


def test_one_that_nobody_touches_leaves_what_its_history_says(scaled: Scaled) -> None:
    scaled.percent = 400.0
    assert [scaled.after(15) for _ in range(3)] == [3, 3, 3]


def test_a_raised_maximum_lets_it_follow_what_it_measures(scaled: Scaled) -> None:
    scaled.percent = 100.0
    scaled.bound(maxReplicas=8)
    assert scaled.after(15) == 6
    told = [e for e in scaled.store.current("Event") if e["reason"] == "SuccessfulRescale"]
    assert told[0]["message"].startswith("New size: 6; reason: cpu resource utilization")
    scaled.percent = 50.0
    assert scaled.after(15) == 6


def test_it_stops_at_its_maximum_and_says_so(scaled: Scaled) -> None:
    scaled.percent = 300.0
    scaled.bound(maxReplicas=5)
    assert scaled.after(15) == 5
    scaled.after(15)
    limited = next(c for c in scaled.hpa["status"]["conditions"] if c["type"] == "ScalingLimited")
    assert (limited["status"], limited["reason"]) == ("True", "TooManyReplicas")


def test_a_step_up_is_at_most_double_or_four_pods(scaled: Scaled) -> None:
    scaled.percent = 5000.0
    scaled.bound(maxReplicas=100)
    assert [scaled.after(15), scaled.after(15), scaled.after(15)] == [7, 14, 28]


def test_it_goes_down_only_after_five_quiet_minutes(scaled: Scaled) -> None:
    scaled.percent = 100.0
    scaled.bound(maxReplicas=8)
    assert scaled.after(15) == 6
    scaled.percent = 10.0
    assert scaled.after(60) == 6
    assert scaled.after(299) == 2


@pytest.mark.parametrize(
    ("bounds", "expected"), [({"minReplicas": 4}, 4), ({"minReplicas": 1, "maxReplicas": 2}, 2)]
)
def test_replicas_outside_of_the_bounds_are_brought_within(
    scaled: Scaled, bounds: dict[str, int], expected: int
) -> None:
    scaled.bound(**bounds)
    assert scaled.after(15) == expected


def test_a_workload_scaled_to_none_is_left_alone(scaled: Scaled) -> None:
    web = clone(scaled.store.get("Deployment", "production", "web") or {})
    web["spec"]["replicas"] = 0
    scaled.store.update(web, scaled.now)
    assert scaled.after(15) == 0
