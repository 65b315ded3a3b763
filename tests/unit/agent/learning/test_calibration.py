"""Calibration: known answers, shrinkage to the identity, and order kept."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.learning.calibration import (
    Calibration,
    Curve,
    Judged,
    fit,
    quality,
    recalibrated,
)
from agent.model import Ending, Finding

MODE, OTHER = "cache_memory_pressure", "bad_rollout"

findings = st.lists(
    st.builds(
        Judged,
        mode=st.sampled_from([MODE, OTHER, "third"]),
        confidence=st.floats(0, 1),
        right=st.booleans(),
    ),
    max_size=40,
)


def said(confidence: float, right: int, of: int, mode: str = MODE) -> list[Judged]:
    return [Judged(mode, confidence, n < right) for n in range(of)]


def test_quality_has_known_answers() -> None:
    measured = quality([*said(0.9, 1, 2), *said(0.2, 0, 2)])
    assert (measured.number, measured.right) == (4, 1)
    assert measured.brier == pytest.approx((0.01 + 0.81 + 0.04 + 0.04) / 4)
    assert measured.error == pytest.approx((2 * 0.4 + 2 * 0.2) / 4)
    assert [(round(b.confidence, 3), b.right, b.number) for b in measured.bins] == [
        (0.2, 0.0, 2),
        (0.9, 0.5, 2),
    ]
    assert quality([]).number == 0


def test_without_verdicts_nothing_changes() -> None:
    finding = Finding(ending=Ending.CAUSE_FOUND, headline="h", mode=MODE, confidence=0.87)
    assert fit([]) == Calibration()
    assert fit([]).settled(finding) is finding
    assert Curve().at(0.873) == 0.873


def test_few_verdicts_move_it_little_and_many_bring_it_to_what_they_show() -> None:
    few = fit(said(0.9, 1, 2)).of(MODE).at(0.9)
    some = fit(said(0.9, 10, 20)).of(MODE).at(0.9)
    many = fit(said(0.9, 500, 1000)).of(MODE).at(0.9)
    assert 0.9 > few > some > many
    assert few > 0.75
    assert many == pytest.approx(0.5, abs=0.01)


def test_a_mode_without_verdicts_goes_with_the_others_and_claims_no_record() -> None:
    calibration = fit(said(0.9, 20, 40))
    assert calibration.of(OTHER).at(0.9) < 0.75
    assert calibration.of(OTHER).of == 0
    finding = Finding(ending=Ending.CAUSE_FOUND, headline="h", mode=OTHER, confidence=0.9)
    assert calibration.settled(finding).proven == ""


def test_a_finding_says_how_often_such_were_right_and_what_it_said_before() -> None:
    finding = Finding(ending=Ending.CAUSE_FOUND, headline="h", mode=MODE, confidence=0.9)
    settled = fit(said(0.9, 9, 11)).settled(finding)
    assert settled.proven == "was right in 9 of 11 such findings"
    assert settled.raw_confidence == 0.9
    assert 0.8 < settled.confidence < 0.9
    again = fit(said(0.9, 9, 11)).settled(settled)
    assert again == settled, "it is recalibrated from what was said, not once more"


@given(findings)
def test_a_surer_finding_stays_the_surer_one_and_no_confidence_leaves_its_bounds(
    judged: list[Judged],
) -> None:
    calibration = fit(judged)
    for mode in (MODE, "unknown"):
        points = [calibration.of(mode).at(n / 20) for n in range(21)]
        assert points == sorted(points)
        assert 0 <= points[0] <= points[-1] <= 1


@given(findings, st.randoms())
def test_the_order_of_the_verdicts_does_not_matter(
    judged: list[Judged], chance: random.Random
) -> None:
    shuffled = list(judged)
    chance.shuffle(shuffled)
    first, second = fit(judged), fit(shuffled)
    assert first.whole.slope == pytest.approx(second.whole.slope, abs=1e-5)
    assert first.whole.shift == pytest.approx(second.whole.shift, abs=1e-5)


def test_overconfidence_is_taken_out_of_findings_that_it_has_not_seen() -> None:
    chance = random.Random(5)

    def sample(count: int) -> list[Judged]:
        drawn = [chance.uniform(0.5, 0.98) for _ in range(count)]
        return [Judged(MODE, c, chance.random() < c - 0.25) for c in drawn]

    calibration, unseen = fit(sample(60)), sample(4000)
    before, after = quality(unseen), quality(recalibrated(unseen, calibration))
    assert before.error > 0.2
    assert after.error < 0.1
    assert after.brier < before.brier
