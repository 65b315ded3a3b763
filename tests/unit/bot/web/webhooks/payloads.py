"""Payloads as the vendors document them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 24, 3, 5, tzinfo=UTC)
STARTED = "2026-11-24T03:04:10.123Z"

DATADOG: dict[str, Any] = {
    "id": "7712300000001",
    "title": "[Triggered on {service:redis-reco,env:production}] [P1] Redis command latency is high",
    "transition": "Triggered",
    "monitor_id": "1001",
    "scope": "service:redis-reco,env:production",
    "priority": "P1",
    "tags": "service:redis-reco,env:production,team:discovery",
    "date": "1795575850000",
    "link": "https://app.datadoghq.eu/event/event?id=7712300000001",
    "text": "Average command latency of redis-reco is above 2 ms.",
}

PAGERDUTY: dict[str, Any] = {
    "event": {
        "id": "01EVENT",
        "event_type": "incident.triggered",
        "resource_type": "incident",
        "occurred_at": STARTED,
        "agent": None,
        "client": {"name": "PagerDuty"},
        "data": {
            "id": "PGR0VU2",
            "type": "incident",
            "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
            "number": 24,
            "status": "triggered",
            "incident_key": "d3640fbd41094207a1c11e58e46b1662",
            "title": "Queue grows",
            "service": {"id": "PF9", "summary": "cart", "type": "service_reference"},
            "priority": {"summary": "P1", "type": "priority_reference"},
            "urgency": "high",
        },
    }
}


def grouped_alert(service: str = "cart", pod: str = "cart-0", **more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {
            "alertname": "HighLatency",
            "service": service,
            "env": "prod",
            "pod": pod,
            "severity": "critical",
        },
        "annotations": {"summary": f"{service} is slow"},
        "startsAt": STARTED,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "c2d3",
        **more,
    }


def grouped(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighLatency"}',
        "status": "firing",
        "receiver": "srebot",
        "groupLabels": {"alertname": "HighLatency"},
        "commonLabels": {"alertname": "HighLatency", "env": "prod"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts or (grouped_alert(),)),
        **more,
    }


def pagerduty(event_type: str = "incident.triggered", **data: Any) -> dict[str, Any]:
    payload = copy.deepcopy(PAGERDUTY)
    payload["event"]["event_type"] = event_type
    payload["event"]["data"].update(data)
    return payload
