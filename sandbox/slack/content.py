"""Checks what an app wants to post, and turns it into the fields of a message."""

from __future__ import annotations

from typing import Any

from sandbox.slack import blocks as block_kit
from sandbox.slack.errors import SlackError, invalid_payload
from sandbox.slack.ports import Json
from sandbox.slack.posting import with_block_ids
from sandbox.slack.state import WorkspaceState

MAX_TEXT_CHARACTERS = 40_000
MAX_EDIT_CHARACTERS = 4_000
MAX_MARKDOWN_CHARACTERS = block_kit.MAX_MARKDOWN_CHARACTERS
MAX_ATTACHMENTS = 100


def checked_blocks(state: WorkspaceState, blocks: Any, at: str = "/blocks") -> list[Json]:
    """Blocks with their ids.

    Raises:
        SlackError: ``invalid_blocks_format``, ``invalid_blocks`` or ``msg_blocks_too_long``.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    problems = block_kit.validate_message_blocks(blocks, at=at, file_exists=state.files.is_image)
    if problems:
        raise invalid_payload("invalid_blocks", problems)
    if block_kit.characters(blocks) > block_kit.MAX_MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return with_block_ids(blocks)


def checked_attachments(state: WorkspaceState, attachments: Any) -> list[Json]:
    """Attachments with ids, their blocks checked like a message's own.

    Raises:
        SlackError: ``invalid_attachments``, ``too_many_attachments`` or what :func:`checked_blocks` raises.
    """
    if not isinstance(attachments, list) or not all(isinstance(a, dict) for a in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    result = []
    for index, attachment in enumerate(attachments):
        kept = {"id": index + 1, "fallback": "[no preview available]", **attachment}
        if "blocks" in attachment:
            at = f"/attachments/{index}/blocks"
            kept["blocks"] = checked_blocks(state, attachment["blocks"], at)
        result.append(kept)
    return result


def checked_view(state: WorkspaceState, view: Any, kind: str) -> Json:
    """A modal or home view that Slack accepts.

    Raises:
        SlackError: ``invalid_arguments`` with its reasons.
    """
    if not isinstance(view, dict):
        raise invalid_payload("invalid_arguments", ["missing required field: view"])
    problems = block_kit.validate_view(view, file_exists=state.files.is_image)
    if view.get("type") != kind:
        problems.append(f"must be {kind} [json-pointer:/view/type]")
    if problems:
        raise invalid_payload("invalid_arguments", problems)
    return view


def markdown_fields(text: str) -> Json:
    """What ``markdown_text`` becomes: a markdown block, and the same as the notification's text.

    Raises:
        SlackError: ``msg_too_long``.
    """
    if len(text) > MAX_MARKDOWN_CHARACTERS:
        raise SlackError("msg_too_long")
    return {"text": text, "blocks": with_block_ids([{"type": "markdown", "text": text}])}
