"""What a browser is shown when something is not there or does not work: a sentence, never a trace."""

from __future__ import annotations

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.web.templating import page

_log = structlog.get_logger(__name__)
_NO_SUCH_PAGE = "There is no such page here. The list has all investigations."


async def not_found(_: Request, error: Exception) -> Response:
    """404 with the sentence that was raised, if there is one."""
    said = error.detail if isinstance(error, HTTPException) else ""
    text = _NO_SUCH_PAGE if said in ("", "Not Found") else said
    return page("error.html", 404, title="Not found", text=text)


async def not_allowed(_: Request, error: Exception) -> Response:
    """405: these pages are for reading only."""
    response = page("error.html", 405, title="Read only", text="These pages can only be read.")
    allowed = error.headers if isinstance(error, HTTPException) else None
    response.headers.update(allowed or {})
    return response


async def database(request: Request, error: Exception) -> Response:
    """503 while the database does not answer."""
    _log.error("the database did not answer", path=request.url.path, exc_info=error)
    text = "The database does not answer just now. Reload in a moment; `srebot doctor` says more."
    return page("error.html", 503, title="No database", text=text)


async def unexpected(_: Request, __: Exception) -> Response:
    """500; the server logs the trace itself."""
    text = "Something went wrong while this page was made. The log of srebot has the details."
    return page("error.html", 500, title="Error", text=text)
