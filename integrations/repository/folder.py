"""A folder, or a repository on this machine, as a snapshot. Symbolic links are not followed, nor is anything else than a file read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

from agent.errors import NotFound, ToolError
from integrations.repository.objects import read_tree
from integrations.repository.snapshot import (
    DEEPEST_FOLDER,
    LARGEST_FILE_BYTES,
    Collector,
    Snapshot,
    is_wanted,
)

_MOST_ENTRIES = 200_000
"""Directory entries that are looked at, of whatever kind."""


def read_folder(folder: Path) -> Snapshot:
    """What is in a folder: the working tree as it is, or the ``HEAD`` of a bare repository.

    Raises:
        ToolError: there is no such folder, or it may not be read.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder: check SREBOT_REPOSITORIES")
    try:
        commit, bare = _head(folder)
        if bare is not None:
            with closing(bare):
                files = read_tree(bare.object_store, commit.encode())
        else:
            files = Collector()
            for path in _walk(folder):
                _take(files, folder, path)
    except OSError as error:
        raise ToolError(f"{folder} cannot be read: {error.strerror or error}") from error
    return Snapshot(str(folder), commit, "", files.files, files.left_out)


def _head(folder: Path) -> tuple[str, Repo | None]:
    """The commit, and the repository if it has no working tree."""
    try:
        repository = Repo.discover(str(folder))
    except NotGitRepository:
        return "", None
    try:
        commit = repository.head().decode()
    except (KeyError, ValueError):
        commit = ""
    if repository.bare and commit:
        return commit, repository
    repository.close()
    return commit, None


def _walk(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, folders, names in os.walk(folder, followlinks=False):
        depth = len(Path(root).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if f != ".git") if depth < DEEPEST_FOLDER else []
        for name in sorted(names):
            seen += 1
            if seen > _MOST_ENTRIES:
                return
            yield Path(root) / name


def _take(files: Collector, folder: Path, path: Path) -> None:
    relative = path.relative_to(folder).as_posix()
    if not is_wanted(relative):
        return
    try:
        # Opened without following a link and checked on the open file, so that nothing can be swapped in between.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        files.left_out += 1
        return
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(file.fileno())
        if stat.S_ISREG(state.st_mode) and files.fits(state.st_size):
            files.take(relative, file.read(LARGEST_FILE_BYTES))
