"""What else goes on around what alerted: alerts and open incidents of its neighbours, and what the graph's journal tells.

Each is a hint at an entity whatever its failure mode, so it weighs little: the neighbour may be a victim as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from agent.reasoning.modes.mode import WEAK, Role, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_IN_TROUBLE = WEAK / 2
_CHANGED = WEAK / 5
"""The rollout or the setting itself, where Kubernetes tells of it, has its own signs and its place in the prior."""
_BEFORE = timedelta(hours=2)
_OPEN = ("triggered", "acknowledged")
_TAG = re.compile(r"\b(service|env|kube_namespace|kube_deployment|kube_stateful_set):([\w.-]+)")
_LONGEST = 120


def trouble_beside(target: Target, view: View) -> Iterator[Sign]:
    """Signs of trouble at an entity other than the one that alerted, and what changed at it before."""
    if target.name == view.subject.name:
        return
    yield from _alerts(target, view)
    yield from _incidents(target, view)
    yield from _journal(target, view)


def _alerts(target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("datadog_monitors", state="Alert"):
        for monitor in found.data.get("monitors") or []:
            if _is_of(str(monitor.get("query") or ""), target):
                text = f'monitor "{_plain(monitor.get("name"))}" of {target.name} alerts as well'
                yield Sign(found.step, text, _IN_TROUBLE, Role.CONTEXT)
                return


def _is_of(query: str, target: Target) -> bool:
    tags = dict(_TAG.findall(query))
    if tags.get("env", target.environment) != target.environment:
        return False
    return target.name in (v for k, v in tags.items() if k not in ("env", "kube_namespace"))


def _incidents(target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("pagerduty_incidents"):
        for incident in found.data.get("incidents") or []:
            if incident.get("service") == target.name and incident.get("status") in _OPEN:
                text = f"incident #{incident['number']} is open at {target.name}: {_quoted(incident.get('title'))}"
                yield Sign(found.step, text, _IN_TROUBLE, Role.CONTEXT)
                return


def _journal(target: Target, view: View) -> Iterator[Sign]:
    """The last change at the entity within two hours before the symptom."""
    onset = view.symptom_onset
    for found in view.answers("graph_changes"):
        for change in found.data.get("changes") or []:  # the latest first
            at = time_of(change.get("at"))
            own = change.get("name") == target.name and change.get("what")
            if own and at is not None and onset - _BEFORE <= at <= onset:
                text = f"at {clock(at)} the graph's journal has of {target.name}: {_quoted(change['what'])}"
                yield Sign(found.step, text, _CHANGED, Role.CONTEXT)
                return


def _plain(text: object) -> str:
    return str(text).replace('"', "'")


def _quoted(text: object) -> str:
    """The beginning of a text as a quotation, cut between words."""
    line = " ".join(_plain(text).split())
    if len(line) > _LONGEST:
        line = line[:_LONGEST].rsplit(" ", 1)[0]
    return f'"{line}"'
