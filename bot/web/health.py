"""Whether the process lives, and whether its parts can do their work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Health:
    """``/healthz`` and ``/readyz``."""

    def __init__(self, ready: Callable[[], Mapping[str, bool]]) -> None:
        self._ready = ready

    async def alive(self, _: Request) -> Response:
        """The process answers; its parts are not asked, so that a vendor's outage does not restart it."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """200 when every part can do its work, 503 otherwise; the body says which can."""
        parts = dict(self._ready())
        ready = all(parts.values())
        return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)
