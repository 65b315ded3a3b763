"""What a closed investigation teaches, and how it comes back."""

from __future__ import annotations

from agent.learning.patterns import pattern_of
from agent.learning.tools import LearningTools
from agent.model import Ending, Pattern
from tests.unit.agent.investigation.company import blip_story, login_story
from tests.unit.agent.investigation.house import House, signal_on

LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")


class Kept:
    """Patterns in memory."""

    def __init__(self, *patterns: Pattern) -> None:
        self.patterns = patterns

    async def similar(self, **_: object) -> tuple[Pattern, ...]:
        return self.patterns


async def learnt() -> Pattern:
    result = await House(login_story(), LOGIN).investigate()
    pattern = pattern_of(result.case)
    assert pattern is not None
    return pattern


async def test_it_keeps_symptoms_cause_and_the_checks_that_told() -> None:
    pattern = await learnt()
    assert (pattern.mode, pattern.entity) == ("connection_pool_exhaustion", "auth")
    assert pattern.symptoms[0] == "Login failures on auth"
    assert any("hikaricp.connections.active" in c for c in pattern.checks)


async def test_nothing_wrong_teaches_no_cause() -> None:
    signal = signal_on("search", "Search latency is high", fingerprint="1005")
    result = await House(blip_story(), signal).investigate()
    assert result.case.finding is not None
    assert result.case.finding.ending is Ending.NOTHING_WRONG
    assert pattern_of(result.case) is None


async def test_it_is_recalled_as_an_answer_that_can_be_cited() -> None:
    pattern = await learnt()
    reading = await LearningTools(Kept(pattern)).past_investigations("auth", "Login failures")
    assert "connection_pool_exhaustion at auth" in reading.observation
    assert reading.data["patterns"][0]["entity"] == "auth"


async def test_a_known_cause_starts_ahead_of_the_others() -> None:
    from tests.unit.agent.investigation.house import Knowing

    pattern = await learnt()
    plain = House(login_story(), LOGIN)
    knowing = House(login_story(), LOGIN, memory=Knowing(patterns=(pattern,)))
    [before, after] = [await h.investigate() for h in (plain, knowing)]

    def prior(result: object) -> float:
        return next(
            h.prior
            for h in result.case.hypotheses  # type: ignore[attr-defined]
            if h.mode == pattern.mode
        )

    assert prior(after) > prior(before)
