"""Search over what was said in the public channels that the bot is in.

Slack's own search needs a user's token, so this reads ``conversations.history`` (and the threads of what matches), keeps
it for a few minutes and matches words itself. Private channels are left out: what is said there stays there.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import aiohttp
from pydantic import Field
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.errors import AccessDenied, ToolError, Unreachable
from agent.model import Json, Reading
from agent.tools import tool
from integrations.calls import seconds_of
from integrations.masking import evidence, mask_text
from integrations.probes import Probe
from integrations.slack_text import text_of
from integrations.text import clock, iso, lines, utc_now, window_of

SCOPES = ("channels:read", "channels:history", "users:read")
_KEPT_SECONDS = 300.0
_PAGE = 200
_MESSAGES_PER_CHANNEL = 1_000
_THREADS_READ = 12
_SHOWN = 15
_LONGEST_WAIT_SECONDS = 8.0
_REFUSALS = frozenset(
    {
        "missing_scope",
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "no_permission",
    }
)


@dataclass(frozen=True)
class _Channel:
    id: str
    name: str


@dataclass(frozen=True)
class _Found:
    channel: _Channel
    message: Json
    hits: int


class SlackHistoryTools:
    """Read tools on the team's talk."""

    def __init__(self, web_client: AsyncWebClient) -> None:
        self._web = web_client
        self._at_once = asyncio.Semaphore(3)
        self._kept: dict[str, tuple[float, Any]] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @tool("slack", cost_seconds=1.5)
    async def slack_discussions(
        self,
        words: Annotated[
            str, Field(description="words to look for, such as: redis-reco memory backup")
        ],
        days: Annotated[float, Field(gt=0, le=365)] = 60,
    ) -> Reading:
        """What people said in public channels about these words: messages and thread replies, best matches first."""
        window = window_of(days * 1440)
        wanted = sorted({w for w in words.lower().split() if len(w) > 1})
        me = await self._remembered("auth.test", lambda: self._call("auth.test"))
        channels = await self._channels()
        histories = await asyncio.gather(*(self._history(c, days) for c in channels))
        parents = [
            _Found(channel, message, hits)
            for channel, history in zip(channels, histories, strict=True)
            for message in _by_others(history, me)
            if (hits := _hits(message, wanted))
        ]
        found = [*parents, *await self._replies(_best(parents)[:_THREADS_READ], wanted, me)]
        best = _best(found)[:_SHOWN]
        names = await asyncio.gather(*(self._name(f.message) for f in best))
        messages = [
            _data(f, name, str(me.get("url", ""))) for f, name in zip(best, names, strict=True)
        ]
        return Reading(
            source="slack",
            query=f"messages with {words!r} in {len(channels)} public channels, {days:g} days",
            observation=lines(
                f"#{m['channel']} {clock(m['at'])} {m['user']}: {m['text']}" for m in messages
            )
            or f"nobody mentioned {words!r} within the last {days:g} days",
            data={"messages": messages},
            raw=await evidence([f.message for f in best]),
            link=messages[0]["link"] if len(messages) == 1 else "",
            window=window,
        )

    async def _channels(self) -> list[_Channel]:
        async def read() -> list[_Channel]:
            pages = self._pages(
                "conversations.list", "channels", types="public_channel", exclude_archived=True
            )
            return [_Channel(c["id"], c["name"]) async for c in pages if c.get("is_member")]

        found: list[_Channel] = await self._remembered("channels", read)
        return found

    async def _history(self, channel: _Channel, days: float) -> list[Json]:
        oldest = (utc_now() - timedelta(days=days)).timestamp()

        async def read() -> list[Json]:
            found: list[Json] = []
            pages = self._pages(
                "conversations.history", "messages", channel=channel.id, oldest=f"{oldest:.6f}"
            )
            async for message in pages:
                found.append(message)
                if len(found) >= _MESSAGES_PER_CHANNEL:
                    break
            return found

        messages: list[Json] = await self._remembered(f"{channel.id} {days:g}", read)
        return messages

    async def _replies(
        self, parents: Sequence[_Found], wanted: Sequence[str], me: Json
    ) -> list[_Found]:
        """Replies in the matching threads; all of them bear on it, those with the words the most."""

        async def read(parent: _Found) -> list[_Found]:
            ts = str(parent.message["ts"])
            pages = self._pages(
                "conversations.replies", "messages", channel=parent.channel.id, ts=ts
            )
            replies = [m async for m in pages if m.get("ts") != ts]
            near = max(1, parent.hits - 1)
            return [
                _Found(parent.channel, m, max(near, _hits(m, wanted)))
                for m in _by_others(replies, me)
            ]

        threads = [p for p in parents if p.message.get("reply_count")]
        return [f for found in await asyncio.gather(*map(read, threads)) for f in found]

    async def _name(self, message: Json) -> str:
        user = str(message.get("user") or "")
        if not user:
            profile = message.get("bot_profile") or {}
            return str(message.get("username") or profile.get("name") or "a bot")
        found = await self._remembered(user, lambda: self._call("users.info", user=user))
        profile = found.get("user", {})
        return str(profile.get("real_name") or profile.get("name") or user)

    async def _pages(self, method: str, field: str, **arguments: Any) -> Any:
        cursor = ""
        while True:
            answer = await self._call(method, limit=_PAGE, cursor=cursor, **arguments)
            for entry in answer.get(field, []):
                yield entry
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _remembered(self, key: str, read: Callable[[], Awaitable[Any]]) -> Any:
        """What was read a short while ago, or is being read now; investigations at once ask for the same."""
        async with self._reading[key]:
            kept = self._kept.get(key)
            if kept is None or time.monotonic() - kept[0] > _KEPT_SECONDS:
                kept = self._kept[key] = (time.monotonic(), await read())
            return kept[1]

    async def _call(self, method: str, **arguments: Any) -> Json:
        async with self._at_once:
            return await call(self._web, method, **arguments)


