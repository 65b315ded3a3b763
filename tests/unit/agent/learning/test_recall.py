"""A recall is followed only where it is checked again, and believed only when it wins clearly."""

from __future__ import annotations

import pytest

from agent.learning.features import features_of, role_of
from agent.learning.patterns import pattern_of
from agent.learning.recall import plan_of
from agent.model import Ending, Pattern, PatternState
from agent.reasoning.modes.view import View
from tests.unit.agent.investigation.company import blip_story, login_story
from tests.unit.agent.investigation.house import House, Knowing, signal_on

LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")


async def learnt() -> tuple[Pattern, int]:
    result = await House(login_story(), LOGIN).investigate()
    pattern = pattern_of(result.case)
    assert pattern is not None
    return pattern.model_copy(update={"tool_calls": 40}), len(result.case.steps)


async def test_symptoms_are_kept_by_role_without_names() -> None:
    pattern, _ = await learnt()
    assert pattern.role == "alerted"
    assert "signal:alerted hikaricp.connections.active up" in pattern.features
    assert not any("auth" in f.partition(":")[2].split() for f in pattern.features)
    assert any("{alerted}" in str(p.arguments) for p in pattern.probes)


async def test_a_known_incident_is_concluded_early_with_fewer_look_ups_and_says_so() -> None:
    pattern, whole = await learnt()
    house = House(login_story(), LOGIN, memory=Knowing(patterns=(pattern,)))
    result = await house.investigate()
    finding = result.case.finding
    assert finding is not None
    assert (finding.ending, finding.mode, finding.entity) == (
        Ending.CAUSE_FOUND,
        pattern.mode,
        "auth",
    )
    assert finding.stopped_because.startswith("Known incident, as on 2026-11-24")
    assert len(result.case.steps) < whole
    assert house.told.updates["known"].startswith("Known incident")


async def test_a_symptom_that_passed_by_itself_is_not_taken_for_the_known_cause() -> None:
    pattern, _ = await learnt()
    false = pattern.model_copy(update={"entity": "search", "alerted": "search"})
    signal = signal_on("search", "Search latency is high", fingerprint="1005")
    house = House(blip_story(), signal, memory=Knowing(patterns=(false,)))
    result = await house.investigate()
    assert result.case.finding is not None
    assert result.case.finding.ending is Ending.NOTHING_WRONG
    assert "known" not in house.told.updates


@pytest.mark.parametrize("state", [PatternState.DISPUTED, PatternState.RETIRED])
async def test_what_is_disputed_is_not_followed(state: PatternState) -> None:
    pattern, _ = await learnt()
    gone = pattern.model_copy(update={"state": state})
    result = await House(login_story(), LOGIN).investigate()
    case = result.case.model_copy(update={"patterns": (gone,)})
    assert plan_of(case, ()) is None
    assert plan_of(case.model_copy(update={"patterns": (pattern,)}), ()) is not None


async def test_roles_are_those_of_the_graph() -> None:
    result = await House(login_story(), LOGIN).investigate()
    view = View.of(result.case)
    assert role_of("auth", view) == "alerted"
    assert role_of("auth-db", view) == "dependency:database"
    assert role_of("nobody-knows-it", view) == ""
    assert features_of(result.case) == features_of(result.case)
