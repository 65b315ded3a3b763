"""How far srebot can be trusted, asked by a person; and an approver's word that gives automation back."""

from __future__ import annotations

from typing import Protocol

from agent.learning.overview import Overview
from agent.store.trust import subject_of_mode, subject_of_record
from bot.slack import limits
from bot.slack.limits import Message, escape
from bot.slack.views import trust
from bot.slack.views.render import Views

_WORD, _RESTORE = "trust", "restore"


class Trusts(Protocol):
    """What is known of trust."""

    async def overview(self, service: str = "") -> Overview:
        """What is known; the levels of one service if it is given."""

    async def restore(self, subject: str, user: str) -> str:
        """Give automation back, if the person may; returns what to tell them."""


class Unknown:
    """Knows nothing."""

    async def overview(self, service: str = "") -> Overview:
        """Nothing."""
        return Overview()

    async def restore(self, subject: str, user: str) -> str:
        """Nothing to give back."""
        return "Nothing is withdrawn there."


class TrustView:
    """``/investigate trust [service]`` and ``/investigate trust restore ...``."""

    def __init__(self, views: Views, trusts: Trusts) -> None:
        self._views = views
        self._trusts = trusts

    async def asked(self, text: str, user: str) -> Message | None:
        """The answer; None when the words are not meant for this."""
        words = text.split()
        if not words or words[0].lower() != _WORD or len(words) > 5:
            return None
        named = words[1:]
        if named and named[0].lower() == _RESTORE:
            return await self._restored(named[1:], user)
        if len(named) > 1:
            return None
        service = named[0] if named else ""
        return trust.on_demand(self._views, await self._trusts.overview(service), service)

    async def _restored(self, named: list[str], user: str) -> Message | None:
        match named:
            case [mode]:
                subject = subject_of_mode(mode.lower())
            case [service, kind, environment]:
                subject = subject_of_record(service, kind.lower(), environment)
            case _:
                return None
        said = escape(await self._trusts.restore(subject, user))
        return limits.fit(said, [{"type": "section", "text": {"type": "mrkdwn", "text": said}}])