async def call(web: AsyncWebClient, method: str, **arguments: Any) -> Json:
    """Call a reading method of Slack; waits once when Slack asks to.

    Raises:
        ToolError: Slack refused, or could not be reached; the message says what to do.
    """
    given = {k: v for k, v in arguments.items() if v != ""}
    for last in (False, True):
        try:
            answer = await web.api_call(method, params=given, http_verb="GET")
        except SlackApiError as error:
            wait = _asked_wait(error)
            if wait is None or last:
                raise _error_of(method, error) from error
            await asyncio.sleep(min(wait, _LONGEST_WAIT_SECONDS))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"Slack cannot be reached for {method}: {error}") from error
        else:
            return dict(answer.data) if isinstance(answer.data, dict) else {}
    raise Unreachable(f"Slack is limiting {method}; try again later")


async def probe(web: AsyncWebClient) -> list[Probe]:
    """The token works, and has the scopes that the history search needs."""
    try:
        answer = await web.auth_test()
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        remedy = "install the app from the manifest and set its bot token (xoxb-...)"
        return [Probe(name="slack token", ok=False, detail=mask_text(str(error)), remedy=remedy)]
    found = [
        Probe(name="slack token", ok=True, detail=f"{answer.get('user')} in {answer.get('team')}")
    ]
    headers = {str(k).lower(): v for k, v in answer.headers.items()}
    granted = set(str(headers.get("x-oauth-scopes", "")).replace(" ", "").split(","))
    for scope in SCOPES:
        ok = scope in granted
        remedy = "" if ok else f"add {scope} to the app's bot scopes and install it again"
        detail = "granted" if ok else "missing: the team's talk cannot be searched"
        found.append(Probe(name=f"slack {scope}", ok=ok, detail=detail, remedy=remedy))
    return found


def _by_others(messages: Iterable[Json], me: Json) -> Iterator[Json]:
    """What srebot said itself is no evidence."""
    for message in messages:
        own = message.get("user") == me.get("user_id") or (
            message.get("bot_id") is not None and message.get("bot_id") == me.get("bot_id")
        )
        if not own and not str(message.get("subtype", "")).startswith("channel_"):
            yield message


def _hits(message: Json, wanted: Iterable[str]) -> int:
    text = text_of(message).lower()
    return sum(word in text for word in wanted)


def _best(found: Iterable[_Found]) -> list[_Found]:
    unique = {(f.channel.id, str(f.message["ts"])): f for f in found}
    return sorted(unique.values(), key=lambda f: (-f.hits, -float(f.message["ts"])))


def _data(found: _Found, name: str, workspace: str) -> Json:
    ts = str(found.message["ts"])
    link = f"{workspace}archives/{found.channel.id}/p{ts.replace('.', '')}"
    if (thread := str(found.message.get("thread_ts") or ts)) != ts:
        link += f"?thread_ts={thread}&cid={found.channel.id}"
    return {
        "channel": found.channel.name,
        "user": name,
        "at": iso(datetime.fromtimestamp(float(ts), UTC)),
        "text": mask_text(" ".join(text_of(found.message).split()))[:600],
        "link": link,
    }


def _asked_wait(error: SlackApiError) -> float | None:
    headers = {
        str(k).lower(): v for k, v in (getattr(error.response, "headers", None) or {}).items()
    }
    if error.response.get("error") not in ("ratelimited", "rate_limited"):
        return None
    return seconds_of(headers.get("retry-after")) or 1.0


def _error_of(method: str, error: SlackApiError) -> ToolError:
    code = str(error.response.get("error") or "")
    if code in _REFUSALS:
        needed = error.response.get("needed")
        remedy = (
            f"add the scope {needed} and install the app again" if needed else "check the bot token"
        )
        return AccessDenied(f"Slack does not let srebot call {method} ({code}): {remedy}")
    if code in ("ratelimited", "rate_limited"):
        return Unreachable(f"Slack is limiting {method}; try again later")
    return ToolError(f"Slack did not answer {method}: {code or error}")
