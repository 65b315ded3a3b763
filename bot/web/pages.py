"""The pages: the list, an investigation's record, and what a citation or a step stands on."""

from __future__ import annotations

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from agent.awareness.digest import alike
from agent.errors import NotFound
from agent.model import Case, Evidence, InvestigationStatus, Step
from agent.store.steps import KeptAnswer
from bot.web.records import PAGE, Records
from bot.web.templating import page

LIVE = frozenset(
    {
        InvestigationStatus.RUNNING,
        InvestigationStatus.APPLYING,
        InvestigationStatus.WATCHING,
    }
)
"""While an investigation is in one of these, its page reloads by itself."""

QUIET_DAYS = 7
MOST_DAYS = 90


class Pages:
    """Handlers of the pages."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def index(self, request: Request) -> Response:
        """The investigations, newest first; ``?before=<number>`` gives older ones."""
        before = request.query_params.get("before", "")
        entries = await self._records.list(int(before) if _is_number(before) else None)
        older = entries[-1].investigation.id if len(entries) == PAGE else None
        return page("index.html", entries=entries, older=older, live=LIVE)

    async def record(self, request: Request) -> Response:
        """One investigation, whole."""
        try:
            record = await self._records.get(request.path_params["id"])
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return page("record.html", record=record, case=record.case, live=LIVE)

    async def model(self, request: Request) -> Response:
        """Exactly what a model was shown and said."""
        try:
            case, exchanges = await self._records.exchanges(request.path_params["id"])
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return page("exchanges.html", case=case, exchanges=exchanges)

    async def quiet(self, request: Request) -> Response:
        """What nobody was told of in the last days, what alike of it together; ``?days=<number>`` up to 90."""
        days = request.query_params.get("days", "")
        span = min(int(days), MOST_DAYS) if _is_number(days) and int(days) else QUIET_DAYS
        kept = alike(await self._records.quiet(timedelta(days=span)))
        return page("quiet.html", kept=kept, days=span)

    async def evidence(self, request: Request) -> Response:
        """What a citation ``[n]`` stands on: the query, the moment it was read, and the stored answer."""
        number, cited = request.path_params["id"], request.path_params["number"]
        try:
            case, piece, step = await self._records.evidence(number, cited)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return _answer(request, case, step, piece, await self._records.kept(number, step.number))

    async def step(self, request: Request) -> Response:
        """One tool call and the stored answer to it."""
        number, wanted = request.path_params["id"], request.path_params["number"]
        try:
            case, step = await self._records.step(number, wanted)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return _answer(request, case, step, None, await self._records.kept(number, wanted))


def _answer(
    request: Request, case: Case, step: Step, piece: Evidence | None, kept: KeptAnswer
) -> Response:
    """The page of a step; with ``?raw=1`` the stored answer alone, byte by byte."""
    if request.query_params.get("raw") == "1":
        return PlainTextResponse(step.reading.raw if step.reading else step.error)
    return page("answer.html", case=case, step=step, piece=piece, kept=kept)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
