"""Mentions and direct messages: questions, and requests to investigate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from agent.model import Conversation, Signal, SignalKind
from bot.slack import requests, signals, words
from bot.slack.corrections import Corrections
from bot.slack.desk import Desk, moment_of
from bot.slack.intent import Intent, bare, intent_of
from bot.slack.keys import message_key
from bot.slack.message_text import words_of
from bot.slack.refusals import Remedy, remedy_of
from bot.slack.threads import Threads


class Questions:
    """The surface of mentions and direct messages."""

    def __init__(self, desk: Desk, threads: Threads, corrections: Corrections) -> None:
        self._desk = desk
        self._threads = threads
        self._corrections = corrections

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.event("app_mention")(self.mentioned)

    async def mentioned(self, event: dict[str, Any]) -> None:
        """Somebody wrote to srebot in a channel."""
        if event.get("bot_id") or event.get("edited"):
            return
        await self.asked(event)

    async def asked(self, event: Mapping[str, Any]) -> None:
        """Somebody wrote to srebot: a correction; in a thread that it follows a reply; else a question or a request."""
        corrected = await self._corrections.taken(event, addressed=True)
        in_thread = bool(event.get("thread_ts"))
        if (in_thread and await self._threads.heard(event, addressed=True)) or corrected:
            return
        place = Conversation(channel=event["channel"], thread=event.get("thread_ts") or event["ts"])
        match intent_of(event.get("text", "")):
            case Intent.HELP if not event.get("thread_ts"):
                await self._desk.whisper(place, event["user"], words.USAGE)
            case Intent.STOP:
                await self._desk.whisper(place, event["user"], words.NOTHING_TO_STOP)
            case Intent.QUESTION:
                await self._desk.answering.receive(_signal(SignalKind.QUESTION, event, place))
            case _:
                await self._desk.answering.receive(await self._request(event, place))

    async def _request(self, event: Mapping[str, Any], place: Conversation) -> Signal:
        """A request; one made in a thread is about the message that the thread hangs on."""
        own = _signal(SignalKind.REQUEST, event, place)
        root = await self._root(place) if event.get("thread_ts") else None
        about = requests.on_message(root, own.key, event["user"], place) if root else None
        if about is None:
            return own
        said = bare(event.get("text", ""))
        text = f"{about.text}\n\nThe request: {said}" if said else about.text
        return about.model_copy(update={"text": text})

    async def _root(self, place: Conversation) -> dict[str, Any] | None:
        try:
            answer = await self._desk.client.conversations_replies(
                channel=place.channel, ts=place.thread, limit=1
            )
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            return None
        return next(iter(answer["messages"]), None)


def _signal(kind: SignalKind, event: Mapping[str, Any], place: Conversation) -> Signal:
    text = bare(event.get("text", "")) or words_of(event)
    key = message_key(event["channel"], event["ts"])
    return signals.asked(kind, key, text, event["user"], place, moment_of(event["ts"]))
