"""GitHub's REST API as one Starlette application, for ``/github``: one private repository, the company's.

``GITHUB_API_URL=http://127.0.0.1:PORT/github``. What is merged here is what ``/git`` serves.
"""

from __future__ import annotations

from collections.abc import Iterable

from dulwich.repo import BaseRepo
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.git.api import PATH
from sandbox.github.access import LIMIT, Access, Principal, principals
from sandbox.github.contents_endpoints import ContentsEndpoints
from sandbox.github.desk import Desk, api_of
from sandbox.github.errors import ApiError, answer_api_error, answer_http_error
from sandbox.github.git_endpoints import GitEndpoints
from sandbox.github.pull_endpoints import PullEndpoints
from sandbox.github.pulls import Clock, Pulls
from sandbox.github.store import Objects
from sandbox.rate_limit import FixedWindow, RateLimit
from sandbox.world.ports import Person

REPOSITORY = PATH.strip("/").removesuffix(".git")
"""``owner/name``."""
DEFAULT_BRANCH = "main"


def create_app(
    repository: BaseRepo, people: Iterable[Person], now: Clock, limit: RateLimit = LIMIT
) -> Starlette:
    """Serve ``repository`` to the company's people and to srebot."""
    people = list(people)
    owner, name = REPOSITORY.split("/")
    objects = Objects(repository)
    desk = Desk(
        owner,
        name,
        DEFAULT_BRANCH,
        objects,
        Pulls(objects, owner, now),
        now,
        {p.handle: (p.name, p.email) for p in people},
    )
    endpoints = (GitEndpoints(desk), ContentsEndpoints(desk), PullEndpoints(desk))
    routes = [route for found in endpoints for route in found.routes()]
    return Starlette(
        routes=[Route("/user", _user), *routes],
        middleware=[Middleware(Access, known=principals(people), window=FixedWindow(limit))],
        exception_handlers={ApiError: answer_api_error, HTTPException: answer_http_error},
    )


async def _user(request: Request) -> Response:
    principal: Principal = request.scope["principal"]
    return JSONResponse(
        {
            "login": principal.login,
            "id": principal.number,
            "type": "User",
            "url": f"{api_of(request)}/users/{principal.login}",
        }
    )
