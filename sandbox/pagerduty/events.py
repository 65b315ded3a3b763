"""The Events API v2: monitoring tools report alerts and changes by a service's routing key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.directory import made_id, service_actor
from sandbox.pagerduty.errors import InvalidInput
from sandbox.pagerduty.model import Alert, ChangeEvent, Urgency
from sandbox.pagerduty.state import AlreadyResolved, DuplicateKey, PagerDutyState
from sandbox.world.ports import Service

_ACTIONS = ("trigger", "acknowledge", "resolve")
_SEVERITIES = {"critical", "error", "warning", "info"}
_LONGEST_SUMMARY = 1024
_LONGEST_KEY = 255


async def enqueue(request: Request) -> Response:
    """``POST /v2/enqueue``: 202 with the deduplication key, or 400 with what is wrong."""
    event, faults = await _body(request)
    state = parameters.state_of(request)
    service = state.directory.service_by_key(str(event.get("routing_key", "")))
    faults += _faults(event, service)
    if faults or service is None:
        return _refused(faults)
    action, key = event["event_action"], event.get("dedup_key")
    if action == "trigger":
        key = _trigger(state, service, event)
    else:
        _settle(state, service, str(key), action)
    return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": key}, 202)


async def enqueue_change(request: Request) -> Response:
    """``POST /v2/change/enqueue``: 202, or 400 with what is wrong."""
    event, faults = await _body(request)
    state = parameters.state_of(request)
    service = state.directory.service_by_key(str(event.get("routing_key", "")))
    payload = event.get("payload")
    faults += [] if service else ["Invalid routing key"]
    if not isinstance(payload, Mapping):
        faults.append("'payload' is missing or blank")
    if faults or service is None or not isinstance(payload, Mapping):
        return _refused(faults)
    try:
        state.add_change(_change(service, payload, event.get("links"), state.now()))
    except InvalidInput as error:
        return _refused(list(error.errors))
    return JSONResponse({"status": "success", "message": "Change event processed"}, 202)


def _change(
    service: Service, payload: Mapping[str, Any], links: object, now: datetime
) -> ChangeEvent:
    summary, details = payload.get("summary"), payload.get("custom_details")
    if not isinstance(summary, str) or not summary.strip():
        raise InvalidInput("'payload.summary' is missing or blank")
    at = now
    if "timestamp" in payload:
        at = parameters.parsed_time(payload["timestamp"], "payload.timestamp")
    return ChangeEvent(
        id=made_id("PC", at, service.pagerduty_id, summary),
        at=at,
        service_id=service.pagerduty_id,
        summary=summary,
        source=str(payload.get("source", "")),
        details=details if isinstance(details, Mapping) else {},
        links=tuple(
            link for link in (links if isinstance(links, list) else []) if isinstance(link, Mapping)
        ),
    )


def _trigger(state: PagerDutyState, service: Service, event: Mapping[str, Any]) -> str:
    """Open an incident for the alert, or add the alert to the open one with its key."""
    payload = event["payload"]
    at = state.now()
    key = event.get("dedup_key") or made_id("", "dedup", at, payload["summary"]).lower()
    details = payload.get("custom_details")
    alert = Alert(
        id=made_id("PA", service.pagerduty_id, key, at),
        key=key,
        at=at,
        summary=payload["summary"],
        severity=payload["severity"],
        details=details if isinstance(details, Mapping) else {},
        source=payload["source"],
        client=str(event.get("client", "")),
        client_url=str(event.get("client_url", "")),
    )
    urgency: Urgency = "high" if payload["severity"] in {"critical", "error"} else "low"
    try:
        state.open_incident(
            service, alert.summary, urgency, by=service_actor(service), key=key, alert=alert
        )
    except DuplicateKey as duplicate:
        state.add_alert(duplicate.incident.id, alert)
    return str(key)


def _settle(state: PagerDutyState, service: Service, key: str, action: str) -> None:
    """Acknowledge or resolve by key; a key that is not open changes nothing, as in the real API."""
    incident = state.open_with_key(service.pagerduty_id, key)
    if incident is None:
        return
    change = state.acknowledge if action == "acknowledge" else state.resolve
    try:
        change(incident.id, service_actor(service))
    except AlreadyResolved:
        return  # Resolved by somebody else meanwhile: what the event asks for has happened.


def _faults(event: Mapping[str, Any], service: Service | None) -> list[str]:
    faults = [] if service else ["Invalid routing key"]
    action, key = event.get("event_action"), event.get("dedup_key")
    if action not in _ACTIONS:
        faults.append("'event_action' must be one of trigger, acknowledge, resolve")
    if key is not None and (not isinstance(key, str) or len(key) > _LONGEST_KEY):
        faults.append("'dedup_key' is longer than 255 characters or not a string")
    if action in ("acknowledge", "resolve") and not key:
        faults.append("'dedup_key' is missing or blank")
    return faults + (_payload_faults(event.get("payload")) if action == "trigger" else [])


def _payload_faults(payload: object) -> list[str]:
    if not isinstance(payload, Mapping):
        return ["'payload' is missing or blank"]
    faults = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not isinstance(payload.get(name), str) or not payload[name].strip()
    ]
    if not faults and payload["severity"] not in _SEVERITIES:
        faults.append("'payload.severity' must be one of critical, error, warning, info")
    if not faults and len(payload["summary"]) > _LONGEST_SUMMARY:
        faults.append("'payload.summary' is longer than 1024 characters")
    return faults


async def _body(request: Request) -> tuple[dict[str, Any], list[str]]:
    try:
        return await parameters.json_object(request), []
    except InvalidInput as error:
        return {}, list(error.errors)


def _refused(faults: list[str]) -> Response:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": faults}
    return JSONResponse(body, 400)


ROUTES = [
    Route("/v2/enqueue", enqueue, methods=["POST"]),
    Route("/v2/change/enqueue", enqueue_change, methods=["POST"]),
]
