"""chat.startStream, chat.appendStream, chat.stopStream: answers that grow before the reader's eyes.

https://docs.slack.dev/reference/methods/chat.startStream
"""

from __future__ import annotations

import copy

from sandbox.slack.content import MAX_MARKDOWN_CHARACTERS, checked_blocks
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.identity import BOT_USER_ID, TEAM_ID
from sandbox.slack.methods.chat import end_waiting
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json
from sandbox.slack.posting import app_author
from sandbox.slack.streaming import StreamedContent


def _chunks(call: Call) -> list[Json]:
    """The call's chunks; ``markdown_text`` is a chunk of its own."""
    text = call.args.text("markdown_text")
    if len(text) > MAX_MARKDOWN_CHARACTERS:
        raise SlackError("msg_too_long")
    chunks = call.args.structure("chunks", "invalid_chunks")
    if chunks is not None and not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    leading = [{"type": "markdown_text", "text": text}] if text else []
    return [*leading, *(chunks or [])]


@method("chat.startStream", scope="chat:write", tier=2)
def start(call: Call) -> Json:
    """Begin a streamed reply."""
    conversation = call.joined()
    if conversation.kind != "im":
        _check_recipient(call, conversation)
    mode = call.args.text("task_display_mode", "timeline")
    if mode not in ("timeline", "plan"):
        raise invalid_arguments("must be one of: plan, timeline [json-pointer:/task_display_mode]")
    content = StreamedContent(mode)
    content.append(_chunks(call))
    message: Json = {
        **app_author(),
        **_fields(call, content),
        "streaming_state": "in_progress",
    }
    thread_ts = call.args.text("thread_ts")
    if thread_ts:
        message["thread_ts"] = thread_ts
    call.state.limiter.admit_post(conversation.id)
    posted = call.poster.post(conversation, message)
    call.state.streams[conversation.id, posted["ts"]] = content
    end_waiting(call, conversation, thread_ts)
    return {"channel": conversation.id, "ts": posted["ts"]}


@method("chat.appendStream", scope="chat:write", tier=4)
def append(call: Call) -> Json:
    """Add to a streamed reply."""
    conversation, message = _streaming(call)
    chunks = _chunks(call)
    if not chunks:
        raise SlackError("no_text")
    content = call.state.streams[conversation.id, message["ts"]]
    content.append(chunks)
    call.poster.update(conversation, message["ts"], _fields(call, content))
    return {"channel": conversation.id, "ts": message["ts"]}


@method("chat.stopStream", scope="chat:write", tier=2)
def stop(call: Call) -> Json:
    """Finish a streamed reply; ``blocks`` go below what was streamed."""
    conversation, message = _streaming(call)
    content = call.state.streams[conversation.id, message["ts"]]
    content.append(_chunks(call))
    fields = _fields(call, content)
    blocks = call.args.structure("blocks", "invalid_blocks_format")
    if blocks:
        fields["blocks"] = checked_blocks(call.state, [*fields.get("blocks", ()), *blocks])
    metadata = call.args.structure("metadata", "invalid_metadata_format")
    if metadata:
        fields["metadata"] = metadata
    if call.args.has("session_status"):
        call.state.sessions.set_status(
            conversation.id,
            str(message.get("thread_ts", message["ts"])),
            call.args.text("session_status"),
        )
    del call.state.streams[conversation.id, message["ts"]]
    changes = {**fields, "streaming_state": None}
    finished = call.poster.update(conversation, message["ts"], changes)
    return {
        "channel": conversation.id,
        "ts": message["ts"],
        "message": copy.deepcopy(finished),
    }


def _fields(call: Call, content: StreamedContent) -> Json:
    """The message's fields for what has been streamed so far."""
    blocks = content.blocks()
    fields: Json = {"text": content.text()}
    return {**fields, "blocks": checked_blocks(call.state, blocks)} if blocks else fields


def _check_recipient(call: Call, conversation: Conversation) -> None:
    user_id, team_id = call.args.text("recipient_user_id"), call.args.text("recipient_team_id")
    if not user_id:
        raise SlackError("missing_recipient_user_id")
    if not team_id:
        raise SlackError("missing_recipient_team_id")
    call.state.directory.user(user_id)
    if team_id != TEAM_ID or user_id not in conversation.members:
        raise SlackError("user_not_in_channel")


def _streaming(call: Call) -> tuple[Conversation, Json]:
    conversation = call.joined()
    message = call.state.messages.get(conversation.id, call.args.needed("ts"))
    if message.get("user") != BOT_USER_ID:
        raise SlackError("message_not_owned_by_app")
    if message.get("streaming_state") != "in_progress":
        raise SlackError("message_not_in_streaming_state")
    return conversation, message
