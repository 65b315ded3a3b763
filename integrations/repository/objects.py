"""Files of a commit, read out of Git's objects: nothing is checked out, so links and hooks mean nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from dulwich.errors import ObjectFormatException
from dulwich.object_store import BaseObjectStore
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree

from agent.errors import ToolError
from integrations.repository.snapshot import DEEPEST_FOLDER, Collector, is_wanted

_MOST_ENTRIES = 200_000


def read_tree(store: BaseObjectStore, commit: bytes) -> Collector:
    """The wanted files of a commit.

    Raises:
        ToolError: it is no commit, or its objects are broken.
    """
    files = Collector()
    try:
        root = _root(store, commit)
        for seen, (path, mode, sha) in enumerate(_entries(store, root, "", 0)):
            if seen >= _MOST_ENTRIES or files.full:
                break
            if stat.S_ISREG(mode) and is_wanted(path):
                _take(files, store, path, sha)
    except (KeyError, ObjectFormatException, ValueError) as error:
        raise ToolError(f"commit {commit.decode()[:12]} cannot be read: {error}") from error
    return files


def _root(store: BaseObjectStore, sha: bytes) -> bytes:
    found = store[ObjectID(sha)]
    for _ in range(5):
        if isinstance(found, Tag):
            found = store[found.object[1]]
    if not isinstance(found, Commit):
        raise ValueError("it is no commit")
    return bytes(found.tree)


def _entries(
    store: BaseObjectStore, sha: bytes, folder: str, depth: int
) -> Iterator[tuple[str, int, bytes]]:
    tree = store[ObjectID(sha)]
    if not isinstance(tree, Tree) or depth > DEEPEST_FOLDER:
        return
    for entry in tree.iteritems():
        name = (entry.path or b"").decode("utf-8", "replace")
        if entry.sha is None or entry.mode is None or "/" in name or name in ("", ".", ".."):
            continue
        path = f"{folder}{name}"
        if stat.S_ISDIR(entry.mode):
            yield from _entries(store, entry.sha, f"{path}/", depth + 1)
        else:
            yield path, entry.mode, entry.sha


def _take(files: Collector, store: BaseObjectStore, path: str, sha: bytes) -> None:
    blob = store[ObjectID(sha)]
    if isinstance(blob, Blob) and files.fits(blob.raw_length()):
        files.take(path, blob.data)
