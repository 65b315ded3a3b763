"""The Git objects behind the API: blobs, trees, commits and branches of a dulwich repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from dulwich.graph import can_fast_forward, find_merge_base
from dulwich.index import commit_tree
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.refs import Ref
from dulwich.repo import BaseRepo

T = TypeVar("T", bound=ShaFile)
FILE_MODE = 0o100644
HEADS = "refs/heads/"


class Entry(NamedTuple):
    """A file of a tree."""

    mode: int
    sha: str


Changed = dict[str, tuple[Entry | None, Entry | None]]
"""Path -> the file before and after."""


class Person(NamedTuple):
    """Who wrote a commit, and when."""

    name: str
    email: str
    at: datetime


class Objects:
    """Reads and writes one repository; shas are hexadecimal text."""

    def __init__(self, repository: BaseRepo) -> None:
        self._repository = repository

    def branches(self) -> dict[str, str]:
        """The branches' names and commits."""
        return {
            name.decode(): sha.decode()
            for name, sha in sorted(
                self._repository.refs.as_dict(Ref(HEADS.rstrip("/").encode())).items()
            )
        }

    def head_of(self, branch: str) -> str | None:
        """The commit of a branch, or None."""
        return self.branches().get(branch)

    def set_branch(self, branch: str, sha: str) -> None:
        """Let a branch point to a commit."""
        self._repository.refs[Ref(f"{HEADS}{branch}".encode())] = ObjectID(sha.encode())

    def delete_branch(self, branch: str) -> None:
        """Remove a branch."""
        del self._repository.refs[Ref(f"{HEADS}{branch}".encode())]

    def blob(self, sha: str) -> bytes | None:
        """The content of a blob."""
        found = self._of(sha, Blob)
        return found.data if found else None

    def commit(self, sha: str) -> Commit | None:
        """A commit."""
        return self._of(sha, Commit)

    def resolve(self, name: str) -> str | None:
        """The commit that a branch's name or a sha means."""
        known = self.head_of(name.removeprefix("heads/"))
        return known or (name if self.commit(name) else None)

    def tree_of(self, sha: str) -> str | None:
        """The tree of a commit, or the tree itself."""
        commit = self.commit(sha)
        if commit is not None:
            return str(commit.tree.decode())
        return sha if self._of(sha, Tree) else None

    def files(self, tree: str) -> dict[str, Entry]:
        """All files below a tree, by path."""
        entries = iter_tree_contents(self._repository.object_store, ObjectID(tree.encode()))
        return {
            e.path.decode(): Entry(e.mode or FILE_MODE, e.sha.decode())
            for e in entries
            if e.path is not None and e.sha is not None
        }

    def entries(self, tree: str, *, recursive: bool) -> dict[str, Entry]:
        """What a tree holds, folders too, by path; of all below it when ``recursive``."""
        found = iter_tree_contents(
            self._repository.object_store, ObjectID(tree.encode()), include_trees=True
        )
        return {
            path: Entry(e.mode or FILE_MODE, e.sha.decode())
            for e in found
            if (path := (e.path or b"").decode())
            and e.sha is not None
            and (recursive or "/" not in path)
        }

    def add_blob(self, content: bytes) -> str:
        """Keep a blob."""
        return self._add(Blob.from_string(content))

    def add_tree(self, files: Mapping[str, Entry]) -> str:
        """Keep the tree that holds these files."""
        entries = [(p.encode(), ObjectID(e.sha.encode()), e.mode) for p, e in files.items()]
        return commit_tree(self._repository.object_store, entries).decode()

    def add_commit(
        self, message: str, tree: str, parents: list[str], author: Person, committer: Person
    ) -> str:
        """Keep a commit."""
        commit = Commit()
        commit.tree = ObjectID(tree.encode())
        commit.parents = [ObjectID(p.encode()) for p in parents]
        commit.author = f"{author.name} <{author.email}>".encode()
        commit.committer = f"{committer.name} <{committer.email}>".encode()
        commit.author_time = int(author.at.timestamp())
        commit.commit_time = int(committer.at.timestamp())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        return self._add(commit)

    def history(self, sha: str, path: str = "") -> Iterator[str]:
        """Commits from ``sha`` back by first parents; only those that changed what is at ``path`` (all when empty)."""
        while (commit := self.commit(sha)) is not None:
            parent = commit.parents[0].decode() if commit.parents else ""
            if not path or self._below(sha, path) != (self._below(parent, path) if parent else {}):
                yield sha
            if not parent:
                return
            sha = parent

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor."""
        found = find_merge_base(
            self._repository, [ObjectID(one.encode()), ObjectID(other.encode())]
        )
        return found[0].decode() if found else None

    def is_ahead(self, old: str, new: str) -> bool:
        """Whether going from one commit to the other loses nothing."""
        return can_fast_forward(self._repository, ObjectID(old.encode()), ObjectID(new.encode()))

    def changed(self, old: str, new: str) -> Changed:
        """The files that differ between two commits, before and after."""
        before, after = self._files_of(old), self._files_of(new)
        return {
            path: (before.get(path), after.get(path))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        }

    def _files_of(self, commit: str) -> dict[str, Entry]:
        tree = self.tree_of(commit)
        return self.files(tree) if tree else {}

    def _below(self, commit: str, path: str) -> dict[str, Entry]:
        start = f"{path.rstrip('/')}/"
        return {p: e for p, e in self._files_of(commit).items() if p == path or p.startswith(start)}

    def _add(self, made: ShaFile) -> str:
        self._repository.object_store.add_object(made)
        return made.id.decode()

    def _of(self, sha: str, kind: type[T]) -> T | None:
        try:
            found = self._repository.object_store[ObjectID(sha.encode())]
        except (KeyError, ValueError, AssertionError):
            return None
        return found if isinstance(found, kind) else None
