"""What people say about systems in chosen public channels, as part of the graph."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from agent.errors import NotFound, ReasonerUnavailable
from agent.knowledge.facts import Seen
from agent.knowledge.statements import (
    PLAIN,
    SPOKEN_KINDS,
    Named,
    Patterns,
    Statement,
    Statements,
)
from agent.model import Entity, Json, Relation
from integrations.slack_history import call
from integrations.slack_text import text_of

ORIGIN = "slack"
EARLIER = "slack:before"
"""Origin of what was said before something contrary was: kept beside it, and fading sooner."""
KnownEntities = Callable[[Sequence[str]], Awaitable[Iterable[Entity]]]
"""Gives the entities of these kinds that the graph holds."""
_SURE = 0.5
"""In a plain statement; a hedged one is worth half."""
_TAKEN_BACK = 0.25
"""What is left of a statement when the same person has since said the contrary."""
_FIRST_DAYS = 90.0
_THREAD_DAYS = 7.0
"""How long a thread's new replies are looked for after its first message."""
_PAGE = 200
_MOST_MESSAGES = 2_000
_MOST_THREADS = 200
_MOST_TOLD = 5_000
_MOST_FOR_MODEL = 300
"""Texts in one build; of a long history the rest is read by patterns, for a model costs money and time."""
_LONGEST = 4_000
_log = structlog.get_logger(__name__)


class _Said(NamedTuple):
    """A message or reply by a person."""

    user: str
    text: str
    at: datetime
    link: str


class _Told(NamedTuple):
    """A statement with who made it when."""

    statement: Statement
    said: _Said
    source: Entity
    target: Entity


class SlackStatements:
    """Builds the graph's part that people tell of in Slack (``agent.ports.GraphBuilder``).

    Remembers what it has read while the process lives, so that each build reads only what is new.

    Args:
        web: Slack's Web API.
        channels: names or ids; private ones are never read.
        known: what people may speak of.
        reader: a model; None, or whenever it is not available: patterns.
    """

    origin = ORIGIN

    def __init__(
        self,
        web: AsyncWebClient,
        channels: Sequence[str],
        known: KnownEntities,
        reader: Statements | None = None,
    ) -> None:
        self._web = web
        self._channels = frozenset(c.lstrip("#") for c in channels)
        self._known = known
        self._reader = reader
        self._newest: dict[str, float] = {}
        """Channel id -> the newest message or reply that was read, as Slack's ts."""
        self._told: list[_Told] = []
        """What was read before, without its text: a new word is weighed against the older ones."""

    async def build(self) -> Seen:
        """What has been stated since the last build; an addition, for what was said before still stands.

        Raises:
            ToolError: Slack cannot be read, or has none of the channels.
        """
        entities = tuple(await self._known(SPOKEN_KINDS))
        named = Named(entities)
        if not entities:  # nothing could be recognised yet, and then nothing counts as read
            return Seen(complete=False)
        newest: dict[str, float] = {}
        said = [s async for s in self._messages(newest)]
        self._told += await self._statements(said, named)
        self._told = self._told[-_MOST_TOLD:]
        self._newest |= newest
        ties = [t for t in self._told if t.statement.kind != "schedule"]
        return Seen(
            entities=tuple(_facts(self._told)),
            relations=tuple(_relations(ties)),
            complete=False,
        )

    async def _statements(self, said: Sequence[_Said], named: Named) -> list[_Told]:
        relevant = [s for s in said if _may_state(s.text, named)]
        relevant.sort(key=lambda s: s.at, reverse=True)
        read = await self._read([s.text for s in relevant], named)
        return [
            _Told(statement._replace(quote=""), message._replace(text=""), source, target)
            for message, statements in zip(relevant, read, strict=True)
            for statement in statements
            if (source := named.entity(statement.subject, acting=statement.kind == "owns"))
            if (
                target := source if statement.kind == "schedule" else named.entity(statement.object)
            )
        ]

    async def _read(self, texts: Sequence[str], named: Named) -> list[list[Statement]]:
        """The newest texts by the model where there is one, all others by patterns."""
        found: list[list[Statement]] = []
        if self._reader is not None and texts:
            try:
                found += await self._reader.read(texts[:_MOST_FOR_MODEL], named.known)
            except ReasonerUnavailable as error:
                _log.warning("statements_by_patterns", why=str(error))
        return [*found, *await Patterns().read(texts[len(found) :], named.known)]

    async def _messages(self, newest: dict[str, float]) -> AsyncIterator[_Said]:
        """What people said since the last time, and in ``newest`` how far that went."""
        me = await call(self._web, "auth.test")
        for channel in await self._chosen():
            since = self._newest.get(channel, time.time() - _FIRST_DAYS * 86_400)
            newest[channel] = since
            async for message in self._new(channel, since):
                ts = float(message["ts"])
                newest[channel] = max(newest[channel], ts)
                if _by_a_person(message, me):
                    yield _said(message, channel, str(me.get("url", "")))

    async def _chosen(self) -> list[str]:
        """Ids of the chosen channels that are public and that the bot is in."""
        pages = self._pages(
            "conversations.list", "channels", types="public_channel", exclude_archived=True
        )
        found = [
            str(c["id"])
            async for c in pages
            if {c.get("id"), c.get("name")} & self._channels
            and c.get("is_member")
            and not c.get("is_private")
        ]
        if not found:
            raise NotFound(
                "srebot is in no public channel of SLACK_KNOWLEDGE_CHANNELS: invite it there"
            )
        return found

    async def _new(self, channel: str, since: float) -> AsyncIterator[Json]:
        """Messages after ``since``, and such replies in threads that are not older than some days."""
        oldest = f"{since - _THREAD_DAYS * 86_400:.6f}"
        read = threads = 0
        async for message in self._pages(
            "conversations.history", "messages", channel=channel, oldest=oldest
        ):
            if float(message["ts"]) > since:
                yield message
            if float(message.get("latest_reply") or 0) > since and threads < _MOST_THREADS:
                threads += 1
                async for reply in self._replies(channel, str(message["ts"]), since):
                    yield reply
            read += 1
            if read >= _MOST_MESSAGES:
                return

    async def _replies(self, channel: str, thread: str, since: float) -> AsyncIterator[Json]:
        pages = self._pages(
            "conversations.replies", "messages", channel=channel, ts=thread, oldest=f"{since:.6f}"
        )
        async for reply in pages:
            if reply.get("ts") != thread and float(reply["ts"]) > since:
                yield reply

    async def _pages(self, method: str, field: str, **arguments: Any) -> AsyncIterator[Json]:
        cursor = ""
        while True:
            answer = await call(self._web, method, limit=_PAGE, cursor=cursor, **arguments)
            for entry in answer.get(field) or []:
                yield entry
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return


