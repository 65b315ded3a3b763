"""Pictures in conversations: uploaded in Slack's three steps, known again by their file's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

SHARED_AFTER_SECONDS = 3.0
"""Slack shows an uploaded file in its conversation a moment after the upload is complete."""
_MOST_ALT = 1_000
_MOST_TITLE = 150


@dataclass(frozen=True)
class Picture:
    """A PNG with its title and the words for those who cannot see it."""

    png: bytes
    title: str
    alt: str


def file_name(key: str) -> str:
    """The name of the file of a message's key, by which it is found again after a crash."""
    return f"srebot-{hashlib.sha256(key.encode()).hexdigest()[:20]}.png"


def shows(message: Mapping[str, Any], key: str) -> bool:
    """Whether a message carries the picture of that key."""
    return any(f.get("name") == file_name(key) for f in message.get("files") or ())


async def upload(
    client: AsyncWebClient, key: str, channel: str, thread: str, picture: Picture
) -> str:
    """Put a picture into a conversation; returns the file's id.

    Raises:
        SlackApiError, SlackRequestError, OSError, TimeoutError: it is not there.
    """
    answer = await client.files_upload_v2(
        content=picture.png,
        filename=file_name(key),
        title=picture.title[:_MOST_TITLE],
        alt_txt=picture.alt[:_MOST_ALT],
        channel=channel,
        thread_ts=thread or None,
    )
    return str(answer["files"][0]["id"])
