"""A workspace in memory, full of what Slack can show, that writes down what its people do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from sandbox.slack.ports import ActionResult, Json, WorkspaceChange

ENGINEER, LEAD, OUTSIDER, BOT = "U0MAYA", "U0JONAS", "U0PRIYA", "U0SREBOT"
ALERTS, DM = "C0ALERTS", "D0MAYA"


def user(user_id: str, handle: str, name: str, title: str = "", *, is_bot: bool = False) -> Json:
    profile = {"display_name": handle, "real_name": name, "title": title}
    return {"id": user_id, "name": handle, "real_name": name, "profile": profile, "is_bot": is_bot}


def channel(channel_id: str, name: str, topic: str = "", **more: Any) -> Json:
    return {
        "id": channel_id, "name": name, "topic": {"value": topic}, "is_im": False,
        "is_private": False, "num_members": 12, **more,
    }  # fmt: skip


class FakeWorkspace:
    """Answers every action with `answer`; `done` holds the actions in the order of their coming."""

    def __init__(self) -> None:
        self.members = [
            user(ENGINEER, "maya", "Maya Lindqvist", "Site reliability engineer"),
            user(LEAD, "jonas", "Jonas Weber", "Team lead, Platform"),
            user(OUTSIDER, "priya", "Priya Nair", "Marketing"),
            user(BOT, "srebot", "srebot", is_bot=True),
        ]
        self.rooms = [
            channel(ALERTS, "alerts-production", "Alerts of *production*, day and night"),
            channel("C0CHECKOUT", "team-checkout"),
            channel("C0DEPLOYS", "deploys", "What went out"),
            channel("C0OPS", "platform-oncall", "On-call hand-over", is_private=True),
        ]
        self.log: dict[str, list[Json]] = {room["id"]: [] for room in self.rooms} | {DM: []}
        self.views: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self.sessions: dict[tuple[str, str], Json] = {}
        self.prompts: list[Json] = []
        self.files: dict[str, tuple[bytes, str, str]] = {}
        self.answer = ActionResult(ok=True)
        self.delay_seconds = 0.0
        self.done: list[tuple[Any, ...]] = []
        self.watchers = 0
        self._queues: list[asyncio.Queue[WorkspaceChange]] = []
        self._clock = time.time() - 3600

    # What there is to see

    def users(self) -> list[Json]:
        return self.members

    def channels(self, user_id: str) -> list[Json]:
        direct = {"id": DM, "is_im": True, "user": BOT}
        return [*self.rooms, direct]

    def messages(self, channel_id: str, user_id: str) -> list[Json]:
        return [
            self._with_bar(message)
            for message in self.log[channel_id]
            if message.get("thread_ts", message["ts"]) == message["ts"]
            and message.get("only_for", user_id) == user_id
        ]

    def thread(self, channel_id: str, thread_ts: str, user_id: str) -> list[Json]:
        return [
            message
            for message in self.log[channel_id]
            if thread_ts in (message["ts"], message.get("thread_ts"))
        ]

    def open_view(self, user_id: str) -> Json | None:
        return self.views.get(user_id)

    def home(self, user_id: str) -> Json | None:
        return self.homes.get(user_id)

    def session_status(self, channel_id: str, thread_ts: str) -> Json | None:
        return self.sessions.get((channel_id, thread_ts))

    def suggested_prompts(self, channel_id: str) -> list[Json]:
        return self.prompts

    def file(self, file_id: str) -> tuple[bytes, str, str] | None:
        return self.files.get(file_id)

    def app_connected(self) -> bool:
        return True

    async def changes(self) -> AsyncIterator[WorkspaceChange]:
        queue: asyncio.Queue[WorkspaceChange] = asyncio.Queue()
        self._queues.append(queue)
        self.watchers += 1
        try:
            while True:
                yield await queue.get()
        finally:
            self.watchers -= 1
            self._queues.remove(queue)

    # What people do

    async def post(
        self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None
    ) -> str:
        self.done.append(("post", user_id, channel_id, text, thread_ts))
        return self.say(channel_id, user=user_id, text=text, thread_ts=thread_ts)

    def post_as_sender(
        self, sender: Mapping[str, str], channel_id: str, *, at: datetime | None = None, **more: Any
    ) -> str:
        return self.say(channel_id, username=sender["name"], bot_id=sender["bot_id"], **more)

    async def command(self, user_id: str, channel_id: str, command: str, text: str) -> ActionResult:
        return await self._do("command", user_id, channel_id, command, text)

    async def click(
        self, user_id: str, channel_id: str, message_ts: str, block_id: str, action_id: str,
        value: Json | None = None,
    ) -> ActionResult:  # fmt: skip
        return await self._do("click", user_id, channel_id, message_ts, block_id, action_id, value)

    async def click_in_view(
        self, user_id: str, view_id: str, block_id: str, action_id: str, value: Json | None = None
    ) -> ActionResult:
        return await self._do("click_in_view", user_id, view_id, block_id, action_id, value)

    async def shortcut(
        self, user_id: str, channel_id: str, message_ts: str, callback_id: str
    ) -> ActionResult:
        return await self._do("shortcut", user_id, channel_id, message_ts, callback_id)

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Json]]
    ) -> ActionResult:
        result = await self._do("submit_view", user_id, view_id, values)
        if result.ok and not result.errors:
            self.views.pop(user_id, None)
        return result

    async def close_view(self, user_id: str, view_id: str) -> None:
        await self._do("close_view", user_id, view_id)
        self.views.pop(user_id, None)

    async def react(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        await self._do("react", user_id, channel_id, message_ts, name)

    async def unreact(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        await self._do("unreact", user_id, channel_id, message_ts, name)

    async def open_home(self, user_id: str, tab: str) -> None:
        await self._do("open_home", user_id, tab)

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        await self._do("stop_session", user_id, channel_id, thread_ts)

    # What the test does

    def say(self, channel_id: str, **message: Any) -> str:
        """Put a message into a channel, a minute after the last one unless it has a ts."""
        self._clock += 60
        fields = {key: value for key, value in message.items() if value is not None}
        whole = {"ts": f"{self._clock:.6f}", "text": "", **fields}
        self.log[channel_id].append(whole)
        self.tell(WorkspaceChange("message", channel_id, whole["ts"], whole.get("thread_ts", "")))
        return str(whole["ts"])

    def tell(self, change: WorkspaceChange) -> None:
        for queue in self._queues:
            queue.put_nowait(change)

    async def _do(self, *what: Any) -> ActionResult:
        self.done.append(what)
        await asyncio.sleep(self.delay_seconds)
        return self.answer

    def _with_bar(self, message: Json) -> Json:
        everything = (m for log in self.log.values() for m in log)
        replies = [m for m in everything if m.get("thread_ts") == message["ts"] != m["ts"]]
        if not replies:
            return message
        repliers = list(dict.fromkeys(str(m.get("user", "")) for m in replies))
        bar = {"reply_count": len(replies), "latest_reply": replies[-1]["ts"]}
        return {**message, **bar, "reply_users": repliers}
