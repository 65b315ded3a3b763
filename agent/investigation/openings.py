"""The starting points of an investigation: what is asked, all at once, before the first thought."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.investigation.words import words
from agent.model import Case, Check
from agent.tools import Registry

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,}")
_STOP_WORDS = words("stop_words")
DEFAULT_NAMESPACE = "production"
OPEN_WITHIN_HOURS = 72
"""An incident that has been open for longer was forgotten rather than is going on."""


def opening_checks(case: Case, registry: Registry) -> tuple[Check, ...]:
    """The first look-ups about what ``case.signal`` concerns, of those that the registry can do."""
    return tuple(c for c in _openings(case) if c.tool in registry)


def _openings(case: Case) -> Iterator[Check]:
    service = case.signal.service
    namespace = case.signal.namespace or case.signal.environment or DEFAULT_NAMESPACE
    environment = case.signal.environment or namespace
    if service:
        yield _check("kubernetes_workload", "what it is and how it is", namespace, name=service)
        yield _check("kubernetes_events", "what Kubernetes reports on it", namespace, name=service)
        yield Check(
            tool="datadog_dependencies",
            arguments={"service": service, "environment": environment},
            reason="whom it calls and who calls it",
        )
        yield Check(
            tool="datadog_monitors", arguments={"service": service}, reason="which alerts are on"
        )
        yield Check(
            tool="datadog_monitors",
            arguments={"state": "Alert"},
            reason="which alerts are on elsewhere, among what it depends on above all",
        )
        yield Check(
            tool="pagerduty_incidents",
            arguments={"service": service},
            reason="whether this happened before",
        )
        yield Check(
            tool="past_investigations",
            arguments={"service": service, "symptoms": case.signal.title},
            reason="whether something like it was investigated",
        )
        if case.entities:  # else the graph does not know it, and there is no journal of it
            yield Check(
                tool="graph_changes",
                arguments={"entity": service, "environment": environment},
                reason="what is known to have changed at it and around it",
            )
    else:
        yield Check(tool="datadog_monitors", reason="which alerts are on, to see what it is about")
    yield Check(
        tool="pagerduty_incidents",
        arguments={"statuses": "triggered,acknowledged", "hours": OPEN_WITHIN_HOURS},
        reason="which incidents are open, of any service",
    )
    yield _check("kubernetes_rollouts", "what was rolled out", namespace)
    yield _check("kubernetes_changes", "what else was changed", namespace)
    yield _check("kubernetes_jobs", "which jobs run", namespace)
    yield Check(
        tool="slack_discussions",
        arguments={"words": _words(case)},
        reason="what people said about it",
    )


def _check(tool: str, reason: str, namespace: str, **arguments: str) -> Check:
    return Check(tool=tool, arguments={"namespace": namespace, **arguments}, reason=reason)


def _words(case: Case) -> str:
    if case.signal.service:
        return case.signal.service
    told = [w for w in _WORDS.findall(case.signal.title) if w.lower() not in _STOP_WORDS]
    return " ".join(told[:4]) or "incident"
