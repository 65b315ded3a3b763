"""Addresses of messages, for those who are not in Slack at the moment."""

from __future__ import annotations

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Conversation
from bot.slack.refusals import Remedy, code_of, remedy_of

log = structlog.get_logger(__name__)


async def permalink(client: AsyncWebClient, place: Conversation) -> str:
    """The address of a thread's first message; empty where Slack gives none.

    Raises:
        SlackApiError, OSError, TimeoutError: Slack cannot be asked just now.
    """
    try:
        answer = await client.chat_getPermalink(channel=place.channel, message_ts=place.thread)
    except SlackApiError as error:
        if remedy_of(error) is Remedy.RETRY:
            raise
        log.info("no permalink", channel=place.channel, error=code_of(error))
        return ""
    return str(answer.get("permalink") or "")
