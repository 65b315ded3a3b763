"""Failure modes of the ways between workloads: Services that lead nowhere, policies that bar the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, Check, Json
from agent.reasoning.modes.connections import (
    REFUSED,
    TIMED_OUT,
    changed_signs,
    complaint_on,
    complaint_signs,
    network_checks,
    network_of,
    pods_are_well,
    service_of,
)
from agent.reasoning.modes.mode import DECISIVE, STRONG, Mode, Sign
from agent.reasoning.modes.releases import rollouts_of
from agent.reasoning.modes.rollouts import back_from
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_SERVED = frozenset({SERVICE, CACHE, DATABASE, QUEUE})
_UNREACHED = re.compile(r"unreachable|no endpoints|refused|timed? ?out|probe|\b503\b", re.I)
_FALLEN = 0.5


def _is_unreached(target: Target, view: View) -> bool:
    """Whether an entity may be one that nobody reaches: callers say so, or it is asked less all at once."""
    if target.name != view.subject.name:
        return complaint_on(target, view, REFUSED, TIMED_OUT) is not None
    signal, load = view.case.signal, view.load_of(target)
    fell = load is not None and load.onset is not None and load.rise <= _FALLEN
    return fell or bool(_UNREACHED.search(f"{signal.title} {signal.text}"))


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from network_checks(target, view)
    if view.workload(target) is None:
        yield target.ask("kubernetes_workload", "how its pods are", name=target.name)
    if view.answer("kubernetes_rollouts") is None:
        yield target.ask("kubernetes_rollouts", "what was rolled out")


# --- selectors ----------------------------------------------------------------------------------


def _missing(service: Json) -> Json | None:
    """The workload that a Service nearly selects, with the labels in which it differs."""
    if service.get("selects") or not service.get("selector"):
        return None
    return next(iter(service.get("nearly") or []), None)


def _selector_signs(target: Target, view: View) -> Iterator[Sign]:
    found = service_of(target, view)
    if found is None:
        return
    step, service = found
    near = _missing(service)
    if near is None:
        text = f"Service {service['name']} selects the pods of {target.name}"
        yield Sign(step, text + _ready(service, ", {} endpoints are ready"), -DECISIVE)
        return
    wanted = ", ".join(f"{k}={service['selector'][k]}" for k in near["has"])
    pods = " and ".join(f"{k}={v}" if v else f"no {k}" for k, v in near["has"].items())
    text = f"Service {service['name']} wants pods with {wanted}, those of {near['workload']} have {pods}"
    yield Sign(step, text + _ready(service, ": it has {} endpoints"), DECISIVE)
    yield from complaint_signs(target, view, step, STRONG, REFUSED, TIMED_OUT)
    yield from changed_signs(step, f"Service {service['name']}", service, view)
    yield from pods_are_well(target, view, step)
    yield from _label_gone(target, view, near)


def _ready(service: Json, words: str) -> str:
    """How many endpoints are ready, in words; nothing where they may not be seen."""
    return "" if service.get("ready") is None else words.format(service["ready"])


def _label_gone(target: Target, view: View, near: Json) -> Iterator[Sign]:
    """That a rollout took the label away which the Service wants."""
    rollout = _took_away(target, view, near)
    if rollout is not None:
        step, told, line = rollout
        at = time_of(told.get("at"))
        text = f"revision {told['revision']} of {target.name} took the label '{line}' away"
        text += f", rolled out at {clock(at)}" if at else ""
        yield Sign(step, text, STRONG, onset=at)


def _took_away(target: Target, view: View, near: Json) -> tuple[int, Json, str] | None:
    found = rollouts_of(target, view)
    if found is None or not found[1]:
        return None
    for line in str(found[1][0].get("diff") or "").splitlines():
        text = line[1:].strip()
        if line.startswith("-") and text.partition(":")[0] in near["has"]:
            return found[0], found[1][0], text
    return None


def _selector_fixes(target: Target, view: View) -> Iterator[Change]:
    found = service_of(target, view)
    near = _missing(found[1]) if found else None
    if near is not None and _took_away(target, view, near):
        yield from back_from(target, view)


def _selector_advice(target: Target, view: View) -> Iterator[str]:
    found = service_of(target, view)
    near = _missing(found[1]) if found else None
    if found is not None and near is not None:
        labels = ", ".join(near["has"])
        yield (
            f"Have the selector of Service {found[1]['name']} and the labels of the pods of {near['workload']}"
            f" agree on {labels}; endpoints come back by themselves as soon as they do"
        )


# --- ports --------------------------------------------------------------------------------------


def _port_signs(target: Target, view: View) -> Iterator[Sign]:
    found = service_of(target, view)
    if found is None:
        return
    step, service = found
    wrong = [p for p in service.get("ports") or [] if p.get("listens") is False]
    if not wrong or not service.get("selects"):
        ports = ", ".join(f"{p['port']} to {p['target']}" for p in service.get("ports") or [])
        text = f"Service {service['name']} leads to ports that its pods have: {ports}"
        if not wrong:
            yield Sign(step, text, -DECISIVE)
        return
    port = wrong[0]
    have = ", ".join(f"{d['name'] or 'unnamed'}={d['port']}" for d in port.get("declared") or [])
    text = (
        f"port {port['port']} of Service {service['name']} leads to port {port['target']}, which no container"
        f" of {service['selects'][0]} has; they have {have or 'none'}"
    )
    yield Sign(step, text, DECISIVE)
    yield from complaint_signs(target, view, step, STRONG, REFUSED, TIMED_OUT)
    yield from changed_signs(step, f"Service {service['name']}", service, view)
    yield from pods_are_well(target, view, step)


def _port_advice(target: Target, view: View) -> Iterator[str]:
    found = service_of(target, view)
    ports = found[1].get("ports") or [] if found else []
    for port in ports:
        declared = next(iter(port.get("declared") or []), None)
        if found and port.get("listens") is False and declared:
            wanted = declared["name"] or declared["port"]
            yield (
                f"Set targetPort of port {port['port']} of Service {found[1]['name']} to {wanted},"
                f" it is {port['target']}"
            )
            return


# --- policies -----------------------------------------------------------------------------------


def _barring(target: Target, view: View) -> list[Json]:
    """The policies that bar the subject from the target; empty when some policy lets it pass."""
    found = network_of(target, view)
    policies = found.data.get("policies") or [] if found else []
    caller = view.subject.name
    entering = [p for p in policies if target.name in p["isolates"] and p["admits"] is not None]
    leaving = [p for p in policies if caller in p["isolates"] and p["reaches"] is not None]
    barring: list[Json] = []
    if entering and not any(caller in p["admits"] for p in entering):
        barring += entering
    if leaving and not any(target.name in p["reaches"] for p in leaving):
        barring += leaving
    return sorted(barring, key=lambda p: str(p.get("changed_at")), reverse=True)


def _hides_policies(network: Json) -> bool:
    return "networkpolicies" in (network.get("unseen") or [])


def _policy_signs(target: Target, view: View) -> Iterator[Sign]:
    found, caller = network_of(target, view), view.subject.name
    if found is None or caller == target.name or _hides_policies(found.data):
        return
    barring = _barring(target, view)
    if not barring:
        text = f"no network policy bars {caller} from {target.name}"
        yield Sign(found.step, text, -DECISIVE)
        return
    policy = barring[0]
    if target.name in policy["isolates"]:
        admitted = ", ".join(policy["admits"]) or "nobody"
        text = (
            f"NetworkPolicy {policy['name']} lets only {admitted} reach {target.name}, not {caller}"
        )
    else:
        reached = ", ".join(policy["reaches"]) or "nothing"
        text = (
            f"NetworkPolicy {policy['name']} lets {caller} reach only {reached}, not {target.name}"
        )
    yield Sign(found.step, text, DECISIVE)
    yield from complaint_signs(target, view, found.step, STRONG, TIMED_OUT, REFUSED)
    yield from changed_signs(found.step, f"NetworkPolicy {policy['name']}", policy, view)
    yield from pods_are_well(target, view, found.step)


def _policy_advice(target: Target, view: View) -> Iterator[str]:
    for policy in _barring(target, view)[:1]:
        yield (
            f"Let {view.subject.name} reach {target.name} in NetworkPolicy {policy['name']} of {target.namespace},"
            f" or take back what {policy['changed_by'] or 'somebody'} changed in it"
        )


SELECTOR_MISMATCH = Mode(
    id="service_selector_mismatch",
    short="a Service that selects no pods",
    words=frozenset({"selector", "endpoints"}),
    statement="the Service of {name} selects none of its pods",
    prior=-1.6,
    flavours=_SERVED,
    arises=_is_unreached,
    checks=_checks,
    signs=_selector_signs,
    fixes=_selector_fixes,
    advice=_selector_advice,
    below=True,
)
PORT_MISMATCH = Mode(
    id="service_port_mismatch",
    short="a Service that leads to a wrong port",
    words=frozenset({"port", "targetport"}),
    statement="the Service of {name} leads to a port on which its pods do not listen",
    prior=-1.6,
    flavours=_SERVED,
    arises=_is_unreached,
    checks=_checks,
    signs=_port_signs,
    advice=_port_advice,
    below=True,
)
NETWORK_POLICY = Mode(
    id="network_policy",
    short="a network policy",
    words=frozenset({"policy", "networkpolicy"}),
    statement="a network policy bars the way to {name}",
    prior=-1.6,
    flavours=_SERVED,
    arises=_is_unreached,
    checks=_checks,
    signs=_policy_signs,
    advice=_policy_advice,
    below=True,
)
MODES = (SELECTOR_MISMATCH, PORT_MISMATCH, NETWORK_POLICY)
