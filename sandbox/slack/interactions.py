"""Interaction payloads as Slack sends them when a person clicks, submits, chooses a shortcut or types a command.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence

from sandbox.slack.clock import new_id
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import APP_ID, TEAM_ID, VERIFICATION_TOKEN
from sandbox.slack.ports import Json
from sandbox.slack.state import WorkspaceState

STATEFUL = frozenset(
    {
        "checkboxes",
        "radio_buttons",
        "static_select",
        "multi_static_select",
        "users_select",
        "multi_users_select",
        "conversations_select",
        "multi_conversations_select",
        "channels_select",
        "multi_channels_select",
        "external_select",
        "multi_external_select",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "rich_text_input",
        "file_input",
    }
)
"""Elements whose current value is part of ``state.values``."""


def blocks_of(message: Json) -> Iterator[Json]:
    """A message's blocks, those inside its attachments included."""
    yield from message.get("blocks", ())
    for attachment in message.get("attachments", ()):
        yield from attachment.get("blocks", ())


def find_element(blocks: Iterator[Json], block_id: str, action_id: str) -> Json | None:
    """The interactive element with these ids."""
    for block in blocks:
        if block.get("block_id") != block_id:
            continue
        candidates = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for element in candidates:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return element
    return None


def chosen(element: Json, value: Mapping[str, object]) -> Json:
    """The person's choice with its options completed from those that the element offers.

    Raises:
        SlackError: ``invalid_option`` if one was chosen that the element does not offer.
    """
    offered = list(element.get("options") or ())
    for group in element.get("option_groups") or ():
        offered += group["options"]

    def complete(option: object) -> Json:
        wanted = option.get("value") if isinstance(option, Mapping) else option
        for candidate in offered:
            if candidate["value"] == wanted:
                return dict(candidate)
        raise SlackError("invalid_option")

    result = dict(value)
    if offered and isinstance(value.get("selected_option"), Mapping):
        result["selected_option"] = complete(value["selected_option"])
    options = value.get("selected_options")
    if offered and isinstance(options, Sequence):
        result["selected_options"] = [complete(option) for option in options]
    return result


def action(
    element: Json, block_id: str, value: Mapping[str, object] | None, action_ts: str
) -> Json:
    """One entry of ``actions``."""
    entry: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": action_ts,
    }
    for name in ("text", "value", "style", "url", "confirm", "placeholder", "icon"):
        if name in element:
            entry[name] = copy.deepcopy(element[name])
    return {**entry, **chosen(element, value or {})}


class PayloadBuilder:
    """Builds payloads, issuing the trigger ids and response URLs in them."""

    def __init__(self, state: WorkspaceState) -> None:
        self._state = state

    def block_actions(
        self, user_id: str, conversation: Conversation, message: Json, done: Json, values: Json
    ) -> Json:
        """Something in a message was used; ``values`` is the state of its inputs."""
        ephemeral = bool(message.get("is_ephemeral"))
        container: Json = {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": conversation.id,
            "is_ephemeral": ephemeral,
        }
        if "thread_ts" in message:
            container["thread_ts"] = message["thread_ts"]
        payload = {
            "type": "block_actions",
            **self._common(user_id),
            "container": container,
            "channel": self._channel(conversation),
            "state": {"values": values},
            "response_url": self._response_url(conversation, user_id, message),
            "actions": [done],
        }
        return payload if ephemeral else {**payload, "message": copy.deepcopy(message)}

    def view_actions(self, user_id: str, view: Json, done: Json) -> Json:
        """Something in a modal or App Home was used."""
        return {
            "type": "block_actions",
            **self._common(user_id, from_view=view["id"]),
            "container": {"type": "view", "view_id": view["id"]},
            "view": copy.deepcopy(view),
            "actions": [done],
        }

    def message_action(
        self, user_id: str, conversation: Conversation, message: Json, callback_id: str
    ) -> Json:
        """A message shortcut was chosen."""
        return {
            "type": "message_action",
            **self._common(user_id),
            "action_ts": self._state.timestamps.issue(),
            "callback_id": callback_id,
            "channel": self._channel(conversation),
            "message_ts": message["ts"],
            "message": copy.deepcopy(message),
            "response_url": self._response_url(conversation, user_id, message),
        }

    def view_submission(self, user_id: str, view: Json) -> Json:
        """A modal was submitted."""
        return {
            "type": "view_submission",
            **self._common(user_id, from_view=view["id"]),
            "view": copy.deepcopy(view),
            "response_urls": [],
        }

    def view_closed(self, user_id: str, view: Json, *, cleared: bool) -> Json:
        """A modal was dismissed."""
        common = self._common(user_id)
        del common["trigger_id"]
        return {
            "type": "view_closed",
            **common,
            "view": copy.deepcopy(view),
            "is_cleared": cleared,
        }

    def slash_command(
        self, user_id: str, conversation: Conversation, command: str, text: str
    ) -> Json:
        """A slash command was typed; form fields, all of them strings."""
        user = self._state.directory.user(user_id)
        name = "directmessage" if conversation.kind == "im" else conversation.name
        if conversation.kind == "group":
            name = "privategroup"
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "team_domain": self._domain(),
            "channel_id": conversation.id,
            "channel_name": name,
            "user_id": user_id,
            "user_name": user["name"],
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(conversation, user_id, {}),
            "trigger_id": self._state.triggers.issue(user_id),
        }

    def _common(self, user_id: str, from_view: str = "") -> Json:
        user = self._state.directory.user(user_id)
        return {
            "user": {
                "id": user_id,
                "username": user["name"],
                "name": user["name"],
                "team_id": TEAM_ID,
            },
            "team": {"id": TEAM_ID, "domain": self._domain()},
            "api_app_id": APP_ID,
            "token": VERIFICATION_TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._state.triggers.issue(user_id, from_view),
        }

    def _channel(self, conversation: Conversation) -> Json:
        name = "directmessage" if conversation.kind == "im" else conversation.name
        return {"id": conversation.id, "name": name}

    def _response_url(self, conversation: Conversation, user_id: str, message: Json) -> str:
        token = self._state.response_urls.issue(
            conversation.id, user_id, message.get("ts", ""), message.get("thread_ts", "")
        )
        return f"{self._state.public_url}/response/{token}"

    def _domain(self) -> str:
        return self._state.team_name.lower().replace(" ", "-")


def person_message(user_id: str, text: str, thread_ts: str | None) -> Json:
    """A message as a person's client posts it."""
    content: Json = {"user": user_id, "text": text, "client_msg_id": new_id("", 32).lower()}
    return {**content, "thread_ts": thread_ts} if thread_ts else content
