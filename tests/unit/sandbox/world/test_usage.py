"""Usage, requests and limits of every workload are reported alike, so that they can be compared."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from sandbox.world.manifests.common import inventory
from tests.unit.sandbox.world.stage import Stage

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """To be read only."""
    return Stage("quiet-week")


def per_pod(stage: Stage, metric: str, service: str) -> np.ndarray:
    """A day of one workload's pods where it serves customers, one row a pod."""
    tags = {"service": service, "env": "platform" if service == "coredns" else "production"}
    start = stage.now - DAY
    series = stage.world.series(metric, tags, ("pod_name",), start, stage.now, 900)
    return np.array([[value for _, value in points] for _, points in series])


@pytest.mark.parametrize("service", sorted(inventory()["workloads"]))
@pytest.mark.parametrize(
    ("resource", "usage", "scale"),
    [("memory", "kubernetes.memory.usage", 1.0), ("cpu", "kubernetes.cpu.usage.total", 1e-9)],
)
def test_usage_stays_below_the_limit(
    stage: Stage, service: str, resource: str, usage: str, scale: float
) -> None:
    used = per_pod(stage, usage, service) * scale
    limits = per_pod(stage, f"kubernetes.{resource}.limits", service)
    requests = per_pod(stage, f"kubernetes.{resource}.requests", service)
    median, high = np.quantile(used, [0.5, 0.95])
    assert used.shape[0] == limits.shape[0] == requests.shape[0] > 0
    assert 0 < median <= high < limits.min()
    assert requests.max() <= limits.min()
