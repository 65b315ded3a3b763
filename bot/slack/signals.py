"""Signals of what people ask."""

from __future__ import annotations

from datetime import datetime

from agent.model import Conversation, Signal, SignalKind
from bot.slack.limits import shorten
from bot.slack.message_text import plain
from bot.slack.places import place_in

_MAX_TITLE = 150
_MAX_TEXT = 8_000


def asked(
    kind: SignalKind, key: str, text: str, user: str, place: Conversation, at: datetime
) -> Signal:
    """A request or a question in a person's words.

    Args:
        kind: REQUEST or QUESTION.
        key: where it came from, uniquely.
        text: the words as Slack gives them, without the mention of srebot.
        user: who asks.
        place: where the answer belongs.
        at: when it was asked.
    """
    words = plain(text)
    return Signal(
        key=key,
        kind=kind,
        source="slack",
        title=shorten(words.split("\n", 1)[0], _MAX_TITLE),
        text=shorten(words, _MAX_TEXT),
        environment=place_in(words),
        occurred_at=at,
        requested_by=user,
        conversation=place,
    )
