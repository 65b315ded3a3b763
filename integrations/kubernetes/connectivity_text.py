"""Services, policies, certificates, autoscalers and budgets as compact text; what is in trouble comes first."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Json
from integrations.text import clock, parse_time, utc_now

_FEW = 3
"""More services than this in good order are only named."""


def network_lines(data: Json) -> Iterator[str]:
    """What ``kubernetes_network`` shows."""
    if data["unseen"]:
        yield f"may not be seen: {', '.join(data['unseen'])}"
    yield from map(_certificate_line, sorted(data["certificates"], key=_expiry))
    ill = [s for s in data["services"] if _is_ill(s)]
    well = [s for s in data["services"] if s not in ill]
    yield from map(_service_line, [*ill, *well] if len(well) <= _FEW else ill)
    yield from map(_policy_line, data["policies"])
    if len(well) > _FEW:
        yield f"services with ready endpoints: {', '.join(s['name'] for s in well)}"
    for ingress in data["ingresses"]:
        yield (
            f"ingress {ingress['name']}: {', '.join(ingress['hosts']) or '*'} ->"
            f" {', '.join(ingress['services'])}, TLS: {', '.join(ingress['tls_secrets']) or 'none'}"
        )


def _expiry(certificate: Json) -> str:
    return str(certificate["not_after"] or "")


def _is_ill(service: Json) -> bool:
    return bool(service["selector"]) and (
        service["ready"] == 0
        or not service["selects"]
        or any(p["listens"] is False for p in service["ports"])
    )


def _service_line(service: Json) -> str:
    selector = ",".join(f"{k}={v}" for k, v in service["selector"].items())
    endpoints = f"{service['ready']} ready, {service['not_ready']} unready endpoints"
    if service["ready"] is None:
        endpoints = "endpoints not seen"
    text = (
        f"service {service['name']} ({selector or 'no selector'}): {endpoints},"
        f" selects {', '.join(service['selects']) or 'NOTHING'}"
    )
    for near in service["nearly"][:1]:
        has = ", ".join(f"{k}={v if v is not None else 'none'}" for k, v in near["has"].items())
        text += f", while pods of {near['workload']} have {has}"
    for port in service["ports"]:
        text += f"; port {port['port']} -> {port['target']}"
        if port["listens"] is False:
            declared = ", ".join(f"{d['name']}={d['port']}" for d in port["declared"])
            text += f", which NO container has (they have {declared or 'none'})"
    return f"{text}; changed {clock(service['changed_at'])} by {service['changed_by'] or '?'}"


def _policy_line(policy: Json) -> str:
    text = f"policy {policy['name']} isolates {', '.join(policy['isolates']) or 'nothing here'}"
    if policy["admits"] is not None:
        admitted = [*policy["admits"], *policy["from_elsewhere"]]
        text += f", admits {', '.join(admitted) or 'NOBODY'}"
    if policy["reaches"] is not None:
        text += f", lets them reach {', '.join(policy['reaches']) or 'NOTHING'}"
        if not policy["resolves_names"]:
            text += ", not DNS"
    return (
        f"{text}; created {clock(policy['created_at'])}, changed {clock(policy['changed_at'])}"
        f" by {policy['changed_by'] or '?'}"
    )


def _certificate_line(certificate: Json) -> str:
    ends = parse_time(certificate["not_after"])
    state = "EXPIRED" if ends and ends < utc_now() else "valid until"
    text = (
        f"certificate {certificate['name']} of {', '.join(certificate['dns_names'][:3])} {state}"
        f" {certificate['not_after'] or '?'}, {'ready' if certificate['ready'] else 'NOT READY'}"
    )
    if not certificate["ready"] and certificate["message"]:
        text += f": {certificate['message']}"
    if certificate["failed_attempts"]:
        text += f"; {certificate['failed_attempts']} failed attempts to renew it: {certificate['issuing_message']}"
    return f"{text}; served by {', '.join(certificate['served_by']) or 'nobody seen'}"


def autoscaling_lines(data: Json) -> Iterator[str]:
    """What ``kubernetes_autoscaling`` shows."""
    if data["unseen"]:
        yield f"may not be seen: {', '.join(data['unseen'])}"
    for scaler in data["autoscalers"]:
        yield (
            f"autoscaler {scaler['name']} of {scaler['workload_kind']}/{scaler['workload']}:"
            f" {scaler['min']}-{scaler['max']} replicas, now {scaler['current']}, wants"
            f" {scaler['desired']}; {scaler['metrics_text']}"
        )
        for condition in scaler["conditions"]:
            if condition["status"] != _WELL.get(str(condition["type"])):
                yield (
                    f"  {condition['type']}={condition['status']} {condition['reason']}:"
                    f" {condition['message']} ({clock(condition['at'])})"
                )
    for budget in data["budgets"]:
        bound = (
            f"at least {budget['min_available']} available"
            if budget["min_available"] is not None
            else f"at most {budget['max_unavailable']} unavailable"
        )
        yield (
            f"disruption budget {budget['name']} of {', '.join(budget['protects']) or 'nothing seen'}: {bound};"
            f" {budget['healthy']} of {budget['expected']} pods healthy, {budget['desired_healthy']}"
            f" wanted, {budget['allowed']} may go"
        )
    for event in data["events"]:
        yield f"{clock(event['at'])} {event['type']} {event['reason']} {event['object']} x{event['count']}: {event['message']}"


_WELL = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "False"}
"""What the conditions of an autoscaler are when there is nothing to tell of."""
