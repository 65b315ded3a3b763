"""reactions.*: the app's own reactions."""

from __future__ import annotations

import copy
import re

from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.methods.registry import Call, method
from sandbox.slack.ports import Json

_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def _target(call: Call) -> tuple[Conversation, str, str]:
    name = call.args.text("name").strip(":")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name")
    conversation = call.joined()
    ts = call.args.text("timestamp")
    if not ts:
        raise SlackError("no_item_specified")
    return conversation, ts, name


@method("reactions.add", scope="reactions:write", tier=3)
def add(call: Call) -> Json:
    """React to a message."""
    conversation, ts, name = _target(call)
    call.poster.react(conversation, ts, BOT_USER_ID, name)
    return {}


@method("reactions.remove", scope="reactions:write", tier=2)
def remove(call: Call) -> Json:
    """Take the app's reaction back."""
    conversation, ts, name = _target(call)
    call.poster.unreact(conversation, ts, BOT_USER_ID, name)
    return {}


@method("reactions.get", scope="reactions:read", tier=3)
def get(call: Call) -> Json:
    """A message with its reactions."""
    conversation = call.conversation()
    message = call.state.messages.get(conversation.id, call.args.needed("timestamp"))
    return {
        "type": "message",
        "channel": conversation.id,
        "message": copy.deepcopy(message),
    }
