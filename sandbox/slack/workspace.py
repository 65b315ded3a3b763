"""The simulated Slack workspace: what people see and do in it, and the parts that the app's APIs work on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from sandbox.slack.answers import Answers
from sandbox.slack.clock import Now, utc_now
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.history import lay_down
from sandbox.slack.http_delivery import RequestUrlTransport
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.people import People
from sandbox.slack.ports import ActionResult, Json, WorkspaceChange
from sandbox.slack.posting import Poster, with_block_ids
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.socket import DisconnectReason
from sandbox.slack.state import WorkspaceState
from sandbox.world.ports import Company


class SlackWorkspace:
    """Implements :class:`sandbox.slack.ports.Workspace`; all of it belongs to one event loop."""

    def __init__(
        self, company: Company, *, now: Now = utc_now, limits: RateLimits | None = None
    ) -> None:
        self.state = WorkspaceState(company, now, limits)
        self.poster = Poster(self.state)
        self.answers = Answers(self.state, self.poster)
        self._people = People(self.state, self.poster, self.answers)
        self._request_url: RequestUrlTransport | None = None
        lay_down(company.chatter, self.state)

    # What a person sees

    def users(self) -> Sequence[Json]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.directory.users()

    def channels(self, user_id: str) -> Sequence[Json]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        visible = (c for c in self.state.directory.conversations() if c.visible_to(user_id))
        return [conversation.as_json(user_id) for conversation in visible]

    def messages(self, channel_id: str, user_id: str) -> Sequence[Json]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        self._visible(channel_id, user_id)
        log = self.state.messages
        return _ordered(log.top_level(channel_id), log.ephemeral(channel_id, user_id, None))

    def thread(self, channel_id: str, thread_ts: str, user_id: str) -> Sequence[Json]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        self._visible(channel_id, user_id)
        log = self.state.messages
        whispered = log.ephemeral(channel_id, user_id, thread_ts)
        return _ordered(log.thread(channel_id, thread_ts), whispered)

    def open_view(self, user_id: str) -> Json | None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.views.top(user_id)

    def home(self, user_id: str) -> Json | None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.views.home(user_id)

    def session_status(self, channel_id: str, thread_ts: str) -> Json | None:
        """See :class:`sandbox.slack.ports.Workspace`; also ``title`` and the passing ``status_text``."""
        session = self.state.sessions.get(channel_id, thread_ts)
        return session.as_json() if session is not None else None

    def suggested_prompts(self, channel_id: str) -> Sequence[Json]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.sessions.prompts(channel_id)

    def file(self, file_id: str) -> tuple[bytes, str, str] | None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        try:
            stored = self.state.files.get(file_id)
        except SlackError:
            return None
        if stored.content is None or not stored.complete:
            return None
        return stored.content, stored.name, stored.media_type

    def app_connected(self) -> bool:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.delivery.transport.ready()

    def changes(self) -> AsyncIterator[WorkspaceChange]:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self.state.feed.watch()

    # What a person does

    async def post(
        self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None
    ) -> str:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return self._people.post(user_id, channel_id, text, thread_ts)

    def post_as_sender(
        self,
        sender: Mapping[str, str],
        channel_id: str,
        *,
        text: str = "",
        attachments: Sequence[Json] = (),
        blocks: Sequence[Json] = (),
        at: datetime | None = None,
        thread_ts: str | None = None,
    ) -> str:
        """See :class:`sandbox.slack.ports.Workspace`."""
        content: Json = {
            "subtype": "bot_message",
            "text": text,
            "username": sender["name"],
            "bot_id": sender["bot_id"],
            "app_id": sender["app_id"],
        }
        if sender.get("icon"):
            content["icons"] = {"image_48": sender["icon"]}
        if attachments:
            content["attachments"] = [{"id": n, **a} for n, a in enumerate(attachments, 1)]
        if blocks:
            content["blocks"] = with_block_ids(blocks)
        if thread_ts:
            content["thread_ts"] = thread_ts
        conversation = self.state.directory.conversation(channel_id)
        return str(self.poster.post(conversation, content, at=at)["ts"])

    async def command(
        self,
        user_id: str,
        channel_id: str,
        command: str,
        text: str,
        thread_ts: str | None = None,
    ) -> ActionResult:
        """See :class:`sandbox.slack.ports.Workspace`; ``thread_ts`` says that a thread's composer was used."""
        return await self._people.command(user_id, channel_id, command, text, thread_ts)

    async def click(
        self,
        user_id: str,
        channel_id: str,
        message_ts: str,
        block_id: str,
        action_id: str,
        value: Json | None = None,
    ) -> ActionResult:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return await self._people.click(user_id, channel_id, message_ts, block_id, action_id, value)

    async def click_in_view(
        self, user_id: str, view_id: str, block_id: str, action_id: str, value: Json | None = None
    ) -> ActionResult:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return await self._people.click_in_view(user_id, view_id, block_id, action_id, value)

    async def shortcut(
        self, user_id: str, channel_id: str, message_ts: str, callback_id: str
    ) -> ActionResult:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return await self._people.shortcut(user_id, channel_id, message_ts, callback_id)

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Json]]
    ) -> ActionResult:
        """See :class:`sandbox.slack.ports.Workspace`."""
        return await self._people.submit_view(user_id, view_id, values)

    async def close_view(self, user_id: str, view_id: str) -> None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        await self._people.close_view(user_id, view_id)

    async def react(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        self._people.react(user_id, channel_id, message_ts, name)

    async def unreact(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """Take a person's reaction back."""
        self._people.unreact(user_id, channel_id, message_ts, name)

    async def open_home(self, user_id: str, tab: Literal["home", "messages"]) -> None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        self._people.open_home(user_id, tab)

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        """See :class:`sandbox.slack.ports.Workspace`."""
        self._people.stop_session(user_id, channel_id, thread_ts)

    # The way to the app

    def invite_app(self, channel_id: str, inviter: str = "") -> None:
        """Bring the app into a channel, as ``/invite @srebot`` does."""
        self.poster.join(self.state.directory.conversation(channel_id), BOT_USER_ID, inviter)

    def set_request_url(self, url: str) -> None:
        """Deliver over signed HTTP to ``url`` from now on, once it answers; needs a running event loop."""
        self._request_url = RequestUrlTransport(url, self.state.delivery.app_appeared)
        self.state.delivery.transport = self._request_url
        self._request_url.start()

    async def disconnect_app(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Send ``disconnect`` on every Socket Mode connection."""
        await self.state.socket.disconnect(reason)

    async def close(self) -> None:
        """Stop every delivery under way."""
        if self._request_url is not None:
            await self._request_url.close()
        await self.state.delivery.close()

    def _visible(self, channel_id: str, user_id: str) -> Conversation:
        conversation = self.state.directory.conversation(channel_id)
        if not conversation.visible_to(user_id):
            raise SlackError("channel_not_found")
        return conversation


def _ordered(*parts: Sequence[Json]) -> list[Json]:
    messages = [message for part in parts for message in part]
    return sorted(messages, key=lambda message: float(message["ts"]))
