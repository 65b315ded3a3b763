"""A service that takes connections and never gives them back, since a rollout or without one."""

from __future__ import annotations

from datetime import timedelta

from agent.model import ChangeKind
from tests.unit.agent.investigation.company import DECOY_ROLLOUT, Company, flat, monitor, step
from tests.unit.agent.investigation.house import NOW, House, signal_on
from tests.unit.agent.reasoning.test_modes import slow_checkout

SINCE = NOW - timedelta(minutes=35)
CHECKOUT = signal_on("checkout", "Checkout errors", fingerprint="1014")


def full_pool(rolled_out_minutes_before: float | None, *, complains: bool) -> Company:
    """Checkout's pool has run full and its requests fail; its database is as fast as ever."""
    c = slow_checkout()
    query = "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:production} > 4"
    c.monitors = [monitor(1014, "Checkout errors", query)]
    c.metrics[("trace.http.request.errors", "checkout")] = step(
        0.1, 9.0, SINCE + timedelta(minutes=5)
    )
    c.metrics[("trace.http.request.duration", "checkout")] = flat(0.32)
    c.metrics[("hikaricp.connections.active", "checkout")] = step(11, 39, SINCE)
    c.metrics[("hikaricp.connections.max", "checkout")] = lambda at: 40.0
    if rolled_out_minutes_before is not None:
        at = (SINCE - timedelta(minutes=rolled_out_minutes_before)).isoformat()
        c.rollouts = [{**DECOY_ROLLOUT, "workload": "checkout", "revision": 31, "at": at}]
    if complains:
        example = "HikariPool-1 - Connection leak detection triggered for PgConnection on worker-7"
        template = {
            "template": example.lower(),
            "count": 60,
            "level": "warn",
            "service": "checkout",
            "example": example,
        }
        c.logs = {"checkout": [template]}
    return c


async def test_a_leak_since_a_rollout_is_the_cause_and_its_rollback_the_fix() -> None:
    result = await House(full_pool(4, complains=True), CHECKOUT).investigate()
    finding = result.case.finding
    assert finding is not None
    assert (finding.mode, finding.entity) == ("connection_leak", "checkout")
    assert finding.headline == (
        "The connection pool of checkout is exhausted: connections that checkout never gives back"
    )
    assert result.changes[0].kind is ChangeKind.ROLLBACK
    told = " ".join(claim.text for claim in finding.chain)
    assert "60 log lines of checkout speak of a leak" in told
    assert "its revision 31 was rolled out at" in told


async def test_without_a_rollout_nothing_is_rolled_back() -> None:
    result = await House(full_pool(None, complains=True), CHECKOUT).investigate()
    assert ChangeKind.ROLLBACK not in {change.kind for change in result.changes}


async def test_a_pool_that_is_only_full_is_no_leak() -> None:
    result = await House(full_pool(600, complains=False), CHECKOUT).investigate()
    finding = result.case.finding
    assert finding is not None
    assert finding.mode == "connection_pool_exhaustion"
