"""The records as JSON, for programs: what ``srebot eval`` and reports of one's own read."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.errors import NotFound
from agent.model import Case, Json
from bot.web.records import Entry, Record, Records

_BULKY = {"reading": {"raw": True, "series": True, "data": True}}
"""Parts of a step that its own page serves."""


class RecordJson:
    """Handlers of the JSON."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def index(self, _: Request) -> Response:
        """The latest investigations, newest first: ``{"investigations": [...]}``."""
        entries = await self._records.list()
        return JSONResponse({"investigations": [_line(entry) for entry in entries]})

    async def record(self, request: Request) -> Response:
        """One investigation: ``Case`` of ``agent.model`` without the raw answers, and the decisions on its proposals.

        The stored answer behind citation ``[n]`` is at ``/investigations/<id>/evidence/<n>?raw=1``.
        """
        try:
            record = await self._records.get(request.path_params["id"])
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return JSONResponse(_record(record))


def _line(entry: Entry) -> Json:
    finding = entry.finding
    return {
        "investigation": entry.investigation.model_dump(mode="json"),
        "finding": finding.model_dump(mode="json") if finding else None,
    }


def _record(record: Record) -> Json:
    decided = [
        {
            "proposal": str(each.proposal.id),
            "approved": all(a.approved for a in each.approvals) if each.approvals else None,
            "outcome": each.outcome.model_dump(mode="json") if each.outcome else None,
        }
        for each in record.decided
    ]
    return {**_case(record.case), "decided": decided}


def _case(case: Case) -> Json:
    dumped: Json = case.model_dump(
        mode="json", exclude={"entities": True, "relations": True, "steps": {"__all__": _BULKY}}
    )
    return dumped
