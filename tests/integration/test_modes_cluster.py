"""The failure modes of rollouts, autoscalers, budgets and the network, each proven on its scenario.

Each scenario is served over HTTP and read by the real clients; the rules know nothing of it but what these answer.
"""

from __future__ import annotations

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.resolution.taint import refuse_tainted
from tests.scenarios import Played, investigate, judge, truth_of

PROVEN: dict[str, tuple[ChangeKind, ...]] = {
    "dns-failure": (ChangeKind.RESOURCES,),
    "expired-certificate": (),
    "hpa-at-maximum": (ChangeKind.HPA_BOUNDS,),
    "hpa-blind": (ChangeKind.ROLLBACK,),
    "network-policy": (),
    "network-policy-egress": (),
    "pdb-deadlock": (ChangeKind.REPLICAS,),
    "service-port-mismatch": (),
    "service-selector-mismatch": (ChangeKind.ROLLBACK,),
    "stuck-rollout": (),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "dns-failure": "memory limit of coredns in kube-system",
    "expired-certificate": "Renew the certificate shop-tls by letsencrypt-prod",
    "hpa-at-maximum": "maxReplicas of the autoscaler search above 9",
    "hpa-blind": "Give the container log-shipper of catalog a CPU request",
    "network-policy": "Let orders reach orders-db in NetworkPolicy orders-db",
    "network-policy-egress": "Let checkout reach payments in NetworkPolicy checkout-egress",
    "pdb-deadlock": "minAvailable of the PodDisruptionBudget auth",
    "service-port-mismatch": "targetPort of port 8080 of Service auth to main",
    "service-selector-mismatch": "agree on track",
    "stuck-rollout": "Resume the rollout of orders (kubectl rollout resume)",
}
"""What the next steps have to name."""
SURE = 0.8
MOST_TOOL_CALLS = 60


@pytest.mark.parametrize("scenario", PROVEN)
async def test_the_mode_is_found_at_its_entity(scenario: str) -> None:
    played = await investigate(scenario)
    mode = truth_of(scenario).kind.replace("-", "_")
    assert played.finding.ending is Ending.CAUSE_FOUND, played.explain()
    assert played.finding.mode == mode, played.explain()
    assert mode in CATALOGUE
    assert played.finding.confidence >= SURE, played.explain()
    _is_right(played)
    assert tuple(c.kind for c in played.changes) == PROVEN[scenario], played.explain()
    assert SAID[scenario] in "\n".join(played.finding.next_steps), played.explain()
    for change in played.changes:
        refuse_tainted(change, played.case.steps)
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