def _may_state(text: str, named: Named) -> bool:
    """Whether a text names two things, or one and a number that may be a time of day."""
    mentions = named.known.mentions(text)
    return len(mentions) > 1 or (bool(mentions) and any(c.isdigit() for c in text))


def _by_a_person(message: Json, me: Json) -> bool:
    """Whether a person wrote it: no bot, no join or topic message, and not srebot itself."""
    return bool(
        message.get("user")
        and message["user"] != me.get("user_id")
        and not message.get("bot_id")
        and message.get("subtype") in (None, "thread_broadcast", "file_share")
    )


def _said(message: Json, channel: str, workspace: str) -> _Said:
    ts = str(message["ts"])
    link = f"{workspace}archives/{channel}/p{ts.replace('.', '')}"
    if (thread := str(message.get("thread_ts") or ts)) != ts:
        link += f"?thread_ts={thread}&cid={channel}"
    text = text_of(message)[:_LONGEST]
    return _Said(str(message["user"]), text, datetime.fromtimestamp(float(ts), UTC), link)


def _relations(told: Sequence[_Told]) -> list[Relation]:
    """The newest word on each tie; and, where somebody had said the contrary before, the newest of those beside it."""
    by_tie: dict[tuple[str, str, str], list[_Told]] = {}
    for one in told:
        if one.source.key != one.target.key:
            tie = (one.source.key, one.target.key, one.statement.kind)
            by_tie.setdefault(tie, []).append(one)
    found: list[Relation] = []
    for words in by_tie.values():
        words.sort(key=lambda t: t.said.at)
        last = words[-1]
        agreeing = [w for w in words if w.statement.holds == last.statement.holds]
        found.append(_relation(last, ORIGIN, agreeing[0].said.at))
        contrary = [w for w in words if w.statement.holds != last.statement.holds]
        if contrary:
            before = contrary[-1]
            corrected = {w.said.user for w in agreeing if w.said.at > before.said.at}
            worth = _TAKEN_BACK if before.said.user in corrected else 1.0
            found.append(_relation(before, EARLIER, contrary[0].said.at, worth))
    return found


def _relation(told: _Told, origin: str, first: datetime, worth: float = 1.0) -> Relation:
    return Relation(
        source=told.source.key,
        target=told.target.key,
        kind=told.statement.kind,
        origin=origin,
        evidence=told.said.link,
        confidence=round(_SURE * worth * min(1.0, told.statement.confidence / PLAIN), 3),
        holds=told.statement.holds,
        first_seen=first,
        last_confirmed=told.said.at,
    )


def _facts(told: Sequence[_Told]) -> list[Entity]:
    """What was said of one thing alone: when a job runs. The newest word of each counts."""
    found: dict[str, Entity] = {}
    for one in sorted(told, key=lambda t: t.said.at):
        if one.statement.kind == "schedule" and one.statement.holds:
            said = {"said_to_run_at": one.statement.object, "said_in": one.said.link}
            found[one.source.key] = one.source.model_copy(update={"properties": said})
    return list(found.values())
