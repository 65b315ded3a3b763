"""The pages of what closed investigations taught: to read; engineers change it in Slack, where it is known who they are."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import NotFound
from agent.learning.similarity import in_words, role_in_words
from agent.store.repository import Store
from bot.web.templating import page

_MOST_TEXT = 200
_MOST_NUMBER = 2**62


class PatternPages:
    """Handlers of the pages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def index(self, request: Request) -> Response:
        """The patterns, those seen last first; ``?text=<words>`` those that it finds, with why."""
        text = request.query_params.get("text", "")[:_MOST_TEXT].strip()
        found = await self._store.patterns.list(text, retired=True)
        return page("patterns.html", patterns=found, text=text, role=role_in_words)

    async def one(self, request: Request) -> Response:
        """One pattern: how it is recognised, what told, what mended it, and where it comes from."""
        number = min(request.path_params["id"], _MOST_NUMBER)
        try:
            pattern = await self._store.patterns.get(number)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        sightings = await self._store.patterns.sightings(number)
        features = [in_words(f) for f in pattern.features]
        return page(
            "pattern.html",
            pattern=pattern,
            sightings=sightings,
            features=features,
            role=role_in_words,
        )
