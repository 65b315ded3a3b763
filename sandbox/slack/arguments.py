"""The arguments of a Web API call, whether they came as JSON, as a form or in the query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from sandbox.slack.errors import SlackError, invalid_arguments

_FALSE = ("", "0", "false", "none", "null")


class Arguments:
    """Named values; in forms, numbers and flags are text and structures are JSON text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    async def read(cls, request: Request) -> Arguments:
        """Gather a request's arguments.

        Raises:
            SlackError: ``invalid_json`` or ``invalid_form_data``.
        """
        values: dict[str, Any] = dict(request.query_params)
        content_type = request.headers.get("content-type", "")
        if content_type.startswith("application/json"):
            body = await request.body()
            try:
                parsed = json.loads(body) if body else {}
            except ValueError:
                raise SlackError("invalid_json") from None
            if not isinstance(parsed, dict):
                raise SlackError("json_not_object")
            values.update(parsed)
        elif content_type.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
            values.update(await request.form())
        return cls(values)

    def has(self, name: str) -> bool:
        """Whether the argument was given, and not as null."""
        return self._values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string argument."""
        value = self._values.get(name)
        return default if value is None else str(value)

    def needed(self, name: str) -> str:
        """A string argument that must be there.

        Raises:
            SlackError: ``invalid_arguments`` naming it.
        """
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean argument."""
        value = self._values.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value).lower() not in _FALSE

    def number(self, name: str, default: int, maximum: int) -> int:
        """A whole number between 1 and ``maximum``; larger ones are cut, as Slack does."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments") from None
        if number < 1:
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments")
        return min(number, maximum)

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """A list or object, from JSON or from JSON text; None if it was not given.

        Raises:
            SlackError: ``error`` when the text is not JSON.
        """
        value = self._values.get(name)
        if isinstance(value, str):
            if not value:
                return None
            try:
                return json.loads(value)
            except ValueError:
                raise SlackError(error) from None
        return value

    def names(self, name: str) -> list[str]:
        """A list given as JSON or separated by commas."""
        value = self._values.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return [str(item) for item in value]
        return [part.strip() for part in str(value).split(",") if part.strip()]
