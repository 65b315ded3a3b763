"""When a listener fails: a sentence to the person, a line in the log, and a second delivery of events."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from agent.model import Conversation
from bot.slack import words
from bot.slack.approvals import place_of
from bot.slack.desk import Desk

log = structlog.get_logger(__name__)


class Failures:
    """Bolt's error handler."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle(
        self, error: Exception, body: dict[str, Any], request: AsyncBoltRequest
    ) -> BoltResponse:
        """Log it, tell the person, and choose what Slack is answered."""
        kind = body.get("type") or ("command" if body.get("command") else "unknown")
        log.error("listener failed", kind=kind, exc_info=error)
        if kind == "event_callback":
            # Not acknowledged, so Slack delivers it again; keys keep what was done already from being done twice.
            if request.headers.get("x-slack-retry-num", ["0"])[0] == "0":
                await self._tell(body["event"], body["event"].get("user", ""))
            return BoltResponse(status=500)
        if kind == "command":
            return BoltResponse(status=200, body=words.FAILED)
        if kind == "view_submission":
            return BoltResponse(status=200, body=_modal_error(body["view"]))
        await self._tell(body, body.get("user", {}).get("id", ""))
        return BoltResponse(status=200)

    async def _tell(self, where: dict[str, Any], user: str) -> None:
        channel = where.get("channel")
        if not user or not channel or where.get("bot_id"):
            return
        if isinstance(channel, dict):
            place = place_of(where)
        else:
            place = Conversation(channel=channel, thread=where.get("thread_ts") or "")
        try:
            await self._desk.whisper(place, user, words.FAILED)
        except (SlackApiError, OSError, TimeoutError) as error:
            log.warning("nobody could be told of the failure", error=repr(error))


def _modal_error(view: dict[str, Any]) -> dict[str, Any]:
    inputs = [b["block_id"] for b in view.get("blocks", ()) if b.get("type") == "input"]
    return {"response_action": "errors", "errors": dict.fromkeys(inputs[:1], words.FAILED)}
