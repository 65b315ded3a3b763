"""The files of a repository at one commit, or of a folder as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import quote

LARGEST_FILE_BYTES = 512 * 1024
MOST_FILES = 20_000
"""Files that are looked at; of a larger repository the rest is left out."""
MOST_BYTES = 48 * 1024 * 1024
DEEPEST_FOLDER = 24
_SUFFIXES = (".yaml", ".yml", ".md", ".markdown", ".tf", ".tpl")
_SKIPPED = frozenset({".git", "node_modules", "vendor", ".terraform", "__pycache__", ".venv"})


def is_wanted(path: str) -> bool:
    """Whether a file of this path may hold facts."""
    parts = PurePosixPath(path).parts
    return (
        path.lower().endswith((*_SUFFIXES, "/kustomization"))
        and len(parts) <= DEEPEST_FOLDER
        and not _SKIPPED.intersection(parts)
    )


@dataclass(frozen=True)
class Snapshot:
    """Text files by path, and how to point into them."""

    name: str
    """What people call it: the URL without credentials, or the folder."""
    commit: str = ""
    """Empty for a folder outside of Git."""
    web_url: str = ""
    """Where the repository is browsed; empty for folders."""
    files: dict[str, str] = field(default_factory=dict)
    """Path (``/``-separated, relative) -> text."""
    left_out: int = 0
    """Files that were too large, too many or no text."""

    def link(self, path: str, line: int = 1) -> str:
        """Evidence: the web page of a line at this commit, or ``path:line@commit``."""
        if self.web_url:
            return f"{self._page(path, self.commit)}#L{line}"
        return f"{path}:{line}" + (f"@{self.commit}" if self.commit else "")

    def page(self, path: str) -> str:
        """A file as it is now: a link that stays the same from commit to commit."""
        return self._page(path, "HEAD") if self.web_url else path

    def _page(self, path: str, revision: str) -> str:
        blob = "-/blob" if "gitlab" in self.web_url else "blob"
        return f"{self.web_url}/{blob}/{revision}/{quote(path)}"

    def named(self, *suffixes: str) -> Iterator[tuple[str, str]]:
        """Paths and texts of the files with one of these suffixes, in order of their paths."""
        for path in sorted(self.files):
            if path.lower().endswith(suffixes):
                yield path, self.files[path]


class Collector:
    """Takes files up to the limits."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.left_out = 0
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether no more fits."""
        return len(self.files) >= MOST_FILES or self._bytes >= MOST_BYTES

    def fits(self, size_bytes: int) -> bool:
        """Whether a file of this size may be taken; counts it as left out otherwise."""
        if size_bytes <= LARGEST_FILE_BYTES and not self.full:
            return True
        self.left_out += 1
        return False

    def take(self, path: str, content: bytes) -> None:
        """Keep a file that is text."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self.left_out += 1
            return
        if "\x00" in text:
            self.left_out += 1
            return
        self._bytes += len(content)
        self.files[path] = text
