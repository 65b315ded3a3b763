"""Pointers: one line under an alert of a storm, leading to the thread where its Issue is looked into."""

from __future__ import annotations

from collections import OrderedDict

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.awareness.issues import Joined
from agent.model import Conversation, Signal
from bot.slack.outbox import Outbox
from bot.slack.refusals import Remedy, code_of, remedy_of
from bot.slack.views.issues import pointer

_REMEMBERED = 500
log = structlog.get_logger(__name__)


class Pointers:
    """Says where else an alert is looked into.

    Args:
        client: Slack's Web API.
        outbox: posts each once.
    """

    def __init__(self, client: AsyncWebClient, outbox: Outbox) -> None:
        self._client = client
        self._outbox = outbox
        self._links: OrderedDict[Conversation, str] = OrderedDict()

    async def post(self, signal: Signal, joined: Joined) -> str:
        """Point from the signal's thread to its Issue's; returns the message's key, empty when nothing was said.

        Once for all the alerts of the Issue that one message tells of.
        """
        own, place = signal.conversation, joined.issue.conversation
        if own is None or not own.thread or place is None or not place.thread:
            return ""
        key = f"pointer-{own.channel}-{own.thread}-{joined.issue.id}"
        message = pointer(joined, await self._link(place))
        ts, _ = await self._outbox.post(key, "pointer", own, message)
        return key if ts else ""

    async def _link(self, place: Conversation) -> str:
        """The address of a thread; empty when Slack gives none."""
        if place in self._links:
            return self._links[place]
        try:
            answer = await self._client.chat_getPermalink(
                channel=place.channel, message_ts=place.thread
            )
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.info("no link to a thread", channel=place.channel, error=code_of(error))
            return ""
        link = str(answer["permalink"])
        self._links[place] = link
        if len(self._links) > _REMEMBERED:
            self._links.popitem(last=False)
        return link
