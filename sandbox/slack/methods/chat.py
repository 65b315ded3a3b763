"""chat.*: posting, editing, deleting and linking to messages."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.slack import content
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json, WorkspaceChange
from sandbox.slack.posting import app_author
from sandbox.slack.ratelimit import POSTING_TIER


def _said(call: Call) -> Json:
    """Text, blocks and attachments of the call, checked; only what was given."""
    said: Json = {}
    if call.args.has("markdown_text"):
        if call.args.has("text") or call.args.has("blocks"):
            raise SlackError("markdown_text_conflict")
        return content.markdown_fields(call.args.text("markdown_text"))
    if call.args.has("text"):
        said["text"] = call.args.text("text")
    if call.args.has("blocks"):
        blocks = call.args.structure("blocks", "invalid_blocks_format")
        said["blocks"] = content.checked_blocks(call.state, blocks or [])
    if call.args.has("attachments"):
        attachments = call.args.structure("attachments", "invalid_attachments")
        said["attachments"] = content.checked_attachments(call.state, attachments or [])
    return said


def _complete(said: Json) -> Json:
    """A message needs something to show."""
    if not any(said.get(name) for name in ("text", "blocks", "attachments")):
        raise SlackError("no_text")
    return {"text": "", **{name: value for name, value in said.items() if value != []}}


def _metadata(call: Call) -> Json | None:
    value = call.args.structure("metadata", "invalid_metadata_format")
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    return value


def shown_metadata(message: Json, whole: bool) -> Json:
    """A message as history gives it: of its metadata only the type, unless all was asked for."""
    if "metadata" in message and not whole:
        message["metadata"] = {"event_type": message["metadata"]["event_type"]}
    return message


def end_waiting(call: Call, conversation: Conversation, thread_ts: str) -> None:
    """A message of the app in a thread ends the passing line that says it is thinking."""
    if thread_ts and call.state.sessions.clear_status_text(conversation.id, thread_ts):
        change = WorkspaceChange("status", channel=conversation.id, thread_ts=thread_ts)
        call.state.changed(change)


@method("chat.postMessage", scope="chat:write", tier=POSTING_TIER)
def post_message(call: Call) -> Json:
    """Post as the app."""
    conversation = call.joined()
    said = _complete(_said(call))
    said["text"] = said["text"][: content.MAX_TEXT_CHARACTERS]
    message: Json = {**app_author(), **said}
    metadata = _metadata(call)
    if metadata is not None:
        message["metadata"] = metadata
    thread_ts = call.args.text("thread_ts")
    if thread_ts:
        message["thread_ts"] = thread_ts
        if call.args.flag("reply_broadcast"):
            message["subtype"] = "thread_broadcast"
            message["root"] = _root(call, conversation, thread_ts)
    for name in ("username", "icon_emoji", "icon_url"):
        if call.args.has(name):
            call.require_scope("chat:write.customize")
            message[name] = call.args.text(name)
    call.state.limiter.admit_post(conversation.id)
    posted = call.poster.post(conversation, message)
    end_waiting(call, conversation, thread_ts)
    return {"channel": conversation.id, "ts": posted["ts"], "message": copy.deepcopy(posted)}


def _root(call: Call, conversation: Conversation, thread_ts: str) -> Json:
    return call.state.messages.thread(conversation.id, thread_ts)[0]


@method("chat.update", scope="chat:write", tier=3)
def update(call: Call) -> Json:
    """Edit a message of the app; what is not given stays as it was."""
    conversation = call.joined()
    ts = call.args.needed("ts")
    message = call.state.messages.get(conversation.id, ts)
    if message.get("user") != BOT_USER_ID:
        raise SlackError("cant_update_message")
    changes = _said(call)
    if not changes:
        raise SlackError("no_text")
    if len(changes.get("text", "")) > content.MAX_EDIT_CHARACTERS and "blocks" not in changes:
        raise SlackError("msg_too_long")
    _complete({**message, **changes})
    cleared: dict[str, Any] = {
        name: value if value != [] else None for name, value in changes.items()
    }
    metadata = _metadata(call)
    if call.args.has("metadata"):
        cleared["metadata"] = metadata
    cleared["edited"] = {"user": BOT_USER_ID, "ts": call.state.timestamps.issue()}
    updated = call.poster.update(conversation, ts, cleared)
    return {
        "channel": conversation.id,
        "ts": ts,
        "text": updated.get("text", ""),
        "message": copy.deepcopy(updated),
    }


@method("chat.postEphemeral", scope="chat:write", tier=4)
def post_ephemeral(call: Call) -> Json:
    """Show a message to one member of the channel."""
    conversation = call.joined()
    user_id = call.args.needed("user")
    call.state.directory.user(user_id)
    if user_id not in conversation.members:
        raise SlackError("user_not_in_channel")
    said = _complete(_said(call))
    if len(said["text"]) > content.MAX_TEXT_CHARACTERS:
        raise SlackError("msg_too_long")
    message = {**app_author(), **said}
    if call.args.has("thread_ts"):
        message["thread_ts"] = call.args.text("thread_ts")
    return {"message_ts": call.poster.whisper(conversation, user_id, message)}


@method("chat.delete", scope="chat:write", tier=3)
def delete(call: Call) -> Json:
    """Delete a message of the app."""
    conversation = call.joined()
    ts = call.args.needed("ts")
    if call.state.messages.get(conversation.id, ts).get("user") != BOT_USER_ID:
        raise SlackError("cant_delete_message")
    call.poster.delete(conversation, ts)
    return {"channel": conversation.id, "ts": ts}


@method("chat.getPermalink", tier=4)
def get_permalink(call: Call) -> Json:
    """A link to a message."""
    conversation = call.conversation()
    message = call.state.messages.get(conversation.id, call.args.needed("message_ts"))
    link = f"{call.state.public_url}/archives/{conversation.id}/p{message['ts'].replace('.', '')}"
    thread_ts = message.get("thread_ts", message["ts"])
    if thread_ts != message["ts"]:
        link += f"?thread_ts={thread_ts}&cid={conversation.id}"
    return {"channel": conversation.id, "permalink": link}
