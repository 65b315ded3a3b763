"""Puts messages into conversations and tells the app and the onlookers about it."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sandbox.slack import events
from sandbox.slack.directory import Conversation
from sandbox.slack.identity import APP_ID, APP_INSTALLED, APP_NAME, BOT_ID, BOT_USER_ID, TEAM_ID
from sandbox.slack.ports import Json, WorkspaceChange
from sandbox.slack.state import WorkspaceState

_MessageChange = Literal["message", "message_changed", "message_deleted", "reaction"]


def with_block_ids(blocks: Sequence[Json]) -> list[Json]:
    """Blocks as Slack keeps them: each has a ``block_id``, each interactive element an ``action_id``."""
    return [_identified(copy.deepcopy(block)) for block in blocks]


def _identified(block: Json) -> Json:
    block.setdefault("block_id", secrets.token_hex(3))
    candidates = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
    if block["type"] in ("actions", "section", "input", "context_actions"):
        for element in candidates:
            if isinstance(element, dict) and element.get("type") != "image":
                element.setdefault("action_id", secrets.token_hex(3))
    return block


def app_author() -> Json:
    """The fields that mark a message as the app's own."""
    return {
        "user": BOT_USER_ID,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "bot_profile": {
            "id": BOT_ID,
            "app_id": APP_ID,
            "user_id": BOT_USER_ID,
            "name": APP_NAME,
            "icons": {},
            "deleted": False,
            "updated": APP_INSTALLED,
            "team_id": TEAM_ID,
        },
    }


class Poster:
    """The one way by which messages and reactions come, change and go."""

    def __init__(self, state: WorkspaceState) -> None:
        self._state = state

    def post(
        self, conversation: Conversation, content: Json, *, at: datetime | None = None
    ) -> Json:
        """Post ``content`` (author, text, blocks, ``thread_ts`` ...) and return the message.

        Raises:
            SlackError: ``thread_not_found``.
        """
        ts = self._state.timestamps.issue(at)
        message: Json = {"type": "message", "team": TEAM_ID, **content, "ts": ts}
        self._state.messages.add(conversation.id, message)
        thread_ts = message.get("thread_ts", "")
        if thread_ts and message.get("user") != BOT_USER_ID:
            parent = self._state.messages.get(conversation.id, thread_ts)
            message.setdefault("parent_user_id", parent.get("user", ""))
        self._announce(conversation, message)
        return message

    def update(self, conversation: Conversation, ts: str, changes: Json) -> Json:
        """Change a message in place; a value of None removes the field."""
        message = self._state.messages.get(conversation.id, ts)
        old = copy.deepcopy(message)
        for name, value in changes.items():
            if value is None:
                message.pop(name, None)
            else:
                message[name] = value
        self._changed("message_changed", conversation, message)
        if conversation.app_is_member:
            event_ts = self._state.timestamps.issue()
            self._state.emit(events.message_changed(conversation, message, old, event_ts))
        return message

    def delete(self, conversation: Conversation, ts: str) -> None:
        """Take a message away."""
        old = self._state.messages.remove(conversation.id, ts)
        self._changed("message_deleted", conversation, old)
        if conversation.app_is_member:
            event_ts = self._state.timestamps.issue()
            self._state.emit(events.message_deleted(conversation, old, event_ts))

    def whisper(self, conversation: Conversation, user_id: str, content: Json) -> str:
        """Show a message to one person only; returns its ts."""
        ts = self._state.timestamps.issue()
        message = {"type": "message", "team": TEAM_ID, **content, "ts": ts}
        self._state.messages.whisper(conversation.id, user_id, message)
        self._whispered(conversation, user_id, message)
        return ts

    def unwhisper(self, conversation: Conversation, user_id: str, ts: str) -> bool:
        """Take an ephemeral message away; says whether ``ts`` was one."""
        gone = self._state.messages.unwhisper(conversation.id, ts)
        if gone:
            self._whispered(conversation, user_id, {"ts": ts})
        return gone

    def react(self, conversation: Conversation, ts: str, user_id: str, name: str) -> None:
        """Add a reaction."""
        self._state.messages.react(conversation.id, ts, user_id, name)
        self._reacted(conversation, ts, user_id, name, added=True)

    def unreact(self, conversation: Conversation, ts: str, user_id: str, name: str) -> None:
        """Take a reaction back."""
        self._state.messages.unreact(conversation.id, ts, user_id, name)
        self._reacted(conversation, ts, user_id, name, added=False)

    def join(self, conversation: Conversation, user_id: str, inviter: str = "") -> None:
        """Bring somebody into a channel."""
        if user_id in conversation.members:
            return
        conversation.members.append(user_id)
        event_ts = self._state.timestamps.issue()
        if conversation.app_is_member:
            self._state.emit(events.member_joined(conversation, user_id, inviter, event_ts))

    def _announce(self, conversation: Conversation, message: Json) -> None:
        self._changed("message", conversation, message)
        if not conversation.app_is_member:
            return
        self._state.emit(events.message(conversation, message))
        mentioned = f"<@{BOT_USER_ID}" in message.get("text", "")
        by_person = not message.get("bot_id") and not message.get("subtype")
        if mentioned and by_person and conversation.kind != "im":
            self._state.emit(events.app_mention(conversation, message))

    def _reacted(
        self, conversation: Conversation, ts: str, user_id: str, name: str, *, added: bool
    ) -> None:
        message = self._state.messages.get(conversation.id, ts)
        self._changed("reaction", conversation, message)
        if conversation.app_is_member:
            event_ts = self._state.timestamps.issue()
            event = events.reaction(added, user_id, name, conversation.id, message, event_ts)
            self._state.emit(event)

    def _changed(
        self,
        kind: _MessageChange,
        conversation: Conversation,
        message: Mapping[str, str],
    ) -> None:
        self._state.changed(
            WorkspaceChange(
                kind=kind,
                channel=conversation.id,
                ts=message["ts"],
                thread_ts=message.get("thread_ts", ""),
            )
        )

    def _whispered(self, conversation: Conversation, user_id: str, message: Json) -> None:
        self._state.changed(
            WorkspaceChange(
                kind="ephemeral",
                channel=conversation.id,
                ts=message["ts"],
                thread_ts=message.get("thread_ts", ""),
                user=user_id,
            )
        )
