"""The failure modes of pods and nodes, each proven on its scenario: found by evidence alone, bystanders left in peace.

Each scenario is served over HTTP and read by the real clients; the rules know nothing of it but what these answer.
"""

from __future__ import annotations

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.resolution.taint import refuse_tainted
from tests.scenarios import Played, investigate, judge, truth_of

PROVEN: dict[str, tuple[ChangeKind, ...]] = {
    "bad-command": (ChangeKind.ROLLBACK,),
    "cpu-throttling": (ChangeKind.RESOURCES,),
    "crash-bad-config": (),
    "crash-bad-env": (ChangeKind.ROLLBACK,),
    "failed-migration": (ChangeKind.ROLLBACK,),
    "failing-liveness": (ChangeKind.ROLLBACK,),
    "failing-readiness": (ChangeKind.RESTART,),
    "failing-startup": (ChangeKind.ROLLBACK,),
    "image-credentials": (),
    "image-name-or-tag": (ChangeKind.ROLLBACK, ChangeKind.IMAGE),
    "memory-limit-near": (ChangeKind.RESOURCES,),
    "missing-configmap": (ChangeKind.ROLLBACK,),
    "missing-secret": (ChangeKind.ROLLBACK,),
    "node-cordoned": (ChangeKind.UNCORDON, ChangeKind.UNCORDON),
    "node-not-ready": (),
    "node-pressure": (ChangeKind.CORDON,),
    "oom-kill": (ChangeKind.RESOURCES,),
    "pending-affinity": (ChangeKind.ROLLBACK,),
    "pending-resources": (ChangeKind.ROLLBACK,),
    "pending-taints": (),
    "pending-volume": (ChangeKind.ROLLBACK,),
    "quota-exceeded": (),
    "stuck-pod": (ChangeKind.DELETE_POD, ChangeKind.RESTART),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "crash-bad-config": "DB_POOL_SIZE",
    "image-credentials": "registry.sundial.example",
    "missing-configmap": "checkout-flags",
    "missing-secret": "payments-webhook",
    "node-cordoned": "Uncordon ip-10-0-2-21, ip-10-0-2-22",
    "node-not-ready": "ip-10-0-2-22",
    "node-pressure": "ip-10-0-1-12",
    "pending-taints": "ip-10-0-2-21",
    "quota-exceeded": "ResourceQuota compute",
}
"""What the next steps have to name."""
MOST_TOOL_CALLS = 60


@pytest.mark.parametrize("scenario", PROVEN)
async def test_the_mode_is_found_at_its_entity(scenario: str) -> None:
    played = await investigate(scenario)
    mode = truth_of(scenario).kind.replace("-", "_")
    assert played.finding.ending is Ending.CAUSE_FOUND, played.explain()
    assert played.finding.mode == mode, played.explain()
    assert mode in CATALOGUE
    _is_right(played)
    assert tuple(c.kind for c in played.changes) == PROVEN[scenario], played.explain()
    for change in played.changes:
        refuse_tainted(change, played.case.steps)
    if scenario in SAID:
        assert SAID[scenario] in "\n".join(played.finding.next_steps), played.explain()
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
