"""Corrections of what srebot believes: by mention, in a direct message, or in a thread where it answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from agent.knowledge.correction_words import Correction, CorrectionKind, correction_in
from agent.model import Conversation, SignalKind
from bot.slack import signals, words
from bot.slack.desk import Desk, moment_of
from bot.slack.intent import bare
from bot.slack.keys import message_key
from bot.slack.members import Members
from bot.slack.message_text import plain
from bot.slack.refusals import Remedy, code_of, remedy_of

log = structlog.get_logger(__name__)
_QUOTES = re.compile(r"```|^[ \t]*(?:<@[^<>\s]{1,100}>[ \t]*)?(?:&gt;|>)", re.MULTILINE)
"""A code block or a quoted line: words that somebody else said."""


class Corrections:
    """The surface of corrections; only full members of the workspace may correct."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._members = Members(desk.client)

    async def taken(self, event: Mapping[str, Any], *, addressed: bool) -> bool:
        """Take a message that is a correction; False when it is none.

        Args:
            event: the message.
            addressed: whether it was said to srebot; otherwise it counts in threads where srebot answered not long ago,
                and only if it names two things that are known.
        """
        text = event.get("text", "")
        said = None if _QUOTES.search(text) else correction_in(plain(bare(text)))
        if said is None:
            return False
        place = Conversation(channel=event["channel"], thread=event.get("thread_ts") or event["ts"])
        if not addressed and not await self._desk.reads.hears_corrections(place):
            return False
        if not await self._is_meant(said, addressed=addressed):
            return False
        user = str(event["user"])
        if not await self._members.is_full(user):
            await self._desk.whisper(place, user, words.NOT_A_MEMBER)
            return True
        key, at = message_key(event["channel"], event["ts"]), moment_of(event["ts"])
        signal = signals.asked(SignalKind.CORRECTION, key, said.text, user, place, at)
        link = await self._permalink(event["channel"], event["ts"])
        await self._desk.answering.receive(signal.model_copy(update={"link": link}))
        return True

    async def _is_meant(self, said: Correction, *, addressed: bool) -> bool:
        """Whether the words speak of two known things; or, said to srebot, of one and of what may be a name."""
        known = self._desk.reads.known
        team = said.kind is CorrectionKind.BELONGS
        a, b = await known(said.a, False), await known(said.b, team)
        if a and b:
            return True
        unknown = said.b if a else said.a
        return addressed and said.sure and (a or b) and len(unknown.split()) == 1

    async def _permalink(self, channel: str, ts: str) -> str:
        """Where the words can be read again; empty when Slack does not say."""
        try:
            answer = await self._desk.client.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.info("no link to a correction", error=code_of(error))
            return ""
        return str(answer["permalink"])
