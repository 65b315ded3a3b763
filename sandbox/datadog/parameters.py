"""Reads parameters of requests: times, numbers, flags, JSON bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request

from sandbox.datadog.errors import BadRequest
from sandbox.world.ports import World

_MILLISECONDS = re.compile(r"[0-9]{1,14}")
_RELATIVE = re.compile(r"now(?:\s*([-+])\s*(\d{1,6})(s|m|h|d|w|mo|y))?")
_UNIT_SECONDS = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86_400,
    "w": 604_800,
    "mo": 2_592_000,
    "y": 31_536_000,
}
_LATEST_MS = 32_503_680_000_000  # the year 3000


def world_of(request: Request) -> World:
    """The world behind this application."""
    world: World = request.app.state.world
    return world


async def json_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"invalid JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body


def section(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object ``name`` of a body; an absent one is empty."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"input_validation_error(Field '{name}' is invalid: must be an object)")
    return value


def integer(
    parameters: Mapping[str, Any], name: str, default: int | None = None, *, limit: int = 2**53
) -> int:
    """A whole number from 0 to ``limit``; required if it has no default."""
    raw = parameters.get(name)
    if raw is None or raw == "":
        if default is None:
            raise BadRequest(f"The parameter '{name}' is required")
        return default
    try:
        value = int(raw)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequest(f"The parameter '{name}' must be an integer") from error
    if not 0 <= value <= limit:
        raise BadRequest(f"The parameter '{name}' must be between 0 and {limit}")
    return value


def text(parameters: Mapping[str, Any], name: str, default: str = "") -> str:
    """A string; anything else is refused."""
    value = parameters.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"The parameter '{name}' must be a string")
    return value


def words(parameters: Mapping[str, Any], name: str) -> list[str]:
    """A comma-separated list, without empty parts."""
    return [part.strip() for part in text(parameters, name).split(",") if part.strip()]


def seconds_time(parameters: Mapping[str, Any], name: str) -> datetime:
    """A required time in seconds since 1970."""
    return from_ms(integer(parameters, name, limit=_LATEST_MS // 1000) * 1000)


def milliseconds_time(parameters: Mapping[str, Any], name: str) -> datetime:
    """A required time in milliseconds since 1970."""
    return from_ms(integer(parameters, name, limit=_LATEST_MS))


def from_ms(milliseconds: int) -> datetime:
    """The time at ``milliseconds`` since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def iso(at: datetime) -> str:
    """ISO 8601 with milliseconds and a Z, as Datadog writes times."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(value: object, now: datetime) -> datetime:
    """A time in one of the three forms of the v2 search APIs: date math, ISO 8601, milliseconds.

    Raises:
        BadRequest: it is in none of them.
    """
    raw = str(value).strip()
    if _MILLISECONDS.fullmatch(raw) and int(raw) <= _LATEST_MS:
        return from_ms(int(raw))
    if relative := _RELATIVE.fullmatch(raw):
        return _relative(relative, now)
    try:
        at = datetime.fromisoformat(raw)
    except ValueError as error:
        raise BadRequest(f"input_validation_error(invalid date '{raw[:60]}')") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _relative(match: re.Match[str], now: datetime) -> datetime:
    sign, amount, unit = match.groups()
    if sign is None:
        return now
    offset = timedelta(seconds=int(amount) * _UNIT_SECONDS[unit])
    try:
        return now + offset if sign == "+" else now - offset
    except OverflowError as error:
        raise BadRequest("input_validation_error(the date is out of range)") from error
