"""Whether what speaks for a failure mode began when the symptom did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from agent.reasoning.modes.mode import FAIR, Mode, Role, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock

_LATER = timedelta(minutes=15)
_EARLIER = timedelta(minutes=60)


def timing_signs(mode: Mode, target: Target, signs: Iterable[Sign], view: View) -> Iterator[Sign]:
    """One sign on the earliest onset among those that speak for the mode, against the onset of what alerted."""
    symptom = view.symptom
    if symptom is None or symptom.onset is None:
        return
    telling = [s for s in signs if s.weight > 0 and s.role is Role.CAUSE]
    dated = [(s.onset, s.steps) for s in telling if s.onset is not None]
    if not dated or any(symptom.step in steps for _, steps in dated):
        return
    began, steps = min(dated)
    what = f"what points to {mode.short} of {target.name} began at {clock(began)}"
    text = f"{what}, what alerted at {clock(symptom.onset)}"
    if began > symptom.onset + _LATER:
        yield Sign(symptom.step, text, -FAIR, also=steps)
    elif began >= symptom.onset - _EARLIER:
        yield Sign(symptom.step, text, FAIR, also=steps)
