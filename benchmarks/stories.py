"""The alerts that are investigated, as they come from Datadog."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from agent.model import Severity, Signal, SignalKind

REDIS = "redis-memory-pressure"
LOGIN = "login-failure"
_ALERTS = {
    REDIS: ("Redis command latency is high on redis-reco", "redis-reco", Severity.MEDIUM),
    LOGIN: ("Login failures on auth", "auth", Severity.HIGH),
}
SERVICES = (
    "redis-reco",
    "recommendation",
    "frontend",
    "gateway",
    "auth",
    "cart",
    "checkout",
    "payments",
    "orders",
    "catalog",
)
"""Of the sandbox's company."""


def alert(scenario: str) -> Signal:
    """A new alert of the scenario's monitor."""
    title, service, severity = _ALERTS[scenario]
    return _signal(title, service, severity)


def latency_alert(service: str) -> Signal:
    """A new alert on the latency of any service."""
    return _signal(f"Latency is high on {service}", service, Severity.MEDIUM)


def _signal(title: str, service: str, severity: Severity) -> Signal:
    return Signal(
        key=f"benchmark:{uuid4()}",
        kind=SignalKind.ALERT,
        source="datadog",
        title=title,
        severity=severity,
        service=service,
        namespace="production",
        environment="production",
        occurred_at=datetime.now(UTC),
    )
