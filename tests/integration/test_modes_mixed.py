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
    "clock-skew": (),
    "config-cache-off": (ChangeKind.CONFIG_VALUE,),
    "config-pool-too-small": (ChangeKind.CONFIG_VALUE,),
    "datadog-down": (ChangeKind.RESOURCES,),
    "dual-rollout-and-redis": (ChangeKind.ROLLBACK,),
    "misplaced-job-time": (ChangeKind.SUSPEND_JOB,),
    "no-logs-in-datadog": (ChangeKind.ROLLBACK,),
    "red-herring-rollout": (),
    "red-herring-warnings": (),
    "vendor-feature-flag": (),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "bad-config-change": '"https://api.cardpay.example/v2"',
    "bad-feature-flag": '"new-tax-engine: false"',
    "clock-skew": "the clock of node ip-10-0-1-11",
    "config-cache-off": 'CACHE_TTL_SECONDS in ConfigMap catalog-config back to "300"',
    "config-pool-too-small": 'REDIS_POOL_SIZE in ConfigMap session-config back to "50"',
    "misplaced-job-time": "time zone Asia/Tokyo",
    "red-herring-rollout": "EXPLAIN",
    "red-herring-warnings": "pg_terminate_backend(5102)",
    "vendor-feature-flag": "semantic-ranking back at launchdarkly",
}
"""What the next steps have to name."""
UNSEEN = {
    "datadog-down": "datadog, no look-up was answered",
    "no-logs-in-datadog": "no logs of orders have reached Datadog",
}
"""What it has to say that it could not see."""
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
    assert UNSEEN.get(scenario, "") in "\n".join(played.finding.unseen), played.finding.unseen
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


async def test_of_two_causes_both_are_named_and_mended() -> None:
    played = await investigate("dual-causes")
    finding = played.finding
    assert finding.ending is Ending.CAUSE_FOUND, played.explain()
    assert {finding.entity} < {"payments", "orders"}, played.explain()
    assert "a second cause as well" in "\n".join(finding.next_steps)
    mended = {(c.kind, c.target.name) for c in played.changes}
    assert mended == {
        (ChangeKind.CONFIG_VALUE, "orders-config"),
        (ChangeKind.ROLLBACK, "payments"),
    }, played.explain()
    _is_right(played)
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


async def test_what_may_not_be_read_is_asked_for_instead_of_guessed() -> None:
    played = await investigate("forbidden-configmaps")
    finding = played.finding
    assert finding.ending is Ending.INPUT_NEEDED, played.explain()
    assert finding.question
    assert played.changes == ()
    said = "\n".join(finding.unseen)
    assert "grant `get` on `configmaps`" in said
    assert "configmaps in kubernetes_changes" in said
    assert "no configuration of checkout was changed" not in str(finding.ruled_out)
    _is_right(played)


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
