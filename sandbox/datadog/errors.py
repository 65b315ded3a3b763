"""Datadog's error answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class ApiError(Exception):
    """A request that Datadog would refuse; becomes ``{"errors": [...]}`` with ``status``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class BadRequest(ApiError):
    """400: what was asked is malformed; ``message`` says where."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class NotFound(ApiError):
    """404: what was asked for does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__(404, message)


def error_response(status: int, message: str) -> Response:
    """The body that Datadog sends with ``status``."""
    return JSONResponse({"errors": [message]}, status)


def answer_api_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for :class:`ApiError`."""
    if not isinstance(error, ApiError):
        raise error
    return error_response(error.status, error.message)


def answer_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for unknown paths and methods."""
    status = int(getattr(error, "status_code", 500))
    return error_response(status, str(getattr(error, "detail", error)))
