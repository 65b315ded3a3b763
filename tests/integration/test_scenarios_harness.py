"""The harness that plays scenarios in the process, on the stories whose answers are long known."""

from __future__ import annotations

import pytest

from sandbox.world.parts import Entity
from tests.scenarios import Judgement, investigate, judge, truth_of


@pytest.mark.parametrize(
    ("scenario", "entities"),
    [
        ("redis-memory-pressure", {"redis-reco-backup", "redis-reco"}),
        ("login-failure", {"auth", "auth-report", "auth-db"}),
    ],
)
async def test_a_story_is_played_and_judged(scenario: str, entities: set[str]) -> None:
    played = await investigate(scenario)
    assert played.finding.entity in entities, played.explain()
    assert judge(played) == Judgement(True, True, True, 100, 0, (), proposed_on_healthy=False)


async def test_the_judgement_is_by_the_truth_that_is_given() -> None:
    played = await investigate("login-failure")
    other = truth_of("login-failure").model_copy(
        update={
            "entity": Entity(kind="Deployment", name="search"),
            "also_right": (),
            "bystanders": (Entity(kind="Deployment", name=played.finding.entity),),
        }
    )
    judged = judge(played, other)
    assert not judged.right_entity
    assert judged.false_claims


async def test_a_scenario_without_that_alert_is_refused() -> None:
    with pytest.raises(ValueError, match="posts 0 alerts"):
        await investigate("quiet-week")
