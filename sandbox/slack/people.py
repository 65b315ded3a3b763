"""A person's hands: typing, clicking, submitting, reacting; each reaches the app and waits for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.slack import events
from sandbox.slack.answers import Answers
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.interactions import (
    STATEFUL,
    PayloadBuilder,
    action,
    blocks_of,
    chosen,
    find_element,
    person_message,
)
from sandbox.slack.ports import ActionResult, Json, WorkspaceChange
from sandbox.slack.posting import Poster
from sandbox.slack.state import WorkspaceState
from sandbox.slack.submission import Submission
from sandbox.slack.triggers import ResponseTarget

_NO_COMMAND = (
    "is not a valid command. In Slack, all messages that start with the “/” character are "
    "interpreted as commands."
)


class People:
    """The person-side actions of :class:`sandbox.slack.ports.Workspace`."""

    def __init__(self, state: WorkspaceState, poster: Poster, answers: Answers) -> None:
        self._state = state
        self._poster = poster
        self._answers = answers
        self._payloads = PayloadBuilder(state)
        self._submission = Submission(state, self._payloads)
        self._values: dict[tuple[str, str, str], Json] = {}

    @property
    def _silence(self) -> ActionResult:
        return ActionResult(False, f"{self._state.app_name} did not respond in time")

    def post(self, user_id: str, channel_id: str, text: str, thread_ts: str | None) -> str:
        """Post as a person, who joins a public channel by writing in it."""
        conversation = self._open(user_id, channel_id)
        if not text.strip():
            raise SlackError("no_text")
        self._poster.join(conversation, user_id)
        message = self._poster.post(conversation, person_message(user_id, text, thread_ts))
        return str(message["ts"])

    async def command(
        self, user_id: str, channel_id: str, command: str, text: str, thread_ts: str | None
    ) -> ActionResult:
        """Type a slash command; Slack refuses it in a thread's composer."""
        conversation = self._open(user_id, channel_id)
        if command not in self._state.commands:
            return ActionResult(False, f"{command} {_NO_COMMAND}")
        if thread_ts is not None:
            return ActionResult(False, f"{command} is not supported in threads. Sorry!")
        payload = self._payloads.slash_command(user_id, conversation, command, text)
        ack = await self._state.delivery.request("slash_commands", payload, accepts_response=True)
        if ack is None:
            return self._silence
        if not isinstance(ack.payload, dict) or not ack.payload:
            return ActionResult(True)
        target = ResponseTarget(channel_id, user_id, self._state.now())
        try:
            return ActionResult(True, self._answers.give(target, ack.payload))
        except SlackError as error:
            return ActionResult(False, f'{command} failed with the error "{error.code}"')

    async def click(
        self,
        user_id: str,
        channel_id: str,
        message_ts: str,
        block_id: str,
        action_id: str,
        value: Json | None,
    ) -> ActionResult:
        """Use an element of a message."""
        conversation = self._open(user_id, channel_id)
        message = self._state.messages.find(channel_id, message_ts, user_id)
        element = find_element(blocks_of(message), block_id, action_id)
        if element is None:
            return ActionResult(False, "That is no longer part of the message.")
        done = action(element, block_id, value, self._state.timestamps.issue())
        values = self._values.setdefault((channel_id, message_ts, user_id), {})
        _keep(values, element, block_id, value)
        payload = self._payloads.block_actions(user_id, conversation, message, done, values)
        return await self._interact(payload)

    async def click_in_view(
        self, user_id: str, view_id: str, block_id: str, action_id: str, value: Json | None
    ) -> ActionResult:
        """Use an element of a modal or App Home."""
        owner, view = self._state.views.locate({"view_id": view_id})
        element = find_element(iter(view["blocks"]), block_id, action_id)
        if owner != user_id or element is None:
            return ActionResult(False, "That is no longer on the screen.")
        _keep(view["state"]["values"], element, block_id, value)
        done = action(element, block_id, value, self._state.timestamps.issue())
        return await self._interact(self._payloads.view_actions(user_id, view, done))

    async def shortcut(
        self, user_id: str, channel_id: str, message_ts: str, callback_id: str
    ) -> ActionResult:
        """Choose a message shortcut."""
        conversation = self._open(user_id, channel_id)
        message = self._state.messages.get(channel_id, message_ts)
        return await self._interact(
            self._payloads.message_action(user_id, conversation, message, callback_id)
        )

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Json]]
    ) -> ActionResult:
        """Press a modal's submit button."""
        return await self._submission.submit(user_id, view_id, values)

    async def close_view(self, user_id: str, view_id: str) -> None:
        """Press a modal's cancel button."""
        await self._submission.cancel(user_id, view_id)

    def react(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """Add a reaction."""
        self._poster.react(self._open(user_id, channel_id), message_ts, user_id, name.strip(":"))

    def unreact(self, user_id: str, channel_id: str, message_ts: str, name: str) -> None:
        """Take a reaction back."""
        self._poster.unreact(self._open(user_id, channel_id), message_ts, user_id, name.strip(":"))

    def open_home(self, user_id: str, tab: Literal["home", "messages"]) -> None:
        """Open the app's home or messages tab."""
        channel = self._state.directory.direct_message(user_id)
        ts = self._state.timestamps.issue()
        view = self._state.views.home(user_id)
        self._state.emit(events.app_home_opened(user_id, channel.id, tab, view, ts))

    def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        """Press the stop button; streams of the thread stop, the session's status stays the app's to change."""
        self._open(user_id, channel_id)
        session = self._state.sessions.get(channel_id, thread_ts)
        if session is None or session.status != "processing":
            raise SlackError("session_not_found")
        streams = []
        for message in self._state.messages.thread(channel_id, thread_ts):
            if message.get("streaming_state") == "in_progress":
                streams.append(message["ts"])
                stored = self._state.messages.get(channel_id, message["ts"])
                stored["streaming_state"] = "stopped"
                self._state.streams.pop((channel_id, message["ts"]), None)
        ts = self._state.timestamps.issue()
        self._state.emit(events.agent_session_stopped(user_id, channel_id, thread_ts, streams, ts))
        self._state.changed(WorkspaceChange("status", channel=channel_id, thread_ts=thread_ts))

    def _open(self, user_id: str, channel_id: str) -> Conversation:
        """The conversation, if this person may see it."""
        self._state.directory.user(user_id)
        conversation = self._state.directory.conversation(channel_id)
        if not conversation.visible_to(user_id):
            raise SlackError("channel_not_found")
        if conversation.is_archived:
            raise SlackError("is_archived")
        return conversation

    async def _interact(self, payload: Json) -> ActionResult:
        ack = await self._state.delivery.request("interactive", payload, accepts_response=False)
        return self._silence if ack is None else ActionResult(True)


def _keep(values: Json, element: Json, block_id: str, value: Mapping[str, Any] | None) -> None:
    """Remember a stateful element's value for ``state.values``."""
    if element["type"] in STATEFUL:
        kept = {"type": element["type"], **chosen(element, value or {})}
        values.setdefault(block_id, {})[element["action_id"]] = kept
