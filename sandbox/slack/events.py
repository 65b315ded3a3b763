"""Events as Slack words them, and the envelope that each is delivered in.

https://docs.slack.dev/reference/events
"""

from __future__ import annotations

import copy
from datetime import datetime

from sandbox.slack.clock import new_id
from sandbox.slack.directory import Conversation
from sandbox.slack.identity import APP_ID, BOT_USER_ID, TEAM_ID, VERIFICATION_TOKEN
from sandbox.slack.ports import Json

_MESSAGE_SUBSCRIPTION = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
}
_KIND_LETTER = {"channel": "C", "group": "G", "im": "D"}


def subscription_of(event: Json) -> str:
    """The bot event that an app subscribes to in order to get ``event``."""
    if event["type"] == "message":
        return _MESSAGE_SUBSCRIPTION[event["channel_type"]]
    return str(event["type"])


def callback(event: Json, at: datetime) -> Json:
    """The ``event_callback`` around an event."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(at.timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": new_id("4-", 40),
    }


def message(conversation: Conversation, posted: Json) -> Json:
    """A message was posted."""
    return {
        **copy.deepcopy(posted),
        "channel": conversation.id,
        "channel_type": conversation.kind,
        "event_ts": posted["ts"],
    }


def app_mention(conversation: Conversation, posted: Json) -> Json:
    """Somebody wrote the app's name."""
    names = ("user", "text", "ts", "thread_ts", "team", "client_msg_id", "blocks", "files")
    kept = {name: copy.deepcopy(posted[name]) for name in names if name in posted}
    return {
        "type": "app_mention",
        **kept,
        "channel": conversation.id,
        "event_ts": posted["ts"],
    }


def message_changed(conversation: Conversation, new: Json, old: Json, event_ts: str) -> Json:
    """A message was edited, by hand or by ``chat.update``."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": copy.deepcopy(new),
        "previous_message": old,
        "channel": conversation.id,
        "channel_type": conversation.kind,
        "ts": event_ts,
        "event_ts": event_ts,
    }


def message_deleted(conversation: Conversation, old: Json, event_ts: str) -> Json:
    """A message was deleted."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": old["ts"],
        "previous_message": copy.deepcopy(old),
        "channel": conversation.id,
        "channel_type": conversation.kind,
        "ts": event_ts,
        "event_ts": event_ts,
    }


def reaction(
    added: bool, user_id: str, name: str, channel_id: str, on: Json, event_ts: str
) -> Json:
    """A reaction was added to, or removed from, the message ``on``."""
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user_id,
        "reaction": name,
        "item": {"type": "message", "channel": channel_id, "ts": on["ts"]},
        "item_user": on.get("user", ""),
        "event_ts": event_ts,
    }


def member_joined(conversation: Conversation, user_id: str, inviter: str, event_ts: str) -> Json:
    """Somebody, perhaps the app itself, came into a channel."""
    event = {
        "type": "member_joined_channel",
        "user": user_id,
        "channel": conversation.id,
        "channel_type": _KIND_LETTER[conversation.kind],
        "team": TEAM_ID,
        "event_ts": event_ts,
    }
    return {**event, "inviter": inviter} if inviter else event


def app_home_opened(user_id: str, channel_id: str, tab: str, view: Json | None, ts: str) -> Json:
    """Somebody opened the app's home or messages tab."""
    event = {
        "type": "app_home_opened",
        "user": user_id,
        "channel": channel_id,
        "tab": tab,
        "event_ts": ts,
    }
    return {**event, "view": copy.deepcopy(view)} if view and tab == "home" else event


def agent_session_stopped(
    user_id: str, channel_id: str, thread_ts: str, streams: list[str], event_ts: str
) -> Json:
    """Somebody pressed the stop button of an agent session."""
    return {
        "type": "agent_session_stopped",
        "user": user_id,
        "channel": channel_id,
        "thread_ts": thread_ts,
        "streaming_message_ts": streams,
        "event_ts": event_ts,
    }
