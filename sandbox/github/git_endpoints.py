"""Repository, branches, commits and the Git database: refs, trees, blobs."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from dulwich.objects import Commit
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.github.desk import BASE, Desk, body_of, paged, text_of
from sandbox.github.errors import ApiError, Invalid, NotFound
from sandbox.github.shapes import Json
from sandbox.github.store import FILE_MODE, HEADS, Entry, Person

_SHA_LENGTH = 40


class GitEndpoints:
    """Handlers over one repository."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._objects = desk.objects

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(BASE, self.repository),
            Route(BASE + "/branches", self.branches),
            Route(BASE + "/branches/{branch:path}", self.branch),
            Route(BASE + "/commits", self.commits),
            Route(BASE + "/commits/{ref:path}", self.commit),
            Route(BASE + "/git/ref/{ref:path}", self.ref),
            Route(BASE + "/git/matching-refs/{ref:path}", self.matching_refs),
            Route(BASE + "/git/refs", self.create_ref, methods=["POST"]),
            Route(BASE + "/git/refs/{ref:path}", self.update_ref, methods=["PATCH"]),
            Route(BASE + "/git/refs/{ref:path}", self.delete_ref, methods=["DELETE"]),
            Route(BASE + "/git/commits", self.create_commit, methods=["POST"]),
            Route(BASE + "/git/commits/{sha}", self.git_commit),
            Route(BASE + "/git/trees", self.create_tree, methods=["POST"]),
            Route(BASE + "/git/trees/{sha:path}", self.tree),
            Route(BASE + "/git/blobs", self.create_blob, methods=["POST"]),
            Route(BASE + "/git/blobs/{sha}", self.blob),
        ]

    async def repository(self, request: Request) -> Response:
        """GET /repos/{owner}/{repo}: the repository."""
        principal = self._desk.enter(request, "contents")
        may_push = principal.permissions.get("contents") == "write"
        return JSONResponse(self._desk.shapes(request).repository(may_push=may_push))

    async def branches(self, request: Request) -> Response:
        """GET branches: all of them."""
        self._desk.enter(request, "contents")
        shapes = self._desk.shapes(request)
        names = self._objects.branches()
        return paged(request, [shapes.branch(n, self._commit(s)) for n, s in names.items()])

    async def branch(self, request: Request) -> Response:
        """GET branches/{branch}: one."""
        self._desk.enter(request, "contents")
        name = request.path_params["branch"]
        sha = self._objects.head_of(name)
        if sha is None:
            raise ApiError(404, "Branch not found")
        return JSONResponse(self._desk.shapes(request).branch(name, self._commit(sha)))

    async def commits(self, request: Request) -> Response:
        """GET commits: from ``sha`` back, those that touched ``path``."""
        self._desk.enter(request, "contents")
        shapes = self._desk.shapes(request)
        start = self._resolved(request.query_params.get("sha") or self._desk.default_branch)
        path = request.query_params.get("path", "").strip("/")
        found = self._objects.history(start, path)
        return paged(request, [shapes.commit(self._commit(s)) for s in found])

    async def commit(self, request: Request) -> Response:
        """GET commits/{ref}: one, with the files that it changed."""
        self._desk.enter(request, "contents")
        commit = self._commit(self._resolved(request.path_params["ref"]))
        shown = self._desk.shapes(request).commit(commit)
        if commit.parents:
            changed = self._objects.changed(commit.parents[0].decode(), commit.id.decode())
            shown["files"] = [changed_file(p, *sides) for p, sides in changed.items()]
        return JSONResponse(shown)

    async def ref(self, request: Request) -> Response:
        """GET git/ref/{ref}: one reference."""
        self._desk.enter(request, "contents")
        name = request.path_params["ref"]
        sha = self._objects.head_of(name.removeprefix("heads/"))
        if sha is None or not name.startswith("heads/"):
            raise NotFound
        return JSONResponse(self._desk.shapes(request).ref(name, sha))

    async def matching_refs(self, request: Request) -> Response:
        """GET git/matching-refs/{ref}: those that begin so."""
        self._desk.enter(request, "contents")
        shapes, start = self._desk.shapes(request), request.path_params["ref"]
        names = {f"heads/{n}": s for n, s in self._objects.branches().items()}
        return paged(request, [shapes.ref(n, s) for n, s in names.items() if n.startswith(start)])

    async def create_ref(self, request: Request) -> Response:
        """POST git/refs: a new branch."""
        self._desk.enter(request, "contents", "write")
        body = await body_of(request)
        name, sha = text_of(body, "ref", "Reference"), text_of(body, "sha", "Reference")
        if not name.startswith(HEADS) or len(name) == len(HEADS):
            raise ApiError(422, "Reference name must start with 'refs/heads/'")
        branch = name.removeprefix(HEADS)
        if self._objects.head_of(branch) is not None:
            raise ApiError(422, "Reference already exists")
        if self._objects.commit(sha) is None:
            raise ApiError(422, "Object does not exist")
        self._objects.set_branch(branch, sha)
        return JSONResponse(self._desk.shapes(request).ref(f"heads/{branch}", sha), 201)

    async def update_ref(self, request: Request) -> Response:
        """PATCH git/refs/{ref}: move a branch, forward unless ``force``."""
        self._desk.enter(request, "contents", "write")
        body, branch = await body_of(request), self._existing(request)
        sha, now = text_of(body, "sha", "Reference"), str(self._objects.head_of(branch))
        if self._objects.commit(sha) is None:
            raise ApiError(422, "Object does not exist")
        if not body.get("force") and not self._objects.is_ahead(now, sha):
            raise ApiError(422, "Update is not a fast forward")
        self._objects.set_branch(branch, sha)
        return JSONResponse(self._desk.shapes(request).ref(f"heads/{branch}", sha))

    async def delete_ref(self, request: Request) -> Response:
        """DELETE git/refs/{ref}: a branch; what was open from there closes."""
        principal = self._desk.enter(request, "contents", "write")
        branch = self._existing(request)
        self._desk.pulls.all()  # their heads as they are, for what is seen of them afterwards
        self._objects.delete_branch(branch)
        self._desk.pulls.branch_deleted(branch, principal.login)
        return Response(status_code=204)

    async def git_commit(self, request: Request) -> Response:
        """GET git/commits/{sha}: a commit."""
        self._desk.enter(request, "contents")
        commit = self._commit(request.path_params["sha"])
        return JSONResponse(self._desk.shapes(request).git_commit(commit))

    async def create_commit(self, request: Request) -> Response:
        """POST git/commits: a commit that no branch points to yet."""
        principal = self._desk.enter(request, "contents", "write")
        body = await body_of(request)
        message, tree = text_of(body, "message", "Commit"), text_of(body, "tree", "Commit")
        parents = body.get("parents", [])
        if self._objects.tree_of(tree) != tree:
            raise ApiError(422, "Tree SHA does not exist")
        if not isinstance(parents, list) or any(
            self._objects.commit(str(p)) is None for p in parents
        ):
            raise ApiError(422, "Parent SHA does not exist or is not a commit object")
        own = self._desk.person(principal.login)
        author = _author(body.get("author"), own)
        committer = _author(body.get("committer"), author)
        sha = self._objects.add_commit(message, tree, parents, author, committer)
        shown = self._desk.shapes(request).git_commit(self._commit(sha))
        return JSONResponse(shown, 201)

    async def tree(self, request: Request) -> Response:
        """GET git/trees/{sha}: a tree, of a commit or branch too."""
        self._desk.enter(request, "contents")
        name = request.path_params["sha"]
        sha = self._objects.tree_of(self._objects.resolve(name) or name)
        if sha is None:
            raise NotFound
        recursive = "recursive" in request.query_params
        entries = self._objects.entries(sha, recursive=recursive)
        return JSONResponse(self._desk.shapes(request).tree(sha, entries))

    async def create_tree(self, request: Request) -> Response:
        """POST git/trees: a tree, on top of ``base_tree`` if there is one."""
        self._desk.enter(request, "contents", "write")
        body = await body_of(request)
        base = self._objects.tree_of(str(body["base_tree"])) if body.get("base_tree") else None
        files = self._objects.files(base) if base else {}
        entries = body.get("tree")
        if not isinstance(entries, list):
            raise ApiError(422, "Invalid tree info")
        for entry in entries:
            self._put(files, entry)
        sha = self._objects.add_tree(files)
        entries = self._objects.entries(sha, recursive=False)
        return JSONResponse(self._desk.shapes(request).tree(sha, entries), 201)

    async def blob(self, request: Request) -> Response:
        """GET git/blobs/{sha}: a blob."""
        self._desk.enter(request, "contents")
        sha = request.path_params["sha"]
        content = self._objects.blob(sha)
        if content is None:
            raise NotFound
        return JSONResponse(self._desk.shapes(request).blob(sha, content))

    async def create_blob(self, request: Request) -> Response:
        """POST git/blobs: a blob, from text or base64."""
        self._desk.enter(request, "contents", "write")
        body = await body_of(request)
        text = text_of(body, "content", "Blob", required=False)
        content = decoded(text) if body.get("encoding") == "base64" else text.encode()
        sha = self._objects.add_blob(content)
        url = self._desk.shapes(request).blob(sha, content)["url"]
        return JSONResponse({"sha": sha, "url": url}, 201)

    def _put(self, files: dict[str, Entry], entry: Any) -> None:
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise ApiError(422, "Must supply a valid tree.path")
        path, sha = entry["path"], entry.get("sha")
        if "content" in entry:
            sha = self._objects.add_blob(str(entry["content"]).encode())
        elif sha is None:
            files.pop(path, None)
            return
        if self._objects.blob(str(sha)) is None:
            raise ApiError(422, f"tree.sha {sha} is not a valid blob")
        files[path] = Entry(int(str(entry.get("mode") or f"{FILE_MODE:o}"), 8), str(sha))

    def _existing(self, request: Request) -> str:
        branch: str = request.path_params["ref"].removeprefix("heads/")
        if self._objects.head_of(branch) is None:
            raise ApiError(422, "Reference does not exist")
        return branch

    def _resolved(self, name: str) -> str:
        sha = self._objects.resolve(name)
        if sha is None:
            raise ApiError(
                422 if len(name) == _SHA_LENGTH else 404, f"No commit found for SHA: {name}"
            )
        return sha

    def _commit(self, sha: str) -> Commit:
        found = self._objects.commit(sha)
        if found is None:
            raise NotFound
        return found


def changed_file(path: str, before: Entry | None, after: Entry | None) -> Json:
    """A file of a commit or pull request."""
    status = "added" if before is None else "removed" if after is None else "modified"
    return {"filename": path, "status": status, "sha": (after or before or Entry(0, "")).sha}


def decoded(text: str) -> bytes:
    """Base64 as bytes.

    Raises:
        Invalid: it is none.
    """
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError) as error:
        problem = {"resource": "Blob", "field": "content", "code": "invalid"}
        raise Invalid(problem) from error


def _author(given: Any, default: Person) -> Person:
    if not isinstance(given, dict) or "name" not in given or "email" not in given:
        return default
    try:
        at = datetime.fromisoformat(str(given["date"])) if given.get("date") else default.at
    except ValueError as error:
        raise ApiError(422, "Invalid request.\n\nauthor.date is not a valid date-time.") from error
    return Person(str(given["name"]), str(given["email"]), at)
