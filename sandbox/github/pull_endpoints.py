"""Pull requests, their comments and reviews."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.github.desk import BASE, Desk, body_of, paged, text_of
from sandbox.github.errors import Invalid, NotFound
from sandbox.github.git_endpoints import changed_file
from sandbox.github.pulls import Pull

_RESOURCE = "PullRequest"


class PullEndpoints:
    """Handlers over one repository."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pulls = desk.pulls

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(BASE + "/pulls", self.all),
            Route(BASE + "/pulls", self.open, methods=["POST"]),
            Route(BASE + "/pulls/{number:int}", self.one),
            Route(BASE + "/pulls/{number:int}", self.edit, methods=["PATCH"]),
            Route(BASE + "/pulls/{number:int}/files", self.files),
            Route(BASE + "/pulls/{number:int}/merge", self.is_merged),
            Route(BASE + "/pulls/{number:int}/merge", self.merge, methods=["PUT"]),
            Route(BASE + "/pulls/{number:int}/reviews", self.reviews),
            Route(BASE + "/pulls/{number:int}/reviews", self.review, methods=["POST"]),
            Route(BASE + "/issues/{number:int}", self.issue),
            Route(BASE + "/issues/{number:int}/comments", self.comments),
            Route(BASE + "/issues/{number:int}/comments", self.comment, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """GET pulls: by state, head (``owner:branch``) and base."""
        self._desk.enter(request, "pull_requests")
        query, shapes = request.query_params, self._desk.shapes(request)
        state, head = query.get("state", "open"), query.get("head", "")
        found = [
            p
            for p in self._pulls.all()
            if state in ("all", "open" if p.is_open else "closed")
            and head in ("", f"{self._desk.owner}:{p.head}")
            and query.get("base", p.base) == p.base
        ]
        if query.get("direction") == "asc":
            found.reverse()
        return paged(request, [shapes.pull(p) for p in found])

    async def open(self, request: Request) -> Response:
        """POST pulls: a new one."""
        principal = self._desk.enter(request, "pull_requests", "write")
        body = await body_of(request)
        title, head, base = (text_of(body, f, _RESOURCE) for f in ("title", "head", "base"))
        text = text_of(body, "body", _RESOURCE, required=False)
        draft = bool(body.get("draft"))
        pull = self._pulls.open(title, text, head, base, principal.login, draft=draft)
        return JSONResponse(self._desk.shapes(request).pull(pull, self._pulls), 201)

    async def one(self, request: Request) -> Response:
        """GET pulls/{number}: all of one."""
        self._desk.enter(request, "pull_requests")
        return self._shown(request, self._pull(request))

    async def edit(self, request: Request) -> Response:
        """PATCH pulls/{number}: title, body, state."""
        principal = self._desk.enter(request, "pull_requests", "write")
        pull, body = self._pull(request), await body_of(request)
        if body.get("state") not in (None, "open", "closed"):
            raise Invalid({"resource": _RESOURCE, "field": "state", "code": "invalid"})
        pull.title = text_of(body, "title", _RESOURCE, required=False) or pull.title
        pull.body = text_of(body, "body", _RESOURCE, required=False) or pull.body
        pull.updated_at = self._desk.now()
        if body.get("state") == "closed":
            self._pulls.close(pull, principal.login)
        elif body.get("state") == "open" and not pull.is_open:
            self._pulls.reopen(pull)
        return self._shown(request, pull)

    async def files(self, request: Request) -> Response:
        """GET pulls/{number}/files: what it changes."""
        self._desk.enter(request, "pull_requests")
        pull, objects = self._pull(request), self._desk.objects
        parted = objects.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
        changed = objects.changed(parted, pull.head_sha)
        return paged(request, [changed_file(p, *sides) for p, sides in changed.items()])

    async def is_merged(self, request: Request) -> Response:
        """GET pulls/{number}/merge: 204 when it was merged."""
        self._desk.enter(request, "pull_requests")
        if not self._pull(request).merge_sha:
            raise NotFound
        return Response(status_code=204)

    async def merge(self, request: Request) -> Response:
        """PUT pulls/{number}/merge: merge it, if its head is still ``sha``."""
        principal = self._desk.enter(request, "contents", "write")
        pull, body = self._pull(request), await body_of(request)
        title = text_of(body, "commit_title", _RESOURCE, required=False)
        sha = self._pulls.merge(
            pull,
            self._desk.person(principal.login),
            principal.login,
            text_of(body, "sha", _RESOURCE, required=False),
            title,
        )
        done = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
        return JSONResponse(done)

    async def reviews(self, request: Request) -> Response:
        """GET pulls/{number}/reviews."""
        self._desk.enter(request, "pull_requests")
        pull, shapes = self._pull(request), self._desk.shapes(request)
        return paged(request, [shapes.review(r, pull.number) for r in pull.reviews])

    async def review(self, request: Request) -> Response:
        """POST pulls/{number}/reviews."""
        principal = self._desk.enter(request, "pull_requests", "write")
        pull, body = self._pull(request), await body_of(request)
        event = text_of(body, "event", "PullRequestReview")
        words = text_of(body, "body", "PullRequestReview", required=False)
        made = self._pulls.review(pull, event, words, principal.login)
        return JSONResponse(self._desk.shapes(request).review(made, pull.number))

    async def issue(self, request: Request) -> Response:
        """GET issues/{number}: a pull request as an issue, which alone tells who closed it."""
        self._desk.enter(request, "pull_requests")
        return JSONResponse(self._desk.shapes(request).issue(self._pull(request)))

    async def comments(self, request: Request) -> Response:
        """GET issues/{number}/comments."""
        self._desk.enter(request, "pull_requests")
        pull, shapes = self._pull(request), self._desk.shapes(request)
        return paged(request, [shapes.comment(c, pull.number) for c in pull.comments])

    async def comment(self, request: Request) -> Response:
        """POST issues/{number}/comments."""
        principal = self._desk.enter(request, "pull_requests", "write")
        pull, body = self._pull(request), await body_of(request)
        made = self._pulls.comment(pull, text_of(body, "body", "IssueComment"), principal.login)
        return JSONResponse(self._desk.shapes(request).comment(made, pull.number), 201)

    def _pull(self, request: Request) -> Pull:
        return self._pulls.get(request.path_params["number"])

    def _shown(self, request: Request, pull: Pull) -> Response:
        return JSONResponse(self._desk.shapes(request).pull(pull, self._pulls))
