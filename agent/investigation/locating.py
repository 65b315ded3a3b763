"""Which service an investigation is about when its words name none: the one whose alert they speak of."""

from __future__ import annotations

import re

from agent.investigation.words import words
from agent.model import Case, Json, Signal

_WORD = re.compile(r"[a-z]{4,}")
_SCOPE = re.compile(r"\b(service|env):([\w.-]+)")
_STOP_WORDS = words("stop_words")
_STEM = 4
"""Words that begin with the same letters, this many at least, are forms of one: fail, fails, failures."""


def spoken_of(case: Case) -> Signal | None:
    """The signal with the service of the alerting monitor that its words fit best; None when there is not just one."""
    signal = case.signal
    said = _stems(f"{signal.title} {signal.text}")
    scores: dict[tuple[str, str], int] = {}
    for monitor in _alerting(case):
        place = dict(_SCOPE.findall(str(monitor.get("query") or "")))
        service, environment = place.get("service", ""), place.get("env", signal.environment)
        if service and signal.environment in ("", environment):
            shared = len(said & _stems(str(monitor.get("name") or "")))
            key = (service, environment)
            scores[key] = max(scores.get(key, 0), shared)
    most = max(scores.values(), default=0)
    best = [place for place, score in scores.items() if score == most]
    if most == 0 or len(best) != 1:
        return None
    service, environment = best[0]
    return signal.model_copy(update={"service": service, "environment": environment})


def _alerting(case: Case) -> list[Json]:
    return [
        monitor
        for step in case.steps
        if step.check.tool == "datadog_monitors" and step.reading is not None
        for monitor in step.reading.data.get("monitors") or []
        if monitor.get("state") in ("Alert", "Warn")
    ]


def _stems(text: str) -> set[str]:
    return {w[:_STEM] for w in _WORD.findall(text.lower()) if w not in _STOP_WORDS}
