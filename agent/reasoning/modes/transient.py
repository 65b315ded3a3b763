"""Nothing wrong: what alerted has passed by itself."""

from __future__ import annotations

from collections.abc import Iterator

from agent.investigation.quiet import PASSED
from agent.model import Check
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, plain, times

_NEAR_BASELINE = 1.25
_STILL_UP = 1.5
_AT_LEAST = 1e-9
_LONG_MINUTES, _CLOSE_MINUTES, _AGAIN_MINUTES = 720, 45, 20
_SEEN_TO_PASS = DECISIVE + 1.0
"""To have seen it up and then back outweighs that it was up."""


def _checks(target: Target, view: View) -> Iterator[Check]:
    if view.symptom_query:
        for minutes in (_LONG_MINUTES, _CLOSE_MINUTES):
            yield _symptom_check(view, minutes, "whether what alerted is still there")


def second_look(view: View) -> tuple[Check, ...]:
    """Look again at what alerted, some time later."""
    if not view.symptom_query:
        return ()
    return (_symptom_check(view, _AGAIN_MINUTES, "whether it passed by itself meanwhile"),)


def _symptom_check(view: View, minutes: int, reason: str) -> Check:
    arguments = {"query": view.symptom_query, "minutes": minutes}
    return Check(tool="datadog_metrics", arguments=arguments, reason=reason)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    monitor = view.monitor
    if monitor is not None and monitor.get("state") == "OK":
        yield Sign(view.monitor_step, f'monitor "{monitor["name"]}" is OK again', FAIR)
    elif monitor is not None and monitor.get("state") in ("Alert", "Warn"):
        text = f'monitor "{monitor["name"]}" is in state {monitor["state"]}'
        yield Sign(view.monitor_step, text, -WEAK)
    before, now = view.symptom, view.symptom_now
    if before is not None and now is not None:
        yield from _course(before, now, again=now.minutes == _AGAIN_MINUTES)


def _course(before: Metric, now: Metric, *, again: bool) -> Iterator[Sign]:
    """Where the metric that alerted stands now, against its baseline over the long window."""
    baseline = max(before.baseline, _AT_LEAST)
    also = (before.step,)
    levels = f"{plain(now.last)} against {plain(before.baseline)}"
    if now.last >= _STILL_UP * baseline:
        since = f" since {clock(before.onset)}" if before.onset else ""
        text = f"what alerted is still {times(now.last / baseline)} its baseline, {levels}{since}"
        yield Sign(now.step, text, -DECISIVE if before.onset or again else -STRONG, also=also)
    elif now.last <= _NEAR_BASELINE * baseline:
        text = f"what alerted is back at its baseline: {levels}"
        if (highest := max(before.maximum, now.maximum)) > _STILL_UP * baseline:
            text += f", after {plain(highest)} at its highest"
        if before.pulse_start and before.pulse_end:
            text += f" between {clock(before.pulse_start)} and {clock(before.pulse_end)}"
        yield Sign(now.step, text, _SEEN_TO_PASS if again else DECISIVE, also=also)


TRANSIENT = Mode(
    id=PASSED,
    short="a passing blip",
    statement="{name} recovered by itself",
    words=frozenset({"by itself", "by themselves"}),
    prior=-1.2,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_checks,
    signs=_signs,
)
MODES = (TRANSIENT,)
