"""Requests to investigate what a message says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.model import Conversation, Signal, SignalKind
from bot.slack import alert_messages, signals
from bot.slack.alerts import alert_signal, sender_of
from bot.slack.desk import moment_of
from bot.slack.message_text import words_of


def on_message(
    message: Mapping[str, Any], key: str, user: str, place: Conversation
) -> Signal | None:
    """A person's request to look into a message, which may be an alert; None when it has no words."""
    if message.get("bot_id"):
        alert = alert_messages.parse(message, sender_of(message))
        if alert is None:
            return None
        signal = alert_signal(alert, key, place, moment_of(str(message["ts"])))
        return signal.model_copy(update={"kind": SignalKind.REQUEST, "requested_by": user})
    text = words_of(message).strip()
    at = moment_of(str(message["ts"]))
    return signals.asked(SignalKind.REQUEST, key, text, user, place, at) if text else None
