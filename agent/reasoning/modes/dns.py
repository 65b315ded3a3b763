"""Failure mode of name resolution: what all services of a cluster lean on, and none names as its dependency."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, Check, Json
from agent.reasoning.modes.changes import resources_fix
from agent.reasoning.modes.connections import UNRESOLVED, complaints
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import counted, events_check, failing, pods_of, told
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import View

_HOST = re.compile(
    r"(?:lookup|UnknownHostException:|EAI_AGAIN|ENOTFOUND|resolution:|resolve host:?)\s+([\w.-]+\.[\w-]+)"
)
_NAMESPACE = "kube-system"
_NAMES = ("coredns", "kube-dns")
"""What the cluster's DNS is called: by kubeadm, EKS, AKS and k3s; by GKE."""
_QUERY = (
    'env:{environment} ("no such host" OR "name resolution" OR EAI_AGAIN OR ENOTFOUND'
    " OR UnknownHostException)"
)


def dns_servers(view: View) -> Iterator[Target]:
    """The cluster's DNS, when the subject cannot resolve names."""
    if not any(complaints(view, UNRESOLVED, view.subject.name)):
        return
    known = [n for n in _NAMES if view.answer("kubernetes_workload", name=n)]
    yield view.target((known or _NAMES)[0], _NAMESPACE)


def _checks(target: Target, view: View) -> Iterator[Check]:
    if view.workload(target) is None:
        yield target.ask("kubernetes_workload", "how the cluster's DNS is", name=target.name)
    yield from events_check(target, view)
    yield Check(
        tool="datadog_logs",
        arguments={"query": _wide_query(view), "minutes": 60},
        reason="who else cannot resolve names",
    )


def _wide_query(view: View) -> str:
    return _QUERY.format(environment=view.environment)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _complaint_signs(target, view)
    pods = pods_of(target, view)
    if pods is None:
        return
    ill = failing(target, view)
    if not ill:
        yield Sign(pods[0], f"all {len(pods[1])} pods of {target.name} are ready", -FAIR)
        return
    yield Sign(pods[0], f"{counted(target, view, ill)}: {_how(ill[0])}", DECISIVE)
    yield from told(target, view, ("BackOff", "Unhealthy", "OOMKilling", "Failed"), ".", FAIR)


def _how(pod: Json) -> str:
    last = pod.get("last_state") or {}
    text = f"{pod['name']} is not ready"
    if pod.get("reason"):
        text += f" ({pod['reason']})"
    if last.get("reason"):
        text += f", it last ended {last['reason']} and was restarted {pod['restarts']} times"
    return text


def _complaint_signs(target: Target, view: View) -> Iterator[Sign]:
    found = list(complaints(view, UNRESOLVED))
    if not found:
        return
    first = next((c for c in found if c.service == view.subject.name), found[0])
    text = f'{first.service} logs {first.lines} lines like: "{first.quoted}"'
    yield Sign(first.step, text, STRONG)
    by_step: dict[int, list[str]] = {}
    for complaint in found:
        by_step.setdefault(complaint.step, []).append(complaint.service)
    step, services = max(by_step.items(), key=lambda each: len(set(each[1])))
    others = sorted(set(services))
    if len(others) > 1:
        text = f"{len(others)} services cannot resolve names: {', '.join(others)}"
        yield Sign(step, text, STRONG)
    asked = view.answer("datadog_logs", query=_wide_query(view))
    hosts = {host for complaint in found if (host := _host(complaint.example))}
    if asked is not None and len(hosts) == 1:
        text = f"all of it is about one name, {hosts.pop()}, which may be gone itself"
        yield Sign(asked.step, text, -DECISIVE)


def _host(line: str) -> str:
    """The name that could not be resolved, as far as the line tells it."""
    matched = _HOST.search(line)
    return matched[1].lower().rstrip(".:,") if matched else ""


def _is_out_of_memory(target: Target, view: View) -> bool:
    return any(
        (p.get("last_state") or {}).get("reason") == "OOMKilled" for p in failing(target, view)
    )


def _fixes(target: Target, view: View) -> Iterator[Change]:
    if _is_out_of_memory(target, view):
        yield from resources_fix(target, view, memory=True)


def _advice(target: Target, view: View) -> Iterator[str]:
    if _is_out_of_memory(target, view):
        yield f"Raise the memory limit of {target.name} in {_NAMESPACE}, or add replicas of it"
    elif failing(target, view):
        yield f"See why the pods of {target.name} in {_NAMESPACE} fail: its Corefile, its upstream, its nodes"
    else:
        yield (
            f"See what {target.name} in {_NAMESPACE} forwards to, and how much is asked of it (ndots, a local cache)"
        )


DNS_FAILURE = Mode(
    id="dns_failure",
    short="name resolution",
    words=frozenset({"dns", "coredns", "resolve"}),
    statement="{name}, the DNS of the cluster, does not answer as it should",
    prior=-1.6,
    flavours=frozenset({SERVICE}),
    elsewhere=dns_servers,
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (DNS_FAILURE,)
