"""A settled finding is recalibrated by earlier verdicts, and stays as it was settled when it is played again."""

from __future__ import annotations

from agent.learning.calibration import Calibration, Judged, fit
from agent.model import Finding
from tests.unit.agent.investigation.company import redis_story
from tests.unit.agent.investigation.house import House, signal_on

REDIS = signal_on("redis-reco", "Redis command latency is high on redis-reco", fingerprint="1001")


async def found(house: House) -> Finding:
    finding = (await house.investigate()).case.finding
    assert finding is not None
    return finding


def calibrated(house: House, calibration: Calibration) -> House:
    async def given() -> Calibration:
        return calibration

    own = house.investigator
    own.equipment = own.equipment._replace(calibration=given)
    return house


def wrong_half_the_time(mode: str) -> Calibration:
    return fit([Judged(mode, 0.95, n % 2 == 0) for n in range(20)])


async def test_it_says_less_where_such_findings_were_often_wrong() -> None:
    plain = await found(House(redis_story(), REDIS))
    assert (plain.raw_confidence, plain.proven) == (None, "")
    settled = await found(calibrated(House(redis_story(), REDIS), wrong_half_the_time(plain.mode)))
    assert settled.confidence < plain.confidence - 0.1
    assert settled.raw_confidence == plain.confidence
    assert settled.proven == "was right in 10 of 20 such findings"
    kept = {"confidence", "raw_confidence", "proven"}
    assert settled.model_dump(exclude=kept) == plain.model_dump(exclude=kept), "it ends the same"


async def test_a_restart_keeps_what_was_settled_whatever_verdicts_came_meanwhile() -> None:
    first = House(redis_story(), REDIS)
    plain = await found(House(redis_story(), REDIS))
    settled = await found(calibrated(first, wrong_half_the_time(plain.mode)))
    first.journal = first.journal.restarted()
    again = await found(calibrated(first, fit([Judged(plain.mode, 0.9, True)] * 50)))
    assert again == settled
