"""A known incident over the vendors' real wires: fewer look-ups, no loss of accuracy, and no poison."""

from __future__ import annotations

from agent.learning.recall import SHARE_OF_CALLS
from agent.model import PatternState
from agent.store.repository import Store
from evals.sequence import OWN_SCENARIOS
from sandbox.app import build
from sandbox.world.scenario import load_scenario
from tests.scenarios import Played, judge, recur

KNOWN = "Known incident"


def is_known(played: Played) -> bool:
    return played.finding.stopped_because.startswith(KNOWN)


async def test_again_is_cheap_a_look_alike_is_not_taken_for_it_and_poison_does_not_turn_it() -> (
    None
):
    look_alike = build(load_scenario("login-rollout", OWN_SCENARIOS), posts_alerts=False)

    async def poison(store: Store) -> None:
        [true, *_] = await store.patterns.list("login")
        false = {"id": 0, "mode": "bad_rollout", "times_seen": 5, "investigation": 90}
        learnt = await store.patterns.learn(true.model_copy(update=false))
        assert (await store.patterns.judge(90, False))[0].state is PatternState.DISPUTED
        assert learnt.mode == "bad_rollout"

    first, again, other, poisoned = await recur(
        ["login-failure", "login-failure", look_alike, "login-failure"], {3: poison}
    )
    assert not is_known(first)
    for played in (again, poisoned):
        assert is_known(played), played.explain()
        assert judge(played).right_cause
        assert played.tool_calls <= SHARE_OF_CALLS * first.tool_calls
        cited = [c for c in played.finding.chain if c.text.startswith("As on")]
        assert cited and all(c.citations for c in cited), played.explain()
    assert judge(first).right_cause
    assert not is_known(other)
    assert judge(other).right_cause
