"""Files that the app uploads: a ticket, the bytes, then completion."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.clock import Now, new_id
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.ports import Json


@dataclass
class StoredFile:
    """One upload and where it stands."""

    id: str
    name: str
    size: int
    created: int
    title: str = ""
    alt_text: str = ""
    content: bytes | None = None
    complete: bool = False
    channels: list[str] = field(default_factory=list)

    @property
    def media_type(self) -> str:
        """The media type that the name's ending says."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def as_json(self, public_url: str) -> Json:
        """The file object as ``files.info`` gives it."""
        extension = self.name.rpartition(".")[2].lower()
        url = f"{public_url}/files/{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "alt_txt": self.alt_text,
            "mimetype": self.media_type,
            "filetype": extension,
            "pretty_type": extension.upper(),
            "user": BOT_USER_ID,
            "size": self.size,
            "mode": "hosted",
            "is_external": False,
            "is_public": bool(self.channels),
            "url_private": url,
            "url_private_download": url,
            "permalink": url,
            "channels": list(self.channels),
            "groups": [],
            "ims": [],
            "has_rich_preview": False,
            "file_access": "visible",
        }


class FileStore:
    """Uploaded files by id."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._files: dict[str, StoredFile] = {}
        self._tickets: dict[str, str] = {}

    def announce(self, name: str, length: int, alt_text: str = "") -> tuple[str, str]:
        """Start an upload of ``length`` bytes; returns the upload's ticket and the file's id."""
        created = int(self._now().timestamp())
        file = StoredFile(new_id("F"), name, length, created, alt_text=alt_text)
        ticket = secrets.token_urlsafe(16)
        self._files[file.id] = file
        self._tickets[ticket] = file.id
        return ticket, file.id

    def receive(self, ticket: str, content: bytes) -> StoredFile:
        """Take the bytes of an announced upload."""
        file_id = self._tickets.pop(ticket, None)
        if file_id is None:
            raise SlackError("file_not_found")
        file = self._files[file_id]
        file.content, file.size = content, len(content)
        return file

    def complete(self, file_id: str, title: str = "") -> StoredFile:
        """Finish an upload.

        Raises:
            SlackError: ``file_not_found``, or ``file_upload_not_complete`` when the bytes never came.
        """
        file = self.get(file_id)
        if file.content is None:
            raise SlackError("file_upload_not_complete")
        file.complete, file.title = True, title or file.title
        return file

    def get(self, file_id: str) -> StoredFile:
        """A file by id.

        Raises:
            SlackError: ``file_not_found``.
        """
        if file_id not in self._files:
            raise SlackError("file_not_found")
        return self._files[file_id]

    def is_image(self, slack_file: Mapping[str, Any]) -> bool:
        """Whether a block's ``slack_file`` names a finished upload of an image."""
        url = str(slack_file.get("url", ""))
        for file in self._files.values():
            if file.id == slack_file.get("id") or f"/files/{file.id}/" in url:
                return file.complete and file.media_type.startswith("image/")
        return False
