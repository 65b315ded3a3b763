"""PagerDuty's error answers: ``{"error": {"message", "code", "errors"}}``."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

INCIDENT_ALREADY_RESOLVED = 1001
REQUESTER_NOT_FOUND = 1008
INVALID_INPUT = 2001
ARGUMENTS_CAUSED_ERROR = 2002
UNAUTHORIZED = 2006
FROM_HEADER_MISSING = 2016
RATE_LIMITED = 2020
NOT_FOUND = 2100


class ApiError(Exception):
    """A request that PagerDuty would refuse, with PagerDuty's own error code."""

    def __init__(self, status: int, code: int, message: str, errors: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = tuple(errors)


class InvalidInput(ApiError):
    """400: what was sent is malformed; each of ``errors`` names one fault."""

    def __init__(self, *errors: str) -> None:
        super().__init__(400, INVALID_INPUT, "Invalid Input Provided", errors)


class NotFound(ApiError):
    """404: no such thing."""

    def __init__(self) -> None:
        super().__init__(404, NOT_FOUND, "Not Found")


def error_response(status: int, code: int, message: str, errors: Sequence[str] = ()) -> Response:
    """The body that PagerDuty sends with ``status``."""
    body: dict[str, object] = {"message": message, "code": code}
    if errors:
        body["errors"] = list(errors)
    return JSONResponse({"error": body}, status)


def refusal(status: int, message: str) -> Response:
    """The body that PagerDuty sends while it is down, or lets nobody in."""
    return error_response(status, UNAUTHORIZED if status < 500 else 0, message)


def answer_api_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for :class:`ApiError`."""
    if not isinstance(error, ApiError):
        raise error
    return error_response(error.status, error.code, error.message, error.errors)


def answer_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for unknown paths and methods."""
    status = int(getattr(error, "status_code", 500))
    return error_response(status, NOT_FOUND, str(getattr(error, "detail", error)))
