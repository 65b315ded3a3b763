"""What deserves no more than one line: an alert that has passed by itself.

Its thread holds the summary alone; a person who asked gets the whole report.
"""

from __future__ import annotations

from agent.investigation.hypotheses import leading
from agent.model import Case, Ending, SignalKind

PASSED = "transient_recovered"
"""The failure mode of what is over by itself."""


def seems_over(case: Case) -> bool:
    """Whether an alert seems, so far, to have passed by itself."""
    leader = leading(case.hypotheses)
    if case.signal.kind is not SignalKind.ALERT or leader is None:
        return False
    return leader.mode == PASSED and leader.log_odds > 0.0


def is_over(case: Case) -> bool:
    """Whether an alert was found to have passed by itself."""
    ended_well = case.finding is not None and case.finding.ending is Ending.NOTHING_WRONG
    return case.signal.kind is SignalKind.ALERT and ended_well
