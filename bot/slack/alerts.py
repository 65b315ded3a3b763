"""Messages of alert senders in the configured channels become alerts, answered in their thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from agent.model import Conversation, Signal, SignalKind
from bot.slack import alert_messages
from bot.slack.alert_messages import AlertMessage
from bot.slack.desk import Desk, moment_of
from bot.slack.keys import message_key

log = structlog.get_logger(__name__)


def sender_of(message: Mapping[str, Any]) -> str:
    """The name of the bot that posted a message; empty for people."""
    profile = message.get("bot_profile")
    named = profile.get("name") if isinstance(profile, Mapping) else ""
    return str(named or message.get("username") or "")


def alert_signal(alert: AlertMessage, key: str, place: Conversation, at: datetime) -> Signal:
    """The signal of an alert's message."""
    return Signal(
        key=key,
        kind=SignalKind.ALERT,
        source=alert.source,
        title=alert.title,
        text=alert.text,
        state=alert.state,
        severity=alert.severity,
        service=alert.service,
        namespace=alert.namespace,
        environment=alert.environment,
        tags={**alert.tags, **({"alerts": str(alert.count)} if alert.count > 1 else {})},
        fingerprint=alert.fingerprint,
        occurred_at=at,
        link=alert.link,
        conversation=place,
    )


class Alerts:
    """The surface of alert channels."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._senders = tuple(name.lower() for name in desk.settings.alert_senders)

    async def heard(self, event: Mapping[str, Any]) -> None:
        """Take a bot's message; what is no alert of a known sender in an alert channel is left alone."""
        sender = sender_of(event).lower()
        top_level = event.get("thread_ts") in (None, event["ts"])
        if not top_level or not any(name in sender for name in self._senders):
            return
        if not await self._desk.channels.has(event["channel"]):
            return
        alerts = alert_messages.parse_all(event, sender)
        if not alerts:
            log.info("alert without words", channel=event["channel"], ts=event["ts"])
        place = Conversation(channel=event["channel"], thread=event["ts"])
        key, at = message_key(event["channel"], event["ts"]), moment_of(event["ts"])
        for number, alert in enumerate(alerts):
            own = f"{key}#{number}" if number else key
            await self._desk.answering.receive(alert_signal(alert, own, place, at))
