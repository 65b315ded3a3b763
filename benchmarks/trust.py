"""Earned autonomy on simulated records: false promotions, demotion, and confidence before and after recalibration.

Everything that decides is the product's own: the record (``agent.learning.trust``), the level under a written policy
(``agent.learning.levels``), the calibration (``agent.learning.calibration``). Only the changes' luck is simulated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from agent.learning.calibration import Judged, fit, quality, recalibrated
from agent.learning.levels import Standpoint, level_of
from agent.learning.trust import Trial, record, standing, wilson_lower
from agent.model import ChangeKind
from agent.resolution.policy import AutoApply, Environment, Policy, Rule
from benchmarks.figure import Figure, percentile

RECORDS, CHANGES = 2_000, 100
"""So many services, each with so many changes; the level is looked at after each."""
BOUND, SUCCESSES = 0.8, 10
POLICY = Policy(
    environments={
        "staging": Environment(
            rules=(
                Rule(
                    name="proven",
                    kinds=(ChangeKind.RESOURCES,),
                    approvers=("sre",),
                    auto_apply=AutoApply(min_successes=SUCCESSES, min_lower_bound=BOUND),
                ),
            )
        )
    }
)
START = datetime(2026, 1, 1, tzinfo=UTC)
VERDICTS, UNSEEN, DRAWINGS = 60, 1_500, 20
"""Of each mode: what the calibration is made of, what it is measured on, and how often that is drawn."""
MISJUDGED = 0.1
"""The share of verdicts that is wrong itself."""
MODES: dict[str, Callable[[float], float]] = {
    "overconfident": lambda said: max(0.0, said - 0.25),
    "well calibrated": lambda said: said,
    "underconfident": lambda said: min(1.0, said + 0.15),
}
"""How often a finding is right, given what it says."""


def measure() -> list[Figure]:
    """All figures."""
    chance = random.Random(20261125)
    return [*promotions(chance), *demotions(chance), *calibrations(chance)]


def promotions(chance: random.Random) -> Iterator[Figure]:
    """How many records are ever promoted whose true rate is below what the policy wants proven, and above."""
    for rate, bound in ((0.7, 0.025), (0.75, 0.05), (0.79, None)):
        after = [promoted_after(chance, rate) for _ in range(RECORDS)]
        share = sum(a is not None for a in after) / RECORDS
        name = f"ever promoted within {CHANGES} changes, true rate {rate}, {BOUND} wanted"
        yield Figure(name, 100 * share, "%", None if bound is None else 100 * bound)
    after = [promoted_after(chance, 0.97) for _ in range(RECORDS)]
    earned = [float(a) for a in after if a is not None]
    yield Figure("not promoted, true rate 0.97", 100 * (1 - len(earned) / RECORDS), "%", 5)
    yield Figure("changes until promoted, true rate 0.97, median", percentile(earned, 0.5), "")


def promoted_after(chance: random.Random, rate: float) -> int | None:
    """After how many changes a record is first good enough; None: never."""
    trials: list[Trial] = []
    successes = 0
    for number in range(CHANGES):
        trials.append(Trial(START + timedelta(hours=number), chance.random() < rate))
        successes += trials[-1].succeeded
        if wilson_lower(successes, len(trials)) >= BOUND and may_go_unasked(trials):
            return number + 1
    return None


def may_go_unasked(trials: Sequence[Trial]) -> bool:
    """Whether the policy lets the next change go without asking."""
    made = record("service", ChangeKind.RESOURCES.value, "staging", trials)
    return level_of(POLICY, made, approved_before=True).standpoint is Standpoint.UNASKED


def demotions(chance: random.Random) -> Iterator[Figure]:
    """How many failures it takes to lose what was earned, from proven records of any length."""
    for rate, said, bound in ((0.0, "everything fails", 2), (0.5, "half fails", None)):
        failures = [float(failures_until_demoted(chance, rate)) for _ in range(RECORDS)]
        yield Figure(f"failures until demoted once {said}, most", max(failures), "", bound)
        yield Figure(f"failures until demoted once {said}, 95 %", percentile(failures, 0.95), "")
    worse = [Trial(START, True)] * 50 + [Trial(START + timedelta(hours=1), False, worse=True)]
    stands = not standing(worse, strict=True).reason
    yield Figure("still standing after one change made production worse", float(stands), "", 0)


def failures_until_demoted(chance: random.Random, rate: float) -> int:
    """How many failures a proven record bears before the next change is asked for again."""
    length = chance.randint(20, 200)
    trials = [Trial(START + timedelta(hours=n), True) for n in range(length)]
    failures = 0
    while may_go_unasked(trials):
        succeeded = chance.random() < rate
        trials.append(Trial(START + timedelta(hours=len(trials)), succeeded))
        failures += not succeeded
    return failures


def calibrations(chance: random.Random) -> Iterator[Figure]:
    """Calibration on findings that no verdict was on, before and after, as means over many drawings."""
    drawn = [_drawing(chance) for _ in range(DRAWINGS)]
    bounds = {"overconfident": 10.0, "well calibrated": 10.0, "underconfident": 13.0}
    for mode, bound in bounds.items():
        errors, scores = [
            [sum(d[mode][place][side] for d in drawn) / DRAWINGS for side in (0, 1)]
            for place in (0, 1)
        ]
        yield Figure(f"{mode}: calibration error before", 100 * errors[0], "%")
        yield Figure(f"{mode}: after {VERDICTS} verdicts", 100 * errors[1], "%", bound)
        yield Figure(f"{mode}: Brier score before", scores[0], "")
        yield Figure(f"{mode}: Brier score after", scores[1], "")


def _drawing(chance: random.Random) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Of each mode the calibration error and the Brier score, before and after; some verdicts are wrong."""
    seen = [
        j._replace(right=j.right != (chance.random() < MISJUDGED))
        for mode in MODES
        for j in findings(chance, mode, VERDICTS)
    ]
    calibration = fit(seen)
    found = {}
    for mode in MODES:
        unseen = findings(chance, mode, UNSEEN)
        before, after = quality(unseen), quality(recalibrated(unseen, calibration))
        found[mode] = ((before.error, after.error), (before.brier, after.brier))
    return found


def findings(chance: random.Random, mode: str, count: int) -> list[Judged]:
    """Findings of a mode, with whether they are right."""
    said = [chance.uniform(0.5, 0.98) for _ in range(count)]
    return [Judged(mode, c, chance.random() < MODES[mode](c)) for c in said]
