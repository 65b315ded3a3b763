"""GitHub's error answers: ``{"message", "documentation_url", "status"}``, with ``errors`` where a field is at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_DOCUMENTATION = "https://docs.github.com/rest"
_DOWN = "Server Error"


class ApiError(Exception):
    """A request that GitHub would refuse.

    Args:
        errors: what is wrong with which field, as ``{"resource", "field", "code"}`` or with a ``message``.
        headers: to send besides.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *errors: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})


class NotFound(ApiError):
    """404: no such thing, or nothing that the token may know of."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found")


class Forbidden(ApiError):
    """403: the token has no permission for it."""

    def __init__(self) -> None:
        super().__init__(403, "Resource not accessible by personal access token")


class Invalid(ApiError):
    """422 ``Validation Failed``."""

    def __init__(self, *errors: Mapping[str, str]) -> None:
        super().__init__(422, "Validation Failed", *errors)


def error_response(error: ApiError) -> Response:
    """The body that GitHub sends."""
    body: dict[str, Any] = {"message": error.message}
    if error.errors:
        body["errors"] = [dict(e) for e in error.errors]
    body |= {"documentation_url": _DOCUMENTATION, "status": str(error.status)}
    return JSONResponse(body, error.status, headers=error.headers)


def refusal(status: int, message: str) -> Response:
    """The body that GitHub sends while it is down, or lets nobody in."""
    return error_response(ApiError(status, message if status < 500 else _DOWN))


def answer_api_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for :class:`ApiError`."""
    if not isinstance(error, ApiError):
        raise error
    return error_response(error)


def answer_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for unknown paths and methods: GitHub knows only 404."""
    return error_response(NotFound())
