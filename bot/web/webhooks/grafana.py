"""Grafana's webhook contact point, whose alerts are worded as Alertmanager's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent.model import Signal
from bot.web.webhooks import grouped
from bot.web.webhooks.fields import Payload


def signals(payload: Payload, now: datetime) -> Sequence[Signal]:
    """The alerts of a group."""
    return grouped.signals("grafana", payload, now)
