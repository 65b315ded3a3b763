"""The failure modes of traffic, of dependencies and of third parties, each proven on its scenario through the real wires."""

from __future__ import annotations

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from tests.scenarios import Played, investigate, judge, truth_of

PROVEN: dict[str, tuple[ChangeKind, ...]] = {
    "bad-rollout": (ChangeKind.ROLLBACK,),
    "dependency-errors": (),
    "dependency-latency": (),
    "noisy-neighbour-on-node": (ChangeKind.SUSPEND_JOB,),
    "retry-storm": (ChangeKind.CONFIG_VALUE, ChangeKind.REPLICAS),
    "third-party-rate-limit": (),
    "traffic-surge": (ChangeKind.REPLICAS,),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "dependency-errors": "Look at orders-db",
    "dependency-latency": "Look at rabbitmq",
    "noisy-neighbour-on-node": "Give orders-export a CPU limit",
    "retry-storm": "Give the retries of checkout a budget",
    "third-party-rate-limit": "Ask the provider of api.cardpay.example",
}
"""What the next steps have to name."""
SHOWN = {
    "dependency-errors": "begin in orders-db",
    "dependency-latency": "goes by in rabbitmq itself",
    "noisy-neighbour-on-node": "16 cores of ip-10-0-1-13",
    "retry-storm": "repeat one that failed",
    "third-party-rate-limit": "HTTP 429",
    "traffic-surge": "that of this time on other days",
}
"""The finding's own decisive sentence."""
MOST_TOOL_CALLS = 60


@pytest.mark.parametrize("scenario", PROVEN)
async def test_the_mode_is_found_at_its_entity(scenario: str) -> None:
    played = await investigate(scenario)
    mode = truth_of(scenario).kind.replace("-", "_")
    assert played.finding.ending is Ending.CAUSE_FOUND, played.explain()
    assert played.finding.mode == mode, played.explain()
    assert mode in CATALOGUE
    assert played.finding.confidence >= 0.75, played.explain()
    _is_right(played)
    assert tuple(c.kind for c in played.changes) == PROVEN[scenario], played.explain()
    assert SAID.get(scenario, "") in "\n".join(played.finding.next_steps), played.explain()
    chain = "\n".join(claim.text for claim in played.finding.chain)
    assert SHOWN.get(scenario, "") in chain, played.explain()
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
