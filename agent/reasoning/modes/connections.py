"""What services say of connections that fail, and the network that Kubernetes makes between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.model import Check, Json
from agent.reasoning.modes.mode import FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import pods_of
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Found, View, time_of
from agent.reasoning.modes.wording import clock

REFUSED = re.compile(
    r"connection refused|ECONNREFUSED|no healthy upstream|no endpoints available|no route to host",
    re.IGNORECASE,
)
TIMED_OUT = re.compile(
    r"i/o timeout|connect(?:ion)? timed out|connect timeout|ETIMEDOUT|context deadline exceeded"
    r"|ConnectTimeout|connection attempt failed",
    re.IGNORECASE,
)
UNRESOLVED = re.compile(
    r"no such host|failure in name resolution|EAI_AGAIN|ENOTFOUND|UnknownHostException"
    r"|Name or service not known|could not resolve host|lookup \S+ .*(?:timeout|misbehaving)",
    re.IGNORECASE,
)
UNTRUSTED = re.compile(
    r"x509:|certificate has expired|CERT_HAS_EXPIRED|CertificateExpired|certificate verify failed"
    r"|PKIX path|bad certificate|certificate is not yet valid",
    re.IGNORECASE,
)
_ANY = (REFUSED, TIMED_OUT, UNRESOLVED, UNTRUSTED)
_QUOTED = 200
_BEFORE, _AFTER = timedelta(minutes=60), timedelta(minutes=5)


class Complaint(NamedTuple):
    """Log lines of a service that say the same."""

    step: int
    service: str
    lines: int
    example: str
    since: datetime | None

    @property
    def quoted(self) -> str:
        """The example as it may stand between quotation marks."""
        text = " ".join(self.example.replace('"', "'").split())
        return text if len(text) <= _QUOTED else text[:_QUOTED].rsplit(" ", 1)[0]


def errors_check(target: Target) -> Check:
    """The check that reads the errors that an entity logs."""
    query = f"service:{target.name} env:{target.environment} status:error"
    return Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason="which errors it logs",
    )


def complaints(view: View, pattern: re.Pattern[str], service: str = "") -> Iterator[Complaint]:
    """What services (one, or all) log that fits a pattern, in the order in which it was read."""
    for found in reversed(list(view.answers("datadog_logs"))):
        for template in found.data.get("templates") or []:
            line, by = str(template.get("example") or ""), str(template.get("service") or "")
            if pattern.search(line) and service in ("", by):
                number, since = int(template.get("count") or 1), time_of(template.get("first_at"))
                yield Complaint(found.step, by, number, line, since)
        for rare in found.data.get("rare") or []:
            line, by = str(rare.get("line") or ""), str(rare.get("service") or "")
            if pattern.search(line) and service in ("", by):
                yield Complaint(found.step, by, 1, line, time_of(rare.get("at")))


def complaint_on(target: Target, view: View, *patterns: re.Pattern[str]) -> Complaint | None:
    """What the subject says of failing connections to an entity, or to nobody by name."""
    unnamed = None
    others = [d.name for d in view.dependencies(view.subject.name) if d.name != target.name]
    for pattern in patterns:
        for found in complaints(view, pattern, view.subject.name):
            if _names(target.name, found.example):
                return found
            if not any(_names(other, found.example) for other in others):
                unnamed = unnamed or found
    return unnamed


def _names(entity: str, line: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(entity)}(?![\w-])", line))


def complaint_signs(
    target: Target, view: View, step: int, weight: float, *patterns: re.Pattern[str]
) -> Iterator[Sign]:
    """That the subject says so, told together with the step that shows what bars the way."""
    found = complaint_on(target, view, *patterns)
    if found is not None:
        lines = f"{found.lines} lines" if found.lines > 1 else "a line"
        text = f'{found.service} logs {lines} like: "{found.quoted}"'
        yield Sign(found.step, text, weight, also=(step,))


# --- the network of Kubernetes ------------------------------------------------------------------


def network_checks(target: Target, _: View) -> Iterator[Check]:
    """The one look at Services, policies and certificates of a namespace."""
    yield target.ask("kubernetes_network", "what leads to its pods, and what bars the way")


def network_of(target: Target, view: View) -> Found | None:
    """The network of the target's namespace."""
    return view.answer("kubernetes_network", namespace=target.namespace)


def service_of(target: Target, view: View) -> tuple[int, Json] | None:
    """The step and the Service that leads to the target, or is meant to."""
    found = network_of(target, view)
    services = found.data.get("services") or [] if found else []
    for service in services:
        if found and service.get("name") == target.name:
            return found.step, service
    for service in services:
        near = [n.get("workload") for n in service.get("nearly") or []]
        if found and target.name in (*(service.get("selects") or []), *near[:1]):
            return found.step, service
    return None


def changed_signs(step: int, what: str, thing: Json, view: View) -> Iterator[Sign]:
    """When an object was last written by a person or tool, against the onset of what alerted."""
    at, by = time_of(thing.get("changed_at")), thing.get("changed_by")
    if at is None or not by or at < view.symptom_onset - _BEFORE:
        return
    text = f"{what} was changed at {clock(at)} by {by}"
    if at <= view.symptom_onset + _AFTER:
        yield Sign(step, text, FAIR, onset=at)
    else:
        yield Sign(step, f"{text}, after the symptom began", -STRONG)


def pods_are_well(target: Target, view: View, step: int) -> Iterator[Sign]:
    """That it is not for its pods that nobody reaches it, told together with the step that shows what it is for."""
    pods = pods_of(target, view)
    if pods and pods[1] and all(p.get("ready") for p in pods[1]):
        text = f"all {len(pods[1])} pods of {target.name} are ready"
        yield Sign(pods[0], text, FAIR, also=(step,))


# --- connections that fail for a reason not known yet -------------------------------------------


def _checks(target: Target, _: View) -> Iterator[Check]:
    yield errors_check(target)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    asked = errors_check(target).arguments["query"]
    found = view.answer("datadog_logs", query=asked)
    if found is None:
        return
    for pattern in _ANY:
        for told in complaints(view, pattern, target.name):
            text = f'{target.name} logs {told.lines} lines like: "{told.quoted}"'
            yield Sign(told.step, text, FAIR)
            return
    yield Sign(
        found.step, f"no error that {target.name} logs is of a failing connection", -STRONG - WEAK
    )


CONNECTIONS_FAIL = Mode(
    id="connections_fail",
    short="failing connections",
    words=frozenset({"connection"}),
    statement="{name} cannot connect to something that it needs",
    prior=-2.4,
    flavours=frozenset({SERVICE}),
    checks=_checks,
    signs=_signs,
)
MODES = (CONNECTIONS_FAIL,)
