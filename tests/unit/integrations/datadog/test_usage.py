"""Use against limits, from metrics' answers."""

from __future__ import annotations

from agent.model import Json
from integrations.datadog.graph.usage import usage_of


def answer(values: list[float], namespace: str = "production", service: str = "cart") -> Json:
    points = [[n * 60_000, v] for n, v in enumerate(values)]
    tags = [f"kube_namespace:{namespace}", f"service:{service}"]
    return {"series": [{"metric": "m", "tag_set": tags, "pointlist": points}]}


def test_quantiles_and_the_share_of_the_limit() -> None:
    values = [float(n) for n in range(101)]
    usage = usage_of({"memory_bytes": answer(values), "memory_limit": answer([100.0, 200.0])})
    assert usage == {
        ("production", "cart"): {
            "memory_bytes": {"p50": 50.0, "p95": 95.0, "limit": 200.0, "p95_of_limit": 0.475}
        }
    }


def test_cpu_is_in_cores() -> None:
    usage = usage_of({"cpu_cores": answer([2e9]), "cpu_request": answer([1.5])})
    assert usage[("production", "cart")]["cpu_cores"] == {"p50": 2.0, "p95": 2.0, "request": 1.5}


def test_a_limit_of_zero_is_none() -> None:
    usage = usage_of({"memory_bytes": answer([5.0]), "memory_limit": answer([0.0])})
    assert "limit" not in usage[("production", "cart")]["memory_bytes"]


def test_what_has_no_service_is_left_out() -> None:
    assert usage_of({"memory_bytes": answer([5.0], service="N/A")}) == {}
