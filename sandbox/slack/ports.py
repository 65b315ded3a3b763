"""Slack as its people use it: what the page in the browser and the scenario's director may ask of the workspace.

Implemented by ``sandbox.slack.workspace.SlackWorkspace``. The bot never sees this side: it speaks Slack's Web API,
Socket Mode and HTTP. A message is the JSON object that ``conversations.history`` would give for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class WorkspaceChange:
    """Something moved that a page showing the workspace wants to redraw."""

    kind: Literal[
        "message",
        "message_changed",
        "message_deleted",
        "reaction",
        "view",
        "home",
        "ephemeral",
        "status",
    ]
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    user: str = ""
    """Set when only this user is to see it (views, home, ephemeral messages, session status)."""


@dataclass(frozen=True)
class ActionResult:
    """What the app made of a click, a command or a submitted view, as far as the person at the page sees it."""

    ok: bool
    text: str = ""
    """The app's immediate answer, or Slack's own sentence when the app did not answer in 3 s."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Block id -> message, when a submitted view was refused with ``response_action: errors``."""


class Workspace(Protocol):
    """A person's side of Slack."""

    def users(self) -> Sequence[Json]:
        """All members, as ``users.info`` gives them."""

    def channels(self, user_id: str) -> Sequence[Json]:
        """The channels that this user may open, direct messages with the app included."""

    def messages(self, channel_id: str, user_id: str) -> Sequence[Json]:
        """The channel's top-level messages, oldest first; this user's ephemeral ones have ``is_ephemeral``."""

    def thread(self, channel_id: str, thread_ts: str, user_id: str) -> Sequence[Json]:
        """A thread with its parent first."""

    def open_view(self, user_id: str) -> Json | None:
        """The modal on top of this user's stack."""

    def home(self, user_id: str) -> Json | None:
        """The App Home published for this user."""

    def session_status(self, channel_id: str, thread_ts: str) -> Json | None:
        """The agent session's status in a thread, if the app set one."""

    def suggested_prompts(self, channel_id: str) -> Sequence[Json]:
        """Prompts set for the app's message tab."""

    def file(self, file_id: str) -> tuple[bytes, str, str] | None:
        """An uploaded file's bytes, name and media type."""

    def app_connected(self) -> bool:
        """Whether the app has a Socket Mode connection or a request URL that answers."""

    def changes(self) -> AsyncIterator[WorkspaceChange]:
        """What moves from now on, until the iterator is closed."""

    async def post(
        self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None
    ) -> str:
        """Post as a person; returns the message's ts. Mentions are written ``<@U…>``."""

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
        """Post as another vendor's bot (``sender``: name, app_id, bot_id, icon); returns the ts."""

    async def command(
        self,
        user_id: str,
        channel_id: str,
        command: str,
        text: str,
        thread_ts: str | None = None,
    ) -> ActionResult:
        """Type a slash command into a channel's composer, or into a thread's, where Slack refuses it."""

    async def click(
        self,
        user_id: str,
        channel_id: str,
        message_ts: str,
        block_id: str,
        action_id: str,
        value: Json | None = None,
    ) -> ActionResult:
        """Use an interactive element of a message; ``value`` carries the chosen option(s) of a select."""

    async def click_in_view(
        self, user_id: str, view_id: str, block_id: str, action_id: str, value: Json | None = None
    ) -> ActionResult:
        """Use an interactive element of a modal or of App Home."""

    async def shortcut(
        self, user_id: str, channel_id: str, message_ts: str, callback_id: str
    ) -> ActionResult:
        """Choose a message shortcut from a message's menu."""

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Json]]
    ) -> ActionResult:
        """Press a modal's submit button; ``values`` as in ``view.state.values``."""

    async def close_view(self, user_id: str, view_id: str) -> None:
        """Press a modal's cancel button."""

    async def react(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """Add a reaction as a person."""

    async def unreact(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """Take a person's reaction back."""

    async def open_home(self, user_id: str, tab: Literal["home", "messages"]) -> None:
        """Open the app's home or messages tab (sends ``app_home_opened``)."""

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        """Press Slack's own stop button on an agent session (sends ``agent_session_stopped``)."""
