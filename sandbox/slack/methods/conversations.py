"""conversations.*: finding, joining and reading conversations."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.methods.chat import shown_metadata
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json

_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
MAX_HISTORY = 999


@method("conversations.list", tier=2)
def list_conversations(call: Call) -> Json:
    """Conversations that the app may know of, public channels by default."""
    types = call.args.names("types") or ["public_channel"]
    if any(kind not in _KINDS for kind in types):
        raise SlackError("invalid_types")
    kinds = {_KINDS[kind] for kind in types}
    for kind, scope in (("channel", "channels:read"), ("group", "groups:read"), ("im", "im:read")):
        if kind in kinds:
            call.require_scope(scope)
    skip_archived = call.args.flag("exclude_archived")
    found = [
        conversation.as_json(BOT_USER_ID)
        for conversation in call.state.directory.conversations()
        if conversation.kind in kinds
        and conversation.visible_to(BOT_USER_ID)
        and not (skip_archived and conversation.is_archived)
    ]
    channels, cursor = call.page(found, default=100, maximum=1000)
    return {"channels": channels, "response_metadata": {"next_cursor": cursor}}


@method("conversations.info", tier=3)
def info(call: Call) -> Json:
    """One conversation."""
    conversation = call.conversation()
    channel = conversation.as_json(BOT_USER_ID)
    if not call.args.flag("include_num_members"):
        channel.pop("num_members", None)
    return {"channel": channel}


@method("conversations.members", tier=4)
def members(call: Call) -> Json:
    """Who is in a conversation."""
    found, cursor = call.page(call.conversation().members, default=100, maximum=1000)
    return {"members": found, "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", scope="channels:join", tier=3)
def join(call: Call) -> Json:
    """Enter a public channel."""
    conversation = call.conversation()
    if conversation.is_archived:
        raise SlackError("is_archived")
    if conversation.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if conversation.app_is_member:
        return {
            "channel": conversation.as_json(BOT_USER_ID),
            "warning": "already_in_channel",
            "response_metadata": {"warnings": ["already_in_channel"]},
        }
    call.poster.join(conversation, BOT_USER_ID)
    return {"channel": conversation.as_json(BOT_USER_ID)}


@method("conversations.open", scope="im:write", tier=3)
def open_conversation(call: Call) -> Json:
    """Open the app's direct message with a person."""
    users = call.args.names("users")
    if call.args.has("channel"):
        conversation = call.conversation()
    elif len(users) == 1:
        call.state.directory.user(users[0])
        conversation = call.state.directory.direct_message(users[0])
    elif users:
        raise SlackError("method_not_supported_for_channel_type")
    else:
        raise SlackError("users_list_not_supplied")
    channel = conversation.as_json(BOT_USER_ID)
    full = call.args.flag("return_im")
    return {
        "no_op": True,
        "already_open": True,
        "channel": channel if full else {"id": conversation.id},
    }


@method("conversations.history", tier=3)
def history(call: Call) -> Json:
    """A channel's messages, newest first."""
    conversation = call.readable()
    log = _within(call, call.state.messages.top_level(conversation.id))
    found, cursor = call.page(log[::-1], default=100, maximum=MAX_HISTORY)
    whole = call.args.flag("include_all_metadata")
    answer: Json = {
        "messages": [shown_metadata(message, whole) for message in found],
        "has_more": bool(cursor),
        "pin_count": 0,
    }
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


@method("conversations.replies", tier=3)
def replies(call: Call) -> Json:
    """A thread, parent first, oldest reply next; the parent leads every page."""
    conversation = call.readable()
    thread = call.state.messages.thread(conversation.id, call.args.needed("ts"))
    parent, rest = thread[0], _within(call, thread[1:])
    found, cursor = call.page(rest, default=999, maximum=MAX_HISTORY)
    whole = call.args.flag("include_all_metadata")
    answer: Json = {
        "messages": [shown_metadata(message, whole) for message in (parent, *found)],
        "has_more": bool(cursor),
    }
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


def _within(call: Call, messages: Sequence[Json]) -> list[Json]:
    """Messages between ``oldest`` and ``latest``; with ``inclusive``, those at the bounds too."""
    try:
        oldest = float(call.args.text("oldest") or 0)
        latest = float(call.args.text("latest") or "inf")
    except ValueError:
        raise invalid_arguments("invalid timestamp") from None
    inclusive = call.args.flag("inclusive")
    return [
        message
        for message in messages
        if oldest < float(message["ts"]) < latest
        or (inclusive and float(message["ts"]) in (oldest, latest))
    ]
