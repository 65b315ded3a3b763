"""What deserves no more than one line: an alert behind which nothing is wrong.

Its thread holds the summary alone; a person who asked gets the whole report.
"""

from __future__ import annotations

from agent.investigation.hypotheses import leading
from agent.model import Case, Ending, SignalKind

PASSED = "transient_recovered"
"""The failure mode of what is over by itself."""
HARMLESS = frozenset({PASSED, "healthy", "flapping_monitor", "unfit_threshold", "test_environment"})
"""Failure modes by which nothing is wrong."""


def seems_over(case: Case) -> bool:
    """Whether nothing seems, so far, to be wrong behind an alert."""
    leader = leading(case.hypotheses)
    if case.signal.kind is not SignalKind.ALERT or leader is None:
        return False
    return leader.mode in HARMLESS and leader.log_odds > 0.0


def is_over(case: Case) -> bool:
    """Whether nothing was found to be wrong behind an alert."""
    ended_well = case.finding is not None and case.finding.ending is Ending.NOTHING_WRONG
    return case.signal.kind is SignalKind.ALERT and ended_well
