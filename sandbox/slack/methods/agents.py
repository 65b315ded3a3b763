"""agents.sessions.* and assistant.threads.*: how an agent shows what it is doing."""

from __future__ import annotations

from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json, WorkspaceChange

_NOT_SUBSCRIBED = "missing_agent_session_stopped_event_subscription"


def _thread(call: Call) -> tuple[str, str]:
    """The channel and the thread's root, which must exist."""
    conversation = call.joined("channel_id")
    root = call.state.messages.thread(conversation.id, call.args.needed("thread_ts"))[0]
    return conversation.id, str(root["ts"])


def _redraw(call: Call, channel_id: str, thread_ts: str) -> None:
    call.state.changed(WorkspaceChange("status", channel=channel_id, thread_ts=thread_ts))


@method("agents.sessions.setStatus", scope="chat:write", tier=3)
def set_session_status(call: Call) -> Json:
    """Move a thread's session, creating it when there is none."""
    channel_id, thread_ts = _thread(call)
    initiator = call.args.text("initiator_user_id")
    if initiator:
        conversation = call.state.directory.conversation(channel_id)
        if initiator not in conversation.members:
            raise SlackError("user_not_in_channel")
    session = call.state.sessions.set_status(
        channel_id,
        thread_ts,
        call.args.needed("status"),
        call.args.text("title"),
        initiator,
    )
    _redraw(call, channel_id, thread_ts)
    answer: Json = {
        "status": session.status,
        "agent_status": session.status,
        "title": session.title,
    }
    if "agent_session_stopped" not in call.state.subscriptions:
        answer["warning"] = _NOT_SUBSCRIBED
        answer["response_metadata"] = {"warnings": [_NOT_SUBSCRIBED]}
    return answer


@method("agents.sessions.rename", scope="chat:write", tier=3)
def rename_session(call: Call) -> Json:
    """Give a session another title."""
    channel_id, thread_ts = _thread(call)
    session = call.state.sessions.rename(channel_id, thread_ts, call.args.needed("title"))
    _redraw(call, channel_id, thread_ts)
    return {"title": session.title}


@method("assistant.threads.setStatus", scope="assistant:write", tier=4)
def set_thread_status(call: Call) -> Json:
    """Show a passing line such as "is looking at the logs"; an empty one clears it."""
    channel_id, thread_ts = _thread(call)
    call.state.sessions.set_status_text(
        channel_id, thread_ts, call.args.text("status"), call.args.names("loading_messages")
    )
    _redraw(call, channel_id, thread_ts)
    return {}


@method("assistant.threads.setTitle", scope="assistant:write", tier=4)
def set_thread_title(call: Call) -> Json:
    """Name a thread."""
    channel_id, thread_ts = _thread(call)
    call.state.sessions.set_title(channel_id, thread_ts, call.args.needed("title"))
    _redraw(call, channel_id, thread_ts)
    return {}


@method("assistant.threads.setSuggestedPrompts", scope="assistant:write", tier=4)
def set_suggested_prompts(call: Call) -> Json:
    """Offer prompts in the app's messages tab."""
    conversation = call.joined("channel_id")
    prompts = call.args.structure("prompts")
    if not isinstance(prompts, list) or not all(isinstance(p, dict) for p in prompts):
        raise invalid_arguments("missing required field: prompts")
    call.state.sessions.set_prompts(conversation.id, prompts)
    call.state.changed(WorkspaceChange("status", channel=conversation.id))
    return {}
