"""Nothing wrong: what alerted has passed by itself."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Check
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, plain, times

_NEAR_BASELINE = 1.25
_AT_LEAST = 1e-9


def _checks(target: Target, view: View) -> Iterator[Check]:
    if view.symptom_query:
        yield Check(
            tool="datadog_metrics",
            arguments={"query": view.symptom_query, "minutes": 720},
            reason="whether what alerted is still there",
        )


def _signs(target: Target, view: View) -> Iterator[Sign]:
    monitor, symptom = view.monitor, view.symptom
    if monitor is not None and monitor.get("state") == "OK":
        text = f'monitor "{monitor["name"]}" is OK again'
        yield Sign(view.monitor_step, text, FAIR)
    elif monitor is not None and monitor.get("state") in ("Alert", "Warn"):
        text = f'monitor "{monitor["name"]}" is still in state {monitor["state"]}'
        yield Sign(view.monitor_step, text, -STRONG)
    if symptom is not None:
        yield from _course(symptom)


def _course(symptom: Metric) -> Iterator[Sign]:
    back = symptom.last <= _NEAR_BASELINE * max(symptom.baseline, _AT_LEAST)
    peaked = symptom.maximum > 1.5 * max(symptom.baseline, _AT_LEAST)
    if symptom.onset is not None and symptom.rise >= 1.5:
        text = (
            f"what alerted is still {times(symptom.rise)} its baseline,"
            f" {plain(symptom.last)} against {plain(symptom.baseline)} since {clock(symptom.onset)}"
        )
        yield Sign(symptom.step, text, -DECISIVE)
    elif symptom.pulse_start and symptom.pulse_end and back:
        text = (
            f"what alerted rose at {clock(symptom.pulse_start)} and was back at {clock(symptom.pulse_end)}:"
            f" now {plain(symptom.last)}, baseline {plain(symptom.baseline)}"
        )
        yield Sign(symptom.step, text, DECISIVE)
    elif back:
        text = f"what alerted is at its baseline: {plain(symptom.last)} against {plain(symptom.baseline)}"
        yield Sign(symptom.step, text, DECISIVE if peaked else STRONG)


TRANSIENT = Mode(
    id="transient_recovered",
    short="a passing blip",
    statement="{name} recovered by itself",
    prior=-1.2,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_checks,
    signs=_signs,
)
MODES = (TRANSIENT,)
