"""Changes of configuration, flags and time, missing data, two faults at once and red herrings, each through the APIs.

Each scenario is served over HTTP and read by the real clients; the rules know nothing of it but what these answer.
"""

from __future__ import annotations

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from tests.scenarios import Played, investigate, judge, truth_of

PROVEN: dict[str, tuple[ChangeKind, ...]] = {
    "bad-config-change": (ChangeKind.CONFIG_VALUE,),
    "bad-feature-flag": (ChangeKind.CONFIG_VALUE,),
    "config-pool-too-small": (ChangeKind.CONFIG_VALUE,),
    "misplaced-job-time": (ChangeKind.SUSPEND_JOB,),
    "vendor-feature-flag": (),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "bad-config-change": '"https://api.cardpay.example/v2"',
    "bad-feature-flag": '"new-tax-engine: false"',
    "config-pool-too-small": 'REDIS_POOL_SIZE in ConfigMap session-config back to "50"',
    "misplaced-job-time": "time zone Asia/Tokyo",
    "vendor-feature-flag": "semantic-ranking back at launchdarkly",
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
    assert SAID.get(scenario, "") in "\n".join(played.finding.next_steps), played.explain()
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
