"""Files by their paths: read at any commit, and written as one commit each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.github.desk import BASE, Desk, body_of, text_of
from sandbox.github.errors import ApiError, NotFound
from sandbox.github.git_endpoints import decoded
from sandbox.github.store import FILE_MODE, Entry


class ContentsEndpoints:
    """Handlers over one repository."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._objects = desk.objects

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(BASE + "/contents/{path:path}", self.read),
            Route(BASE + "/contents/{path:path}", self.write, methods=["PUT"]),
        ]

    async def read(self, request: Request) -> Response:
        """GET contents/{path}: a file with its content, or a folder's listing."""
        self._desk.enter(request, "contents")
        ref = request.query_params.get("ref") or self._desk.default_branch
        commit = self._objects.resolve(ref)
        if commit is None:
            raise ApiError(404, f"No commit found for the ref {ref}")
        path, shapes = request.path_params["path"].strip("/"), self._desk.shapes(request)
        files = self._files(commit)
        if (entry := files.get(path)) is not None:
            content = self._objects.blob(entry.sha) or b""
            return JSONResponse(shapes.file(path, entry.sha, content, len(content), ref))
        start = f"{path}/" if path else ""
        below = {p: e for p, e in files.items() if p.startswith(start)}
        if not below:
            raise NotFound
        own = {p: e for p, e in below.items() if "/" not in p[len(start) :]}
        sizes = {p: len(self._objects.blob(e.sha) or b"") for p, e in own.items()}
        return JSONResponse([shapes.file(p, e.sha, None, sizes[p], ref) for p, e in own.items()])

    async def write(self, request: Request) -> Response:
        """PUT contents/{path}: make or replace a file on a branch, if it is still the one of ``sha``."""
        principal = self._desk.enter(request, "contents", "write")
        body, path = await body_of(request), request.path_params["path"].strip("/")
        branch = text_of(body, "branch", "Commit", required=False) or self._desk.default_branch
        head = self._objects.head_of(branch)
        if head is None:
            raise ApiError(404, f"Branch {branch} not found")
        files, given = self._files(head), text_of(body, "sha", "Commit", required=False)
        known = files.get(path)
        if known is not None and not given:
            raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if (known.sha if known else "") != given:
            raise ApiError(409, f"{path} does not match {given}")
        content = decoded(text_of(body, "content", "Commit", required=False))
        files[path] = Entry(FILE_MODE, self._objects.add_blob(content))
        own = self._desk.person(principal.login)
        message = text_of(body, "message", "Commit")
        sha = self._objects.add_commit(message, self._objects.add_tree(files), [head], own, own)
        self._objects.set_branch(branch, sha)
        shapes, commit = self._desk.shapes(request), self._objects.commit(sha)
        shown = shapes.file(path, files[path].sha, None, len(content), branch)
        made = shapes.git_commit(commit) if commit else {}
        return JSONResponse({"content": shown, "commit": made}, 200 if known else 201)

    def _files(self, commit: str) -> dict[str, Entry]:
        tree = self._objects.tree_of(commit)
        return self._objects.files(tree) if tree else {}
