"""Pictures in conversations: uploaded in Slack's three steps, known again by their file's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from agent.ports import Picture

SHARED_AFTER_SECONDS = 3.0
"""Slack shows an uploaded file in its conversation a moment after the upload is complete."""
_MOST_ALT = 1_000
_MOST_TITLE = 150


def file_name(key: str, position: int = 0) -> str:
    """The name of a file of a message's key, by which it is found again after a crash."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:20]
    return f"srebot-{digest}.png" if position == 0 else f"srebot-{digest}-{position}.png"


def shows(message: Mapping[str, Any], key: str) -> bool:
    """Whether a message carries the pictures of that key."""
    return any(f.get("name") == file_name(key) for f in message.get("files") or ())


async def upload(
    client: AsyncWebClient, key: str, channel: str, thread: str, pictures: Sequence[Picture]
) -> str:
    """Put pictures into a conversation as one message; returns the first file's id.

    Raises:
        SlackApiError, SlackRequestError, OSError, TimeoutError: it is not there.
    """
    answer = await client.files_upload_v2(
        file_uploads=[
            {
                "content": picture.png,
                "filename": file_name(key, position),
                "title": picture.title[:_MOST_TITLE],
                "alt_txt": picture.alt[:_MOST_ALT],
            }
            for position, picture in enumerate(pictures)
        ],
        channel=channel,
        thread_ts=thread or None,
    )
    return str(answer["files"][0]["id"])
