"""What ``srebot doctor`` shows of a connection."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from agent.errors import ToolError
from agent.model import Value


class Probe(Value):
    """One connection or permission, tried."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    """What to do when it is not ok."""
    warning: bool = False
    """It works, but is not as it should be."""


async def attempt(name: str, call: Awaitable[Any], detail: str, remedy: str) -> Probe:
    """Try one call and say how it went."""
    try:
        await call
    except ToolError as error:
        return Probe(name=name, ok=False, detail=str(error), remedy=remedy)
    return Probe(name=name, ok=True, detail=detail)
