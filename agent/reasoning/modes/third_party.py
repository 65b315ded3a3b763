"""Somebody else's API refuses: too many requests, a quota used up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Check, Json
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.traces import Traced, traced, traces_check, traces_of
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, times

_TOO_MANY = "429"
_REFUSED = re.compile(
    r"\b429\b|too many requests|rate.?limit|quota (?:is )?exceeded|throttl", re.IGNORECASE
)
_RETRY_AFTER = re.compile(r"retry-?after[\"':=\s]+(\d+)", re.IGNORECASE)
_NOTABLE = 0.05
_MOST_QUOTED = 100
"""Short enough to leave out what differs from line to line."""


def _spans(target: Target, view: View) -> Traced | None:
    own = traces_of(target.name, view)
    return own or traced(view)


def _peers(target: Target, view: View) -> list[Json]:
    found = _spans(target, view)
    return found.peers_of(target.name) if found else []


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from traces_check(view)
    if not _peers(target, view):
        return
    yield target.metric(
        "trace.http.client.request.errors", "whether outside APIs refuse it", by="sum"
    )
    query = f"service:{target.name} env:{target.environment} status:(error OR warn)"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason=f"what {target.name} says of the APIs that it calls",
    )


def _refused(peer: Json) -> int:
    return int((peer.get("statuses") or {}).get(_TOO_MANY, 0))


def _signs(target: Target, view: View) -> Iterator[Sign]:
    found = _spans(target, view)
    peers = found.peers_of(target.name) if found else []
    if found is None or not peers:
        return
    worst = max(peers, key=_refused)
    refused, calls = _refused(worst), int(worst["count"])
    if refused < max(2, _NOTABLE * calls):
        if _line(target, view) is not None:  # a sample of calls can miss what every log line tells
            yield from _logged(target, view, found.step, STRONG)
            return
        text = f"{worst['value']} does not refuse {target.name} ({refused} of {calls} calls answered with {_TOO_MANY})"
        yield Sign(found.step, text, -STRONG)
        return
    text = f"{worst['value']} answered {refused} of {calls} sampled calls of {target.name} with HTTP {_TOO_MANY} (too many requests)"
    yield Sign(found.step, text, DECISIVE)
    errors = view.metric("trace.http.client.request.errors", target)
    if errors is not None and errors.onset is not None and errors.rise >= 2.0:
        text = f"failed calls of outside APIs by {target.name} are {times(errors.rise)} their baseline since {clock(errors.onset)}"
        yield Sign(errors.step, text, STRONG, onset=errors.onset)
    yield from _logged(target, view, found.step, FAIR)


def _line(target: Target, view: View) -> tuple[int, str] | None:
    for found in view.answers("datadog_logs"):
        for template in found.data.get("templates") or []:
            example = str(template.get("example"))
            if template.get("service") == target.name and _REFUSED.search(example):
                return found.step, " ".join(example.replace('"', "'").split())
    return None


def _logged(target: Target, view: View, traces: int, weight: float) -> Iterator[Sign]:
    if (line := _line(target, view)) is not None:
        text = f'{target.name} logs: "{line[1][:_MOST_QUOTED]}"'
        yield Sign(line[0], text, weight, also=(traces,))


def _advice(target: Target, view: View) -> Iterator[str]:
    peers = _peers(target, view)
    if not peers:
        return
    host = max(peers, key=_refused)["value"]
    yield f"Ask the provider of {host} for a higher quota or rate limit, or move to a larger plan"
    line = _line(target, view)
    told = _RETRY_AFTER.search(line[1]) if line else None
    wait = f" (it asks for {told[1]} s)" if told else ""
    yield f"Have {target.name} back off as Retry-After says{wait} and shed or queue what can wait"


RATE_LIMIT = Mode(
    id="third_party_rate_limit",
    short="a third party's rate limit",
    words=frozenset({"quota", "rate limit", "429", "provider"}),
    statement="an API outside the company refuses {name}: its rate limit or quota is used up",
    prior=-2.2,
    flavours=frozenset({SERVICE}),
    checks=_checks,
    signs=_signs,
    advice=_advice,
    below=True,
    refines=frozenset({"dependency_latency_or_errors", "dependency_errors"}),
)
MODES = (RATE_LIMIT,)
