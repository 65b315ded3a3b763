"""Builds the company's repository from the data files, with its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from dulwich.index import commit_tree
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo

from sandbox.world import data
from sandbox.world.durations import duration
from sandbox.world.ports import Company
from sandbox.world.scenario import RepositoryCommit

FOLDER = data.FOLDER / "repository"
BRANCH = Ref(b"refs/heads/main")
_FILE_MODE = 0o100644
_Entry = tuple[bytes, ObjectID, int]


def build_repository(
    company: Company, started_at: datetime, later: Sequence[RepositoryCommit] = ()
) -> MemoryRepo:
    """A bare repository in memory, whose branch ``main`` holds the files of ``FOLDER``.

    The same for the same moment: commits have the people and times of ``repository.yaml``, then come the ``later`` ones.
    """
    repository = MemoryRepo.init_bare([], {})
    names = {p.slack_id: f"{p.name} <{p.email}>" for p in company.people}
    handles = {p.handle: names[p.slack_id] for p in company.people}
    files = dict(_files())
    shown: dict[str, bytes] = {}
    parent: ObjectID | None = None
    for number, told in enumerate(data.read("repository.yaml")):
        shown |= _added(files, told["paths"], with_rest=number == 0)
        tree = _tree(repository, shown)
        at = started_at - duration(told["ago"])
        commit = _commit(told["message"], names[told["author"]], at, tree, parent)
        repository.object_store.add_object(commit)
        parent = commit.id
    for made in later:
        shown |= {path: text.encode() for path, text in made.files.items()}
        shown |= {path: shown[path] + text.encode() for path, text in made.appended.items()}
        at, tree = started_at - made.ago, _tree(repository, shown)
        commit = _commit(made.message, handles[made.author], at, tree, parent)
        repository.object_store.add_object(commit)
        parent = commit.id
    if parent is not None:
        repository.refs[BRANCH] = parent
        repository.refs.set_symbolic_ref(Ref(b"HEAD"), BRANCH)
    return repository


def _files() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(FOLDER).as_posix(), path


def _added(files: Mapping[str, Path], paths: list[str], *, with_rest: bool) -> dict[str, bytes]:
    """The files that a commit brings; the first brings those that no commit names, too."""
    every: list[str] = [path for told in data.read("repository.yaml") for path in told["paths"]]
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if _below(name, paths) or (with_rest and not _below(name, every))
    }


def _below(name: str, paths: list[str]) -> bool:
    return any(name == path or name.startswith(f"{path}/") for path in paths)


def _tree(repository: MemoryRepo, files: Mapping[str, bytes]) -> ObjectID:
    entries: list[_Entry] = []
    for name, content in files.items():
        blob = Blob.from_string(content)
        repository.object_store.add_object(blob)
        entries.append((name.encode(), blob.id, _FILE_MODE))
    return commit_tree(repository.object_store, entries)


def _commit(
    message: str, author: str, at: datetime, tree: ObjectID, parent: ObjectID | None
) -> Commit:
    commit = Commit()
    commit.tree = tree
    commit.parents = [parent] if parent else []
    commit.author = commit.committer = author.encode()
    commit.author_time = commit.commit_time = int(at.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = f"{message}\n".encode()
    return commit
