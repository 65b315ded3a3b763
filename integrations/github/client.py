"""One repository on GitHub through PyGithub, which nothing else in srebot knows of."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import requests
from github import Auth, Github, GithubException, InputGitAuthor, InputGitTreeElement
from github.GithubException import RateLimitExceededException
from github.PullRequest import PullRequest
from github.Repository import Repository

from agent.errors import NotFound
from integrations.calls import REQUEST_SECONDS, Failure, Rejected, Vendor, seconds_of
from integrations.repository.remote import Remote
from integrations.repository.snapshot import Snapshot

T = TypeVar("T")
_AUTHOR = ("srebot", "srebot@srebot.invalid")
"""A reserved domain: on GitHub any other address could be some account's."""
_READ, _WRITE = "Contents: read and Pull requests: read", "Contents: write and Pull requests: write"
_UNPROCESSABLE = 422
_MOST_COMMITS = 20


class Pull(NamedTuple):
    """A pull request."""

    number: int
    url: str
    merged: bool
    open: bool
    by: str
    """Who merged or closed it; empty while it is open."""
    at: datetime | None


class Commit(NamedTuple):
    """A commit to be made: one file, on top of a commit."""

    base: str
    path: str
    text: str
    message: str
    at: datetime


class GithubClient:
    """Reads and writes one repository.

    Args:
        token: fine-grained, for that repository alone.
        repository: ``owner/name``.
        url: of the REST API.
        branch: that pull requests go to; empty: the repository's default.
    """

    def __init__(
        self, token: str, repository: str, url: str = "https://api.github.com", branch: str = ""
    ) -> None:
        self._token, self._url = token, url.rstrip("/")
        self.repository = repository
        self._branch = branch
        self._vendor = Vendor("GitHub", _failure_of, limit=2)
        self._own = threading.local()
        self._kept: Snapshot | None = None
        self._reading = asyncio.Lock()

    async def login(self) -> str:
        """Whose token it is."""
        return await self._vendor.read("the token's user", lambda: self._github().get_user().login)

    async def may_push(self) -> bool:
        """Whether the repository lets the token write."""
        found = await self._read("the repository", lambda r: r.permissions)
        return bool(found.push)

    async def base(self) -> str:
        """The branch that pull requests go to."""
        if not self._branch:
            self._branch = await self._read("the repository", lambda r: r.default_branch)
        return self._branch

    async def snapshot(self) -> Snapshot:
        """The files of the base branch now; those of the last time while it has not moved.

        Raises:
            ToolError: it cannot be read.
        """
        branch = await self.base()
        async with self._reading:
            head, url = await self._read(
                f"branch {branch}", lambda r: (r.get_branch(branch).commit.sha, r.clone_url)
            )
            if self._kept is None or self._kept.commit != head:
                remote = Remote(url, self._token, branch)
                self._kept = await asyncio.to_thread(remote.snapshot)
            return self._kept

    async def versions(self, path: str) -> list[str]:
        """The commits that changed a file, the latest first."""
        branch = await self.base()

        def read(repository: Repository) -> list[str]:
            commits = repository.get_commits(sha=branch, path=path)
            return [c.sha for c in islice(commits, _MOST_COMMITS)]

        return await self._read(f"the history of {path}", read)

    async def file_at(self, path: str, commit: str) -> str | None:
        """A file's text at a commit; None when it was not there, or is no text."""

        def read(repository: Repository) -> str | None:
            found = repository.get_contents(path, ref=commit)
            if isinstance(found, list) or found.content is None:
                return None
            return base64.b64decode(found.content).decode("utf-8", errors="strict")

        try:
            return await self._read(f"{path} at {commit[:12]}", read)
        except (NotFound, UnicodeDecodeError):
            return None

    async def pull_of(self, branch: str) -> Pull | None:
        """The latest pull request from a branch of this repository, in whatever state."""

        def find(repository: Repository) -> Pull | None:
            head = f"{repository.owner.login}:{branch}"
            found = next(iter(repository.get_pulls(state="all", head=head)), None)
            return _shown(repository.get_pull(found.number)) if found is not None else None

        return await self._read(f"the pull request of {branch}", find)

    async def has_branch(self, branch: str) -> bool:
        """Whether the branch exists."""
        try:
            await self._read(f"branch {branch}", lambda r: r.get_branch(branch).commit.sha)
        except NotFound:
            return False
        return True

    async def commit_to(self, branch: str, commit: Commit) -> None:
        """Make a commit and a branch that points to it; a branch that is there already stays as it is."""

        def write(repository: Repository) -> None:
            parent = repository.get_git_commit(commit.base)
            file = InputGitTreeElement(commit.path, "100644", "blob", content=commit.text)
            tree = repository.create_git_tree([file], parent.tree)
            author = InputGitAuthor(*_AUTHOR, date=commit.at.isoformat())
            made = repository.create_git_commit(commit.message, tree, [parent], author, author)
            repository.create_git_ref(f"refs/heads/{branch}", made.sha)

        try:
            await self._write(f"branch {branch}", write)
        except Rejected as error:
            if error.status_code != _UNPROCESSABLE or not await self.has_branch(branch):
                raise

    async def open_pull(self, branch: str, title: str, body: str) -> Pull:
        """Open a pull request; one that is there already is returned."""
        base = await self.base()

        def write(repository: Repository) -> Pull:
            return _shown(repository.create_pull(base, branch, title=title, body=body))

        try:
            return await self._write(f"a pull request from {branch}", write)
        except Rejected as error:
            known = await self.pull_of(branch)
            if error.status_code != _UNPROCESSABLE or known is None:
                raise
            return known

    async def close_pull(self, number: int, branch: str, comment: str) -> None:
        """Say why, close it, and delete its branch."""

        def write(repository: Repository) -> None:
            pull = repository.get_pull(number)
            if pull.state == "open":
                pull.create_issue_comment(comment)
                pull.edit(state="closed")
            try:
                repository.get_git_ref(f"heads/{branch}").delete()
            except GithubException as error:
                if error.status not in (404, _UNPROCESSABLE):
                    raise

        await self._write(f"the end of pull request {number}", write)

    def close(self) -> None:
        """Let the threads go."""
        self._vendor.close()

    async def _read(self, what: str, function: Callable[[Repository], T]) -> T:
        return await self._vendor.read(
            f"{what} of {self.repository}",
            lambda: function(self._repository()),
            permission=_READ,
        )

    async def _write(self, what: str, function: Callable[[Repository], T]) -> T:
        return await self._vendor.write(
            f"{what} in {self.repository}",
            lambda: function(self._repository()),
            permission=_WRITE,
        )

    def _repository(self) -> Repository:
        known: Repository | None = getattr(self._own, "repository", None)
        if known is None:
            known = self._own.repository = self._github().get_repo(self.repository)
        return known

    def _github(self) -> Github:
        known: Github | None = getattr(self._own, "github", None)
        if known is None:
            # Its own retries sleep in the thread, without a deadline; ours are in Vendor.
            known = self._own.github = Github(
                auth=Auth.Token(self._token),
                base_url=self._url,
                timeout=int(REQUEST_SECONDS[1]),
                retry=None,
                user_agent="srebot",
                seconds_between_requests=None,
                seconds_between_writes=None,
            )
        return known


