"""Pull requests: opened, talked about, merged or closed; and what they hold back of two branches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.github.errors import ApiError, Invalid, NotFound
from sandbox.github.store import Changed, Objects, Person

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Remark:
    """A comment, or a review when it has a state."""

    number: int
    by: str
    body: str
    at: datetime
    state: str = ""
    """APPROVED, CHANGES_REQUESTED or COMMENTED."""
    commit: str = ""


@dataclass
class Pull:
    """A pull request."""

    number: int
    title: str
    body: str
    head: str
    base: str
    by: str
    created_at: datetime
    head_sha: str
    base_sha: str
    draft: bool = False
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    merge_sha: str = ""
    comments: list[Remark] = field(default_factory=list)
    reviews: list[Remark] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it was neither merged nor closed."""
        return self.closed_at is None


class Pulls:
    """All pull requests of one repository.

    Args:
        objects: its Git objects.
        owner: of the repository.
        now: the clock.
    """

    def __init__(self, objects: Objects, owner: str, now: Clock) -> None:
        self._objects, self._owner, self._now = objects, owner, now
        self._all: list[Pull] = []
        self._remarks = 0

    def all(self) -> list[Pull]:
        """Every one, the latest first; those that are open at their branches' present."""
        for pull in self._all:
            if pull.is_open:
                pull.head_sha = self._objects.head_of(pull.head) or pull.head_sha
                pull.base_sha = self._objects.head_of(pull.base) or pull.base_sha
        return list(reversed(self._all))

    def get(self, number: int) -> Pull:
        """One by its number.

        Raises:
            NotFound: there is none.
        """
        for pull in self.all():
            if pull.number == number:
                return pull
        raise NotFound

    def open(self, title: str, body: str, head: str, base: str, by: str, *, draft: bool) -> Pull:
        """Open one.

        Raises:
            Invalid: a branch is not there, holds nothing new, or has an open one already.
        """
        head = head.removeprefix(f"{self._owner}:")
        head_sha, base_sha = self._objects.head_of(head), self._objects.head_of(base)
        for name, sha in (("head", head_sha), ("base", base_sha)):
            if sha is None:
                raise Invalid({"resource": "PullRequest", "field": name, "code": "invalid"})
        if any(p.is_open and (p.head, p.base) == (head, base) for p in self._all):
            raise _custom(f"A pull request already exists for {self._owner}:{head}.")
        if not self._objects.changed(str(base_sha), str(head_sha)):
            raise _custom(f"No commits between {base} and {head}")
        number = len(self._all) + 1
        pull = Pull(
            number, title, body, head, base, by, self._now(), str(head_sha), str(base_sha), draft
        )
        self._all.append(pull)
        return pull

    def comment(self, pull: Pull, body: str, by: str) -> Remark:
        """Say something."""
        remark = self._remark(body, by)
        pull.comments.append(remark)
        return remark

    def review(self, pull: Pull, event: str, body: str, by: str) -> Remark:
        """Review it; nobody approves their own."""
        states = {
            "APPROVE": "APPROVED",
            "REQUEST_CHANGES": "CHANGES_REQUESTED",
            "COMMENT": "COMMENTED",
        }
        if event == "APPROVE" and by == pull.by:
            raise _custom("Can not approve your own pull request", "PullRequestReview")
        if event not in states:
            raise _custom("Event is not a member of the enum", "PullRequestReview")
        remark = self._remark(body, by, states[event], pull.head_sha)
        pull.reviews.append(remark)
        return remark

    def close(self, pull: Pull, by: str) -> None:
        """Close it without a merge."""
        if pull.is_open:
            pull.closed_at = pull.updated_at = self._now()
            pull.closed_by = by

    def reopen(self, pull: Pull) -> None:
        """Open it again.

        Raises:
            Invalid: it was merged, or its branch is gone.
        """
        if pull.merge_sha or self._objects.head_of(pull.head) is None:
            raise Invalid({"resource": "PullRequest", "field": "state", "code": "invalid"})
        pull.closed_at, pull.closed_by = None, ""

    def branch_deleted(self, branch: str, by: str) -> None:
        """What GitHub does then: close what was open from there."""
        for pull in self._all:
            if pull.head == branch:
                self.close(pull, by)

    def is_mergeable(self, pull: Pull) -> bool:
        """Whether no file was changed on both sides since they parted."""
        mine, theirs = self._sides(pull)
        return pull.is_open and not mine.keys() & theirs.keys()

    def merge(self, pull: Pull, by: Person, login: str, sha: str = "", message: str = "") -> str:
        """Merge it by a merge commit; returns that commit.

        Raises:
            ApiError: 409 when its head is another than ``sha``; 405 when it can't be merged.
        """
        if sha and sha != pull.head_sha:
            raise ApiError(409, "Head branch was modified. Review and try the merge again.")
        if not self.is_mergeable(pull):
            raise ApiError(405, "Pull Request is not mergeable")
        mine, _ = self._sides(pull)
        tree = self._objects.tree_of(pull.base_sha)
        files = self._objects.files(tree) if tree else {}
        for path, (_, after) in mine.items():
            if after is None:
                files.pop(path, None)
            else:
                files[path] = after
        text = message or (
            f"Merge pull request #{pull.number} from {self._owner}/{pull.head}\n\n{pull.title}"
        )
        merged = self._objects.add_commit(
            text, self._objects.add_tree(files), [pull.base_sha, pull.head_sha], by, by
        )
        self._objects.set_branch(pull.base, merged)
        pull.merge_sha = merged
        self.close(pull, login)
        return merged

    def _sides(self, pull: Pull) -> tuple[Changed, Changed]:
        """What the head changed, and what the base changed, since they parted."""
        parted = self._objects.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
        changed = self._objects.changed
        return changed(parted, pull.head_sha), changed(parted, pull.base_sha)

    def _remark(self, body: str, by: str, state: str = "", commit: str = "") -> Remark:
        self._remarks += 1
        return Remark(self._remarks, by, body, self._now(), state, commit)


def _custom(message: str, resource: str = "PullRequest") -> Invalid:
    return Invalid({"resource": resource, "code": "custom", "message": message})
