"""Faults: how long and how strongly they act, whatever is done to the cluster."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sandbox.world.faults.activity import activity
from sandbox.world.faults.conditions import Condition
from sandbox.world.faults.shapes import SHAPES

LAG_S = 20.0


def stepped(changes: list[tuple[float, bool]], until: int) -> tuple[float, float]:
    """The same by small steps: seconds active, and the lag's level."""
    step = 0.05
    seconds, level = 0.0, 0.0 if changes[0][1] else 1.0
    for number in range(round(until / step)):
        moment = number * step
        is_mended = [mended for when, mended in changes if when <= moment][-1]
        seconds += 0.0 if is_mended else step
        target = 0.0 if is_mended else 1.0
        level = target + (level - target) * math.exp(-step / LAG_S)
    return seconds, level


@given(
    gaps=st.lists(st.integers(1, 60), max_size=4),
    first=st.booleans(),
    until=st.integers(1, 200),
)
def test_integrating_over_change_points_equals_stepping(
    gaps: list[int], first: bool, until: int
) -> None:
    moments = np.cumsum([0, *gaps]).tolist()
    changes = [(float(m), first ^ bool(n % 2)) for n, m in enumerate(moments)]
    found = activity(changes, LAG_S, np.array([float(until)]))
    seconds, level = stepped(changes, until)
    assert found.active_s[0] == pytest.approx(seconds, abs=0.2)
    assert found.strength[0] == pytest.approx(level, abs=0.01)


def test_nothing_happens_before_the_onset() -> None:
    found = activity([(100.0, False)], LAG_S, np.array([99.9, 100.0, 160.0]))
    assert found.strength.tolist() == [0.0, 1.0, 1.0]
    assert found.active_s.tolist() == [0.0, 0.0, 60.0]


def test_shapes() -> None:
    seconds = np.array([0.0, 300.0, 600.0, 3600.0])
    assert SHAPES["step"](seconds, 600).tolist() == [0, 1, 1, 1]
    assert SHAPES["ramp"](seconds, 600).tolist() == [0, 0.5, 1, 1]
    assert SHAPES["hourly"](seconds, 600)[-1] == 1
    assert SHAPES["bump"](seconds, 600).tolist() == [0, 1, 0, 0]


def deployment(**container: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "c", **container}]}}
    return {"kind": "Deployment", "spec": {"replicas": 3, "template": template}}


LIMITED = deployment(resources={"limits": {"memory": "2Gi", "cpu": "500m"}})
CONFIG = {"kind": "ConfigMap", "data": {"SIZE": "40", "maxmemory": "24gb"}}


@pytest.mark.parametrize(
    ("condition", "state", "holds"),
    [
        ({"is": "suspended"}, {"spec": {"suspend": True}}, True),
        ({"is": "suspended"}, {"spec": {"suspend": False}}, False),
        ({"is": "suspended"}, None, True),
        ({"is": "gone"}, None, True),
        ({"is": "gone"}, {}, False),
        ({"is": "replicas_at_least", "value": 3}, LIMITED, True),
        ({"is": "replicas_at_least", "value": 4}, LIMITED, False),
        ({"is": "replicas_at_least", "value": 1}, None, False),
        ({"is": "limit_at_least", "value": 2**31}, LIMITED, True),
        ({"is": "limit_at_least", "value": 2**31 + 1}, LIMITED, False),
        ({"is": "limit_at_least", "resource": "cpu", "value": 0.5}, LIMITED, True),
        ({"is": "limit_at_least", "value": 1}, deployment(), True),
        ({"is": "image_is_not", "value": "1.4"}, deployment(image="shop/cart:1.4"), False),
        ({"is": "image_is_not", "value": "1.4"}, deployment(image="shop/cart:1.3"), True),
        ({"is": "setting_at_least", "key": "SIZE", "value": 40}, CONFIG, True),
        ({"is": "setting_at_least", "key": "SIZE", "value": 41}, CONFIG, False),
        ({"is": "setting_at_least", "key": "OTHER", "value": 1}, CONFIG, False),
        ({"is": "setting_at_least", "key": "maxmemory", "value": 24e9}, CONFIG, True),
        (
            {"is": "setting_at_least", "key": "SIZE", "value": 9},
            deployment(env=[{"name": "SIZE", "value": "9"}]),
            True,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], state: Any, holds: bool) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Condition)
    parsed = adapter.validate_python(condition | {"kind": "X", "name": "x"})
    assert parsed.holds(state) is holds
