"""What the API answers: GitHub's JSON of repositories, Git objects, pull requests and comments."""

from __future__ import annotations

import base64
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dulwich.objects import Commit

from sandbox.github.pulls import Pull, Pulls, Remark
from sandbox.github.store import Entry

Json = dict[str, Any]


@dataclass(frozen=True)
class Shapes:
    """Makes JSON of things.

    Args:
        api: the URL of the API.
        web: where people browse the repository, which is also where it is cloned, without ``.git``.
        owner: of the repository.
        name: of the repository.
        default_branch: of the repository.
    """

    api: str
    web: str
    owner: str
    name: str
    default_branch: str

    @property
    def url(self) -> str:
        """The repository's own URL in the API."""
        return f"{self.api}/repos/{self.owner}/{self.name}"

    def user(self, login: str) -> Json:
        """A simple user."""
        return {
            "login": login,
            "id": sum(login.encode()),
            "type": "User",
            "url": f"{self.api}/users/{login}",
            "html_url": f"{self.web.rsplit('/', 2)[0]}/{login}",
        }

    def repository(self, *, may_push: bool) -> Json:
        """The full repository."""
        return {
            "id": 1,
            "name": self.name,
            "full_name": f"{self.owner}/{self.name}",
            "private": True,
            "owner": {**self.user(self.owner), "type": "Organization"},
            "url": self.url,
            "html_url": self.web,
            "clone_url": f"{self.web}.git",
            "default_branch": self.default_branch,
            "archived": False,
            "disabled": False,
            "permissions": {"admin": False, "push": may_push, "pull": True},
        }

    def branch(self, name: str, commit: Commit) -> Json:
        """A branch with its commit."""
        return {"name": name, "commit": self.commit(commit), "protected": False}

    def ref(self, name: str, sha: str) -> Json:
        """A reference; ``name`` is ``heads/...``."""
        target = {"type": "commit", "sha": sha, "url": f"{self.url}/git/commits/{sha}"}
        return {"ref": f"refs/{name}", "url": f"{self.url}/git/refs/{name}", "object": target}

    def git_commit(self, commit: Commit) -> Json:
        """A commit of the Git database."""
        sha, tree = commit.id.decode(), commit.tree.decode()
        parents = [p.decode() for p in commit.parents]
        return {
            "sha": sha,
            "url": f"{self.url}/git/commits/{sha}",
            "html_url": f"{self.web}/commit/{sha}",
            "author": _person(commit.author, commit.author_time),
            "committer": _person(commit.committer, commit.commit_time),
            "message": commit.message.decode().rstrip("\n"),
            "tree": {"sha": tree, "url": f"{self.url}/git/trees/{tree}"},
            "parents": [{"sha": p, "url": f"{self.url}/git/commits/{p}"} for p in parents],
        }

    def commit(self, commit: Commit) -> Json:
        """A commit of the commits' API."""
        git, sha = self.git_commit(commit), commit.id.decode()
        return {
            "sha": sha,
            "url": f"{self.url}/commits/{sha}",
            "html_url": git["html_url"],
            "commit": {k: git[k] for k in ("author", "committer", "message", "tree", "url")},
            "author": None,
            "committer": None,
            "parents": [{**p, "url": f"{self.url}/commits/{p['sha']}"} for p in git["parents"]],
        }

    def tree(self, sha: str, entries: dict[str, Entry]) -> Json:
        """A tree with its entries."""
        shown = []
        for path, entry in entries.items():
            kind = "tree" if stat.S_ISDIR(entry.mode) else "blob"
            shown.append(
                {
                    "path": path,
                    "mode": f"{entry.mode:06o}",
                    "type": kind,
                    "sha": entry.sha,
                    "url": f"{self.url}/git/{kind}s/{entry.sha}",
                }
            )
        url = f"{self.url}/git/trees/{sha}"
        return {"sha": sha, "url": url, "tree": shown, "truncated": False}

    def blob(self, sha: str, content: bytes) -> Json:
        """A blob with its content."""
        return {
            "sha": sha,
            "url": f"{self.url}/git/blobs/{sha}",
            "size": len(content),
            "encoding": "base64",
            "content": base64.encodebytes(content).decode(),
        }

    def file(self, path: str, sha: str, content: bytes | None, size: int, ref: str) -> Json:
        """A file of the contents' API; without its content in a listing."""
        found: Json = {
            "type": "file",
            "name": path.rsplit("/", 1)[-1],
            "path": path,
            "sha": sha,
            "size": size,
            "url": f"{self.url}/contents/{path}?ref={ref}",
            "git_url": f"{self.url}/git/blobs/{sha}",
            "html_url": f"{self.web}/blob/{ref}/{path}",
            "download_url": None,
        }
        if content is not None:
            found |= {"encoding": "base64", "content": base64.encodebytes(content).decode()}
        return found

    def pull(self, pull: Pull, pulls: Pulls | None = None) -> Json:
        """A pull request; with ``pulls`` all of it, as a list does not show it."""
        merged = bool(pull.merge_sha)
        found: Json = {
            "id": pull.number,
            "number": pull.number,
            "url": f"{self.url}/pulls/{pull.number}",
            "issue_url": f"{self.url}/issues/{pull.number}",
            "comments_url": f"{self.url}/issues/{pull.number}/comments",
            "html_url": f"{self.web}/pull/{pull.number}",
            "state": "open" if pull.is_open else "closed",
            "locked": False,
            "title": pull.title,
            "body": pull.body or None,
            "user": self.user(pull.by),
            "created_at": _time(pull.created_at),
            "updated_at": _time(pull.updated_at or pull.created_at),
            "closed_at": _time(pull.closed_at),
            "merged_at": _time(pull.closed_at) if merged else None,
            "merge_commit_sha": pull.merge_sha or None,
            "draft": pull.draft,
            "head": self._end(pull.head, pull.head_sha),
            "base": self._end(pull.base, pull.base_sha),
        }
        if pulls is not None:
            found |= {
                "merged": merged,
                "mergeable": pulls.is_mergeable(pull) if pull.is_open else None,
                "merged_by": self.user(pull.closed_by) if merged else None,
                "comments": len(pull.comments),
            }
        return found

    def issue(self, pull: Pull) -> Json:
        """The issue that a pull request also is."""
        shown = self.pull(pull)
        kept = ("id", "number", "state", "locked", "title", "body", "user", "comments_url")
        return {
            **{k: shown[k] for k in (*kept, "created_at", "updated_at", "closed_at")},
            "url": shown["issue_url"],
            "html_url": shown["html_url"],
            "closed_by": self.user(pull.closed_by) if pull.closed_by else None,
            "comments": len(pull.comments),
            "pull_request": {"url": shown["url"], "merged_at": shown["merged_at"]},
        }

    def comment(self, remark: Remark, number: int) -> Json:
        """A comment on an issue or pull request."""
        return {
            "id": remark.number,
            "url": f"{self.url}/issues/comments/{remark.number}",
            "html_url": f"{self.web}/pull/{number}#issuecomment-{remark.number}",
            "issue_url": f"{self.url}/issues/{number}",
            "body": remark.body,
            "user": self.user(remark.by),
            "created_at": _time(remark.at),
            "updated_at": _time(remark.at),
        }

    def review(self, remark: Remark, number: int) -> Json:
        """A review of a pull request."""
        return {
            "id": remark.number,
            "user": self.user(remark.by),
            "body": remark.body,
            "state": remark.state,
            "commit_id": remark.commit,
            "html_url": f"{self.web}/pull/{number}#pullrequestreview-{remark.number}",
            "pull_request_url": f"{self.url}/pulls/{number}",
            "submitted_at": _time(remark.at),
        }

    def _end(self, branch: str, sha: str) -> Json:
        return {
            "label": f"{self.owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(self.owner),
            "repo": self.repository(may_push=False),
        }


def _person(line: bytes, at: float) -> Json:
    name, _, rest = line.decode().partition(" <")
    return {
        "name": name,
        "email": rest.rstrip(">"),
        "date": _time(datetime.fromtimestamp(at, UTC)),
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
