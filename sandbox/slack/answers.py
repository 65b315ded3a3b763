"""What the app says back to an interaction: in its acknowledgement or over a response URL."""

from __future__ import annotations

from sandbox.slack.content import checked_attachments, checked_blocks
from sandbox.slack.errors import SlackError
from sandbox.slack.ports import Json
from sandbox.slack.posting import Poster, app_author
from sandbox.slack.state import WorkspaceState
from sandbox.slack.triggers import ResponseTarget


class Answers:
    """Posts, replaces or deletes a message in the place that an interaction came from."""

    def __init__(self, state: WorkspaceState, poster: Poster) -> None:
        self._state = state
        self._poster = poster

    def give(self, target: ResponseTarget, answer: Json) -> str:
        """Carry out an answer; returns its text.

        Raises:
            SlackError: when its content is refused.
        """
        conversation = self._state.directory.conversation(target.channel_id)
        if answer.get("delete_original"):
            if not self._poster.unwhisper(conversation, target.user_id, target.message_ts):
                self._poster.delete(conversation, target.message_ts)
            return ""
        content = self._content(answer)
        text = str(content.get("text", ""))
        if answer.get("replace_original") and target.message_ts:
            if self._poster.unwhisper(conversation, target.user_id, target.message_ts):
                self._whisper(target, content)
            else:
                fresh = {"blocks": None, "attachments": None, **content}
                self._poster.update(conversation, target.message_ts, fresh)
        elif answer.get("response_type") == "in_channel":
            self._poster.post(conversation, {**app_author(), **content})
        else:
            self._whisper(target, content)
        return text

    def _whisper(self, target: ResponseTarget, content: Json) -> None:
        conversation = self._state.directory.conversation(target.channel_id)
        if target.thread_ts:
            content = {"thread_ts": target.thread_ts, **content}
        self._poster.whisper(conversation, target.user_id, {**app_author(), **content})

    def _content(self, answer: Json) -> Json:
        content: Json = {"text": str(answer.get("text") or "")}
        if "blocks" in answer:
            content["blocks"] = checked_blocks(self._state, answer["blocks"])
        if "attachments" in answer:
            content["attachments"] = checked_attachments(self._state, answer["attachments"])
        if answer.get("thread_ts"):
            content["thread_ts"] = str(answer["thread_ts"])
        if not content["text"] and not content.get("blocks") and not content.get("attachments"):
            raise SlackError("no_text")
        return content
