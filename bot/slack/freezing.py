"""``/investigate freeze [reason]``, ``unfreeze`` and ``freeze status``: the global stop of all applying."""

from __future__ import annotations

from bot.slack.desk import Desk
from bot.slack.limits import Message, escape, fit, without_mentions
from bot.slack.message_text import plain
from bot.slack.views.freeze import line_of

_FREEZE, _UNFREEZE, _STATUS = "freeze", "unfreeze", "status"


class Freezing:
    """The subcommands; who may is looked up when it is asked for, and each attempt is audited."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def asked(self, text: str, user: str) -> Message | None:
        """Freeze, unfreeze, or say how it stands; None when the words are not meant for this."""
        first, _, rest = text.strip().partition(" ")
        answering = self._desk.answering
        match first.lower(), rest.strip().lower():
            case (str() as verb, "") if verb == _UNFREEZE:
                return _said(await answering.unfreeze(user))
            case (str() as verb, str() as word) if verb == _FREEZE and word == _STATUS:
                return fit(*line_of(await answering.frozen()))
            case (str() as verb, _) if verb == _FREEZE:
                return _said(await answering.freeze(user, plain(rest)))
        return None


def _said(text: str) -> Message:
    shown = without_mentions(escape(text))
    return fit(text, [{"type": "section", "text": {"type": "mrkdwn", "text": shown}}])
