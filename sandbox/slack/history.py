"""Lays down what was said before the sandbox started; nobody is notified of it."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.slack.identity import TEAM_ID
from sandbox.slack.interactions import person_message
from sandbox.slack.state import WorkspaceState
from sandbox.world.ports import ChatMessage


def lay_down(chatter: Sequence[ChatMessage], state: WorkspaceState) -> None:
    """Put the team's chatter into its channels, by channel id or name."""
    for line in chatter:
        channel_id = state.directory.resolve(line.channel).id
        parent = _say(line, channel_id, None, state)
        for reply in line.replies:
            _say(reply, channel_id, parent, state)


def _say(line: ChatMessage, channel_id: str, thread_ts: str | None, state: WorkspaceState) -> str:
    ts = state.timestamps.issue(line.at)
    message = person_message(line.user, line.text, thread_ts)
    state.messages.add(channel_id, {"type": "message", "team": TEAM_ID, **message, "ts": ts})
    return ts
