"""What an entity complains of in its own log: as Datadog has it, else as its containers wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from agent.model import Check, Json
from agent.reasoning.modes.mode import DECISIVE, Sign
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Found, View, time_of

_MINUTES = 60
_ORDINARY = 1.3
_QUOTED = 240
_TROUBLE = re.compile(
    r"exception|\berror|\bfatal|\bpanic|traceback|\bfail(?:ed|ure|s)\b|refused|timed out|denied",
    re.I,
)
"""What a container's own log, which knows no levels, says when something is wrong."""
_SERIOUS = ("error", "warn", "warning", "critical", "fatal")


class Line(NamedTuple):
    """A serious line of an entity's own log."""

    step: int
    text: str
    times: int
    first_at: datetime | None
    """When it was first written within the window that was asked for; None where not all of that was read, as of pods
    that are younger."""

    @property
    def quoted(self) -> str:
        """It as it can stand between quotation marks, cut where it is long."""
        text = " ".join(self.text.replace('"', "'").split())
        return text if len(text) <= _QUOTED else text[:_QUOTED].rsplit(" ", 1)[0]


def error_log_checks(target: Target, view: View) -> Iterator[Check]:
    """Its errors as Datadog has them; where not a line of it has reached Datadog, what its containers wrote."""
    service = f"service:{target.name} env:{target.environment}"
    errors = {"query": f"{service} status:error", "minutes": _MINUTES}
    yield Check(tool="datadog_logs", arguments=errors, reason="which errors it logs")
    if not _was_asked(view, errors) or _lines_read(view, errors):
        return
    anything = {"query": service, "minutes": _MINUTES, "limit": 50}
    if view.answer("datadog_logs", **errors) is not None:
        reason = "whether any line of it reaches Datadog"
        yield Check(tool="datadog_logs", arguments=anything, reason=reason)
        if not _was_asked(view, anything) or _lines_read(view, anything):
            return
    yield target.ask("kubernetes_logs", "what its containers write", workload=target.name)


def _was_asked(view: View, arguments: Json) -> bool:
    return any(
        s.check.tool == "datadog_logs" and s.check.arguments == arguments for s in view.case.steps
    )


def _lines_read(view: View, arguments: Json) -> int:
    found = view.answer("datadog_logs", **arguments)
    return int(found.data.get("total") or 0) if found is not None else 0


def trouble_checks(target: Target, view: View) -> Iterator[Check]:
    """Whether something below the subject is in trouble itself."""
    if target.name != view.subject.name and target.flavour == SERVICE:
        yield target.metric("trace.http.request.duration", f"whether {target.name} is slow")
        yield target.metric("trace.http.request.errors", f"whether {target.name} fails", by="sum")


def unharmed(target: Target, view: View) -> Iterator[Sign]:
    """That something below the subject is well: what was changed there did no harm."""
    errors = view.metric("trace.http.request.errors", target)
    slow = view.metric("trace.http.request.duration", target)
    if target.name == view.subject.name or errors is None or slow is None:
        return
    if not errors.risen and slow.rise < _ORDINARY:
        text = f"{target.name} neither fails more nor answers slower than before"
        yield Sign(errors.step, text, -DECISIVE, also=(slow.step,))


def error_lines(target: Target, view: View) -> Iterator[Line]:
    """The errors and warnings of an entity, from Datadog and from its containers: those read first, the most frequent
    first, so that what is quoted stays the same while more is read."""
    shipped = (
        _line(answer, template, whole=_is_whole(answer.data))
        for answer in view.answers("datadog_logs")
        for template in answer.data.get("templates") or []
        if template.get("service") == target.name and _is_serious(template)
    )
    written = (
        _line(answer, template, whole=False)
        for answer in view.answers("kubernetes_logs", workload=target.name)
        for template in answer.data.get("templates") or []
        if _is_serious(template) or _TROUBLE.search(str(template.get("example")))
    )
    yield from sorted((*shipped, *written), key=lambda line: (line.step, -line.times))


def _is_serious(template: Json) -> bool:
    return str(template.get("level")).lower() in _SERIOUS


def _is_whole(data: Json) -> bool:
    """Whether all lines that match were read, not the latest of them alone."""
    read = sum(int(t.get("count") or 0) for t in data.get("templates") or [])
    return int(data.get("total") or 0) <= read


def _line(answer: Found, template: Json, *, whole: bool) -> Line:
    text, times = str(template.get("example") or ""), int(template.get("count") or 1)
    return Line(answer.step, text, times, time_of(template.get("first_at")) if whole else None)
