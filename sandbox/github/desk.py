"""What every endpoint needs: the repository, its pull requests, who asks, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.github.access import Principal
from sandbox.github.errors import ApiError, Invalid, NotFound
from sandbox.github.pulls import Clock, Pulls
from sandbox.github.shapes import Json, Shapes
from sandbox.github.store import Objects, Person

BASE = "/repos/{owner}/{repo}"
_PER_PAGE, _MOST_PER_PAGE = 30, 100


@dataclass(frozen=True)
class Desk:
    """One repository, served.

    ``mails`` holds the e-mail of everybody with an account, by login.
    """

    owner: str
    name: str
    default_branch: str
    objects: Objects
    pulls: Pulls
    now: Clock
    mails: Mapping[str, tuple[str, str]]
    """Login -> name and e-mail."""

    def enter(self, request: Request, permission: str, level: str = "read") -> Principal:
        """Who asks, once they may.

        Raises:
            ApiError: another repository than this one, or no permission.
        """
        asked = (request.path_params["owner"].lower(), request.path_params["repo"].lower())
        if asked != (self.owner.lower(), self.name.lower()):
            raise NotFound
        principal: Principal = request.scope["principal"]
        principal.must(permission, level)
        return principal

    def shapes(self, request: Request) -> Shapes:
        """JSON with URLs as this client reaches the server."""
        origin = str(request.base_url).rstrip("/")
        web = f"{origin}/git/{self.owner}/{self.name}"
        return Shapes(api_of(request), web, self.owner, self.name, self.default_branch)

    def person(self, login: str, at: datetime | None = None) -> Person:
        """Somebody as the author of a commit."""
        name, email = self.mails.get(login, (login, f"{login}@users.noreply.sundial.example"))
        return Person(name, email, at or self.now())


def api_of(request: Request) -> str:
    """The API's URL as this client reaches it, without a slash at its end."""
    return str(request.base_url).rstrip("/") + str(request.scope.get("root_path", ""))


async def body_of(request: Request) -> Json:
    """The JSON object that was sent.

    Raises:
        ApiError: 400 when it is none.
    """
    try:
        found = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if not isinstance(found, dict):
        raise ApiError(400, "Body should be a JSON object")
    return found


def text_of(body: Json, field: str, resource: str, *, required: bool = True) -> str:
    """A text among what was sent.

    Raises:
        Invalid: it is missing, or no text.
    """
    value = body.get(field)
    if value is None and not required:
        return ""
    if value is None or (required and value == ""):
        raise Invalid({"resource": resource, "field": field, "code": "missing_field"})
    if not isinstance(value, str):
        raise Invalid({"resource": resource, "field": field, "code": "invalid"})
    return value


def paged(request: Request, found: Sequence[Any]) -> Response:
    """A page of a list, with GitHub's ``Link`` to the next."""
    size = min(_number(request, "per_page", _PER_PAGE), _MOST_PER_PAGE)
    page = _number(request, "page", 1)
    shown = list(found[(page - 1) * size : page * size])
    headers = {}
    if page * size < len(found):
        query = urlencode({**request.query_params, "page": page + 1})
        headers["Link"] = f'<{request.url.replace(query=query)}>; rel="next"'
    return JSONResponse(shown, headers=headers)


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    return max(1, int(given)) if given.isdecimal() else default
