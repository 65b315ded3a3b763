"""App Home: what is going on, and prompts to begin a conversation with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.desk import Desk
from bot.slack.trust import Trusts, Unknown
from bot.slack.views import trust
from bot.slack.views.freeze import sentence_of

PROMPTS: Sequence[dict[str, str]] = (
    {"title": "What is going on?", "message": "What is wrong in production right now?"},
    {"title": "Why is it slow?", "message": "Why is checkout slow?"},
    {"title": "What depends on it?", "message": "Which services depend on redis-reco?"},
    {"title": "What changed?", "message": "What was rolled out in the last 24 hours?"},
)


class Home:
    """The surface of the app's home and messages tabs."""

    def __init__(self, desk: Desk, trusts: Trusts | None = None) -> None:
        self._desk = desk
        self._trusts = trusts or Unknown()

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.event("app_home_opened")(self.opened)

    async def opened(self, event: dict[str, Any]) -> None:
        """Fill the tab that somebody opened."""
        if event.get("tab") == "messages":
            await self._desk.client.assistant_threads_setSuggestedPrompts(
                channel_id=event["channel"], title="Ask me", prompts=list(PROMPTS)
            )
            return
        reads, freeze = self._desk.reads, await self._desk.answering.frozen()
        view = self._desk.views.home(
            await reads.latest_cases(),
            await reads.open_proposals(),
            await self._desk.ledger.precision(),
            trust.home_lines(await self._trusts.overview()),
            [sentence_of(freeze)] if freeze else [],
        )
        await self._desk.client.views_publish(user_id=event["user"], view=view)
