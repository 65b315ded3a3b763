"""Where repositories are: behind a Git URL, or in a folder of this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from agent.errors import NotFound
from integrations.repository.remote import Remote


def place_of(text: str, token: str) -> Remote | Path:
    """The place that a setting names.

    Args:
        text: https://, http:// or file:// and what follows, or a folder.
        token: for Git over HTTPS.
    """
    parts = urlsplit(text)
    if parts.scheme in ("http", "https"):
        return Remote(text, token)
    return Path(parts.path if parts.scheme == "file" else text).expanduser()


def reachable(place: Remote | Path) -> str:
    """What is there, in a few words.

    Raises:
        ToolError: nothing that could be read.
    """
    if isinstance(place, Remote):
        return f"at commit {place.head()[:12]}"
    if not place.is_dir():
        raise NotFound(f"{place} is no folder")
    return "a folder"
