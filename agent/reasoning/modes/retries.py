"""A retry storm: calls that fail are made again, and the repetitions keep the callee from recovering."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, ChangeKind, Check, Entity, Json
from agent.reasoning.modes.changes import replicas_fix
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.traces import Traced, traced, traces_check
from agent.reasoning.modes.view import Found, View
from agent.reasoning.modes.wording import clock, share, times

_ATTEMPTS, _REPEATED = 1.3, 0.2
"""Calls a request, and the share of calls that repeat a failed one, from which it is a storm."""
_MORE, _FLAT = 1.6, 1.25
_SETTING = re.compile(r"(?:RETR(?:Y|IES)|ATTEMPTS)", re.IGNORECASE)
_NO_COUNT = re.compile(r"(?:MS|SECONDS|DELAY|BACKOFF|TIMEOUT|INTERVAL)", re.IGNORECASE)
_SENSIBLE_ATTEMPTS = 2


def _storms(found: Traced) -> Iterator[Json]:
    """The calls at or below the subject that are repeated much."""
    for call in found.calls:
        repeated = float(call.get("repeated_ratio") or 0.0)
        if float(call.get("attempts") or 1.0) >= _ATTEMPTS and repeated >= _REPEATED:
            yield call


def _places(view: View) -> Iterator[Target]:
    if view.subject.flavour == SERVICE:
        yield view.subject
    found = traced(view)
    if found is None:
        return
    near = set(found.below())
    callees = (str(c["callee"]) for c in _storms(found))
    yield from (view.target(s) for s in dict.fromkeys(callees) if s in near)


def _callers(target: Target, view: View) -> list[Target]:
    found = traced(view)
    calls = found.calls_of(target.name) if found else []
    return [view.target(str(c["caller"])) for c in calls]


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from traces_check(view)
    if target.flavour == SERVICE:
        yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")
    found = traced(view)
    if found is None or not any(c["callee"] == target.name for c in _storms(found)):
        return
    for caller in _callers(target, view):
        yield caller.metric(
            "trace.http.request.hits", f"whether more is asked of {caller.name}", by="sum"
        )
        if (workload := view.workload(caller)) is None:
            yield caller.ask("kubernetes_workload", "how often it tries again", name=caller.name)
        for name in (workload.data.get("config_maps") or [])[:2] if workload else ():
            yield caller.ask("kubernetes_config", "how often it tries again", name=name)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    found = traced(view)
    if found is None:
        return
    calls = [c for c in _storms(found) if c["callee"] == target.name]
    if not calls:
        text = f"calls of {target.name} are not made again and again"
        yield Sign(found.step, text, -DECISIVE)
        return
    worst = max(calls, key=lambda c: float(c["attempts"]))
    text = (
        f"{worst['caller']} calls {target.name} {float(worst['attempts']):.1f} times a request;"
        f" {share(float(worst['repeated_ratio']))} of the calls repeat one that failed"
    )
    yield Sign(found.step, text, DECISIVE)
    yield from _load_signs(target, view.target(str(worst["caller"])), view)
    yield from _setting_signs(target, view)


def _load_signs(target: Target, caller: Target, view: View) -> Iterator[Sign]:
    """More reaches the callee than its caller is asked for."""
    load, above = (view.metric("trace.http.request.hits", t) for t in (target, caller))
    if load is None or load.onset is None or load.rise < _MORE:
        return
    text = (
        f"requests to {target.name} are {times(load.rise)} their baseline since {clock(load.onset)}"
    )
    yield Sign(load.step, text, FAIR, onset=load.onset)
    if above is not None and above.rise <= _FLAT:
        text = f"{caller.name} itself gets no more requests than before ({times(above.rise)} its baseline)"
        yield Sign(above.step, text, STRONG, also=(load.step,))
    elif above is not None and above.risen:
        text = f"{caller.name} gets more requests itself"
        yield Sign(above.step, text, -STRONG, also=(load.step,))


def _settings(target: Target, view: View) -> Iterator[tuple[Target, Found, str, int]]:
    """The settings of its callers that say how often they try."""
    for caller in _callers(target, view):
        workload = view.workload(caller)
        for name in workload.data.get("config_maps") or [] if workload else ():
            config = view.config(name)
            values = (config.data.get("values") or {}) if config else {}
            for key, value in values.items():
                is_count = _SETTING.search(key) and not _NO_COUNT.search(key)
                if config and is_count and str(value).isdigit() and int(value) > _SENSIBLE_ATTEMPTS:
                    yield caller, config, key, int(value)


def _setting_signs(target: Target, view: View) -> Iterator[Sign]:
    for caller, config, key, value in _settings(target, view):
        yield Sign(config.step, f"{caller.name} is set to {key}={value}", WEAK)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    for caller, config, key, _ in _settings(target, view):
        workload = view.workload(caller)
        arguments = {"key": key, "value": str(_SENSIBLE_ATTEMPTS)}
        provenance = {
            "target": f"step:{config.step}",
            "key": f"step:{config.step}",
            "value": f"computed:step:{config.step}",
        }
        if workload and str(workload.data.get("kind")) == "Deployment":
            arguments["restart"] = caller.name
            provenance["restart"] = f"step:{workload.step}"
        yield Change(
            kind=ChangeKind.CONFIG_VALUE,
            target=Entity(
                name=str(config.data["name"]),
                kind="configmap",
                namespace=caller.namespace,
                environment=caller.environment,
            ),
            arguments=arguments,
            provenance=provenance,
        )
    yield from replicas_fix(target, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    callers = ", ".join(dict.fromkeys(c.name for c in _callers(target, view)))
    yield f"Give the retries of {callers} a budget and a backoff with jitter, and stop them while {target.name} fails"
    yield f"If {target.name} does not recover, shed load in front of it until the queue of repetitions is gone"


STORM = Mode(
    id="retry_storm",
    short="a retry storm",
    words=frozenset({"retry", "retries"}),
    statement="calls of {name} that fail are made again and again, and keep it overloaded",
    prior=-1.8,
    flavours=frozenset({SERVICE}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    elsewhere=_places,
    refines=frozenset({"traffic_surge", "dependency_latency_or_errors", "dependency_errors"}),
)
MODES = (STORM,)