def _shown(pull: PullRequest) -> Pull:
    closed_by = ""
    if pull.merged:
        closed_by = pull.merged_by.login if pull.merged_by else ""
    elif pull.state == "closed":
        user = pull.as_issue().closed_by
        closed_by = user.login if user else ""
    at = pull.merged_at or pull.closed_at
    return Pull(pull.number, pull.html_url, pull.merged, pull.state == "open", closed_by, at)


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, RateLimitExceededException):
        return Failure(_message(error), 429, _wait_seconds(error.headers or {}))
    if isinstance(error, GithubException):
        return Failure(
            _message(error), error.status, seconds_of((error.headers or {}).get("retry-after"))
        )
    if isinstance(error, requests.RequestException):
        return Failure(type(error).__name__)
    return None


def _message(error: GithubException) -> str:
    data: Any = error.data if isinstance(error.data, dict) else {}
    problems = [
        str(e.get("message") or e.get("field"))
        for e in data.get("errors") or ()
        if isinstance(e, dict)
    ]
    return ": ".join([str(data.get("message") or error.message or error.status), *problems])


def _wait_seconds(headers: dict[str, str]) -> float | None:
    """Until the rate limit's window is over."""
    reset = headers.get("x-ratelimit-reset", "")
    return max(0.0, float(reset) - time.time()) if reset.isdecimal() else None
