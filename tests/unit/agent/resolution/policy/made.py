"""Facts, plans and policies for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.model import Change, ChangeKind, Entity, Json, Plan, TrackRecord, Via
from agent.resolution.policy import Facts, Place, Policy

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
"""A Wednesday."""
ALL = frozenset(ChangeKind)


def change(kind: ChangeKind = ChangeKind.RESTART, **arguments: Any) -> Change:
    """A change of auth."""
    target = Entity(name="auth", kind="deployment", namespace="production")
    return Change(kind=kind, target=target, arguments=arguments)


def plan_of(wanted: Change, now: Json | None = None, via: Via = Via.CLUSTER) -> Plan:
    """Its dry run, where ``now`` is what is there."""
    return Plan(
        diff="-a\n+b",
        target_uid="u",
        resource_version="1",
        summary="auth",
        risk="little",
        way_back=wanted.model_copy(update={"arguments": now or {}}),
        via=via,
    )


def facts(
    wanted: Change | None = None, environment: str = "production", /, **changes: Any
) -> Facts:
    """Facts on a planned change."""
    wanted = wanted or change()
    values: Json = {
        "change": wanted,
        "place": Place(environment=environment, namespace=environment, name="auth"),
        "now": NOW,
        "plan": plan_of(wanted),
    }
    return Facts(**values | changes)


def record(**changes: Any) -> TrackRecord:
    """A good one, of restarts."""
    values: Json = {
        "service": "auth",
        "kind": "restart",
        "environment": "production",
        "successes": 20,
        "lower_bound": 0.84,
    }
    return TrackRecord(**values | changes)


def policy(rule: Json, environment: str = "staging", **more: Any) -> Policy:
    """A policy with one rule, beside a production without any."""
    made = {"name": "it", "kinds": "all", "approvers": ["leads"], **rule}
    environments = {"production": {}, environment: {"rules": [made]}}
    return Policy.model_validate({"environments": environments, **more})
