"""What the thread is told while an investigation runs: news, and with the next news what became less likely."""

from __future__ import annotations

from agent.investigation.progress import Progress
from agent.model import HypothesisStatus
from tests.unit.agent.investigation.house import House, Journal, signal_on
from tests.unit.agent.investigation.test_hypotheses import hypothesis

LIKELY, UNLIKELY = hypothesis(1, 1.0), hypothesis(2, -4.0)
RULED_OUT = UNLIKELY.model_copy(update={"status": HypothesisStatus.RULED_OUT})


async def test_what_is_only_ruled_out_waits_for_the_next_news() -> None:
    house = House(object(), signal_on("auth", "Login failures"))
    case = house.store.case
    progress = Progress(house.investigator.equipment, case, Journal())

    async def record(round_number: int, *board: object) -> None:
        progress.case = case.model_copy(update={"round": round_number, "hypotheses": board})
        await progress.recording()()

    await record(1, hypothesis(2, -1.0))
    await record(2, RULED_OUT)
    assert house.told.updates == {}
    await record(3, RULED_OUT, LIKELY)
    (told,) = house.told.updates.values()
    assert "cause 1" in told
    assert "*Ruled out:* cause 2" in told
    assert house.told.summaries == 3
