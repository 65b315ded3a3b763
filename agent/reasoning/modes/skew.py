"""A clock that goes wrong: a node whose time drifted, so that what its pods sign or check is early or late."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Check
from agent.reasoning.modes.complaints import Line, error_lines, error_log_checks
from agent.reasoning.modes.mode import DECISIVE, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import pods_of, workload_check
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import View

_EARLY = re.compile(
    r"used before issued|(?<!expired or is )not yet valid|not yet valid: current time \S+ is before"
    r"|not valid (?:yet|before)|(?:issued|iat\b.*) (?:in|is in) the future"
    r"|clock (?:is )?(?:skew|drift|behind|ahead|off)|TimeTooSkewed|\bclock skew\b",
    re.I,
)
"""How programs say that a moment cannot be: JWT libraries, TLS, S3, Kerberos."""
_TIME_PROBLEM = re.compile(r"NTP|Clock|Chrony|TimeSync", re.I)
"""Conditions of nodes, as node-problem-detector has them, that are about time."""


def _line(target: Target, view: View) -> Line | None:
    return next((x for x in error_lines(target, view) if _EARLY.search(x.text)), None)


def _arises(target: Target, view: View) -> bool:
    return _line(target, view) is not None


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from workload_check(target, view)
    yield from error_log_checks(target, view)
    yield Check(tool="kubernetes_nodes", reason="whether the clock of a node is wrong")


def skewed_nodes(target: Target, view: View) -> tuple[int, list[tuple[str, str]]] | None:
    """The step that read the nodes, and those of the entity whose time is wrong with the condition that says so."""
    found, pods = view.answer("kubernetes_nodes"), pods_of(target, view)
    if found is None:
        return None
    homes = {p.get("node") for p in pods[1]} if pods else set()
    return found.step, [
        (str(node["name"]), str(condition))
        for node in found.data.get("nodes") or []
        if node.get("name") in homes
        for condition in node.get("pressures") or []
        if _TIME_PROBLEM.search(str(condition))
    ]


def _signs(target: Target, view: View) -> Iterator[Sign]:
    line = _line(target, view)
    if line is None:
        return
    text = f'{target.name} logs {line.times} times: "{line.quoted}"'
    yield Sign(line.step, text, STRONG, onset=line.first_at)
    found = skewed_nodes(target, view)
    if found is None:
        return
    step, nodes = found
    for node, condition in nodes[:1]:
        text = f"node {node}, which runs a pod of {target.name}, reports {condition}"
        yield Sign(step, text, DECISIVE)
    if not nodes:
        text = f"no node of {target.name} reports that its time is wrong"
        yield Sign(step, text, -WEAK)


def _advice(target: Target, view: View) -> Iterator[str]:
    _, nodes = skewed_nodes(target, view) or (0, [])
    if nodes:
        yield (
            f"Set the clock of node {nodes[0][0]} right (chronyd or NTP), or cordon it and move the pods of"
            f" {target.name} away"
        )
    else:
        yield f"Compare the clocks of the nodes of {target.name} with NTP, and of who signs what it checks"


CLOCK_SKEW = Mode(
    id="clock_skew",
    short="a clock that is wrong",
    words=frozenset({"clock", "ntp"}),
    statement="the clock of a node of {name} is wrong",
    prior=-2.2,
    flavours=frozenset({SERVICE}),
    below=True,
    arises=_arises,
    refines=frozenset({"dependency_errors", "dependency_latency_or_errors", "node_pressure"}),
    checks=_checks,
    signs=_signs,
    advice=_advice,
)
MODES = (CLOCK_SKEW,)
