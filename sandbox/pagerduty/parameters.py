"""Reads requests and pages answers in PagerDuty's ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.pagerduty.directory import Directory
from sandbox.pagerduty.errors import (
    FROM_HEADER_MISSING,
    REQUESTER_NOT_FOUND,
    ApiError,
    InvalidInput,
)
from sandbox.pagerduty.state import PagerDutyState
from sandbox.world.ports import Person

Item = TypeVar("Item")

_DEFAULT_LIMIT = 25
_MOST_PER_PAGE = 100
_LAST_POSITION = 10_000


def state_of(request: Request) -> PagerDutyState:
    """The state behind this application."""
    state: PagerDutyState = request.app.state.pagerduty
    return state


def directory_of(request: Request) -> Directory:
    """The directory behind this application."""
    return state_of(request).directory


def listed(request: Request, name: str) -> list[str]:
    """The values of an array parameter such as ``statuses[]``."""
    return request.query_params.getlist(f"{name}[]")


def flag(request: Request, name: str) -> bool:
    """A parameter that is ``true`` or not."""
    return request.query_params.get(name, "").lower() == "true"


def moment(request: Request, name: str, default: datetime | None) -> datetime | None:
    """A time parameter in ISO 8601; without a zone it is UTC.

    Raises:
        InvalidInput: it is no time.
    """
    raw = request.query_params.get(name)
    return default if not raw else parsed_time(raw, name)


def parsed_time(raw: object, name: str) -> datetime:
    """A time in ISO 8601.

    Raises:
        InvalidInput: it is no time; the message has ``name``.
    """
    try:
        at = datetime.fromisoformat(str(raw).replace(" ", "+"))
    except ValueError as error:
        raise InvalidInput(f"{name.capitalize()} is not a valid time") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


async def json_object(request: Request, *path: str) -> dict[str, Any]:
    """The JSON object of the body, or the one under ``path`` in it.

    Raises:
        InvalidInput: the body is no JSON or has no such object.
    """
    try:
        found: Any = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request body is not valid JSON") from error
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise InvalidInput(f"{'.'.join(path) or 'The request body'} must be an object")
    return found


def requester(request: Request) -> Person:
    """The user named in the ``From`` header, on whose behalf a write is made.

    Raises:
        ApiError: 400 without the header, or when it names no user of the account.
    """
    email = request.headers.get("from", "").strip()
    if not email:
        message = (
            'You must specify a user\'s email address in the "From" header to perform this action'
        )
        raise ApiError(400, FROM_HEADER_MISSING, message)
    user = directory_of(request).user_by_email(email)
    if user is None:
        raise ApiError(400, REQUESTER_NOT_FOUND, "Requester User Not Found")
    return user


def reference_id(value: object) -> str:
    """The id inside a reference such as ``{"id": "PX", "type": "user_reference"}``, or nothing."""
    found = value.get("id") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def page(
    request: Request,
    name: str,
    items: Sequence[Item],
    view: Callable[[Item], Mapping[str, Any]],
) -> Response:
    """The page of ``items`` that ``offset`` and ``limit`` ask for, each shown by ``view``.

    ``total`` is null unless asked for, as in the real API.
    """
    offset = _whole(request, "offset", 0)
    limit = min(_whole(request, "limit", _DEFAULT_LIMIT), _MOST_PER_PAGE)
    if offset + limit > _LAST_POSITION:
        raise InvalidInput("Offset plus limit must not exceed 10000")
    shown = items[offset : offset + limit]
    return JSONResponse(
        {
            name: [view(item) for item in shown],
            "offset": offset,
            "limit": limit,
            "more": offset + len(shown) < len(items),
            "total": len(items) if flag(request, "total") else None,
        }
    )


def _whole(request: Request, name: str, default: int) -> int:
    raw = request.query_params.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9:
        raise InvalidInput(f"{name.capitalize()} must be a non-negative integer")
    return int(raw)
