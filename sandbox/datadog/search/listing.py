"""Searching a list of documents: filter, sort, page. The same for logs, spans and events."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request

from sandbox.datadog import parameters
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.query import SearchCondition, parse_search

MAX_PAGE = 1000
_DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Search:
    """A parsed search request."""

    condition: SearchCondition
    start: datetime
    end: datetime
    is_ascending: bool = False
    limit: int = _DEFAULT_PAGE
    after: tuple[int, str] | None = None
    """Time in milliseconds and id of the last document of the page before."""


@dataclass(frozen=True)
class Page:
    """One page of documents; ``cursor`` leads to the next one, if there is one."""

    documents: list[Document]
    cursor: str | None

    def meta(self) -> dict[str, Any]:
        """The ``meta`` object of an answer."""
        page = {"page": {"after": self.cursor}} if self.cursor else {}
        return {"elapsed": 12, "request_id": "sandbox", "status": "done", **page}


def search_from_query(request: Request, now: datetime) -> Search:
    """The search that the ``filter[...]``, ``page[...]`` and ``sort`` parameters of a GET state."""
    arguments = request.query_params
    bracketed: dict[str, dict[str, str]] = {"filter": {}, "page": {}}
    for name, value in arguments.items():
        for group, fields in bracketed.items():
            if name.startswith(f"{group}[") and name.endswith("]"):
                fields[name[len(group) + 1 : -1]] = value
    return search_from_body({**bracketed, "sort": arguments.get("sort", "")}, now)


def search_from_body(body: Mapping[str, Any], now: datetime) -> Search:
    """The search that the ``filter``, ``page`` and ``sort`` members of a POST body state.

    Raises:
        BadRequest: a member is malformed; the message names it.
    """
    wanted = parameters.section(body, "filter")
    page = parameters.section(body, "page")
    sort = body.get("sort") or "-timestamp"
    if sort not in ("timestamp", "-timestamp"):
        raise BadRequest("input_validation_error(Field 'sort' is invalid: unknown sort)")
    start = parameters.moment(wanted.get("from") or "now-15m", now)
    end = parameters.moment(wanted.get("to") or "now", now)
    after = None
    if cursor := page.get("cursor"):
        start, end, after = _decoded(str(cursor))
    if start > end:
        raise BadRequest("input_validation_error(Field 'filter.from' must be before 'filter.to')")
    return Search(
        condition=parse_search(parameters.text(wanted, "query")),
        start=start,
        end=end,
        is_ascending=sort == "timestamp",
        limit=_page_limit(page),
        after=after,
    )


def found(search: Search, documents: Iterable[Document]) -> list[Document]:
    """The documents that match and lie in the window, whatever the page, in the search's order."""
    hits = [d for d in documents if search.start <= d.at <= search.end]
    hits = [d for d in hits if search.condition.matches(d)]
    return sorted(hits, key=_position, reverse=not search.is_ascending)


def page_of(search: Search, documents: Iterable[Document]) -> Page:
    """The page that ``search`` asks for."""
    hits = found(search, documents)
    if search.after is not None:
        is_beyond = _beyond(search.after, search.is_ascending)
        hits = [hit for hit in hits if is_beyond(hit)]
    page = hits[: search.limit]
    has_more = bool(page) and len(hits) > len(page)
    return Page(page, _encoded(search, page[-1]) if has_more else None)


def _position(document: Document) -> tuple[int, str]:
    return parameters.to_ms(document.at), document.id


def _beyond(after: tuple[int, str], is_ascending: bool) -> Callable[[Document], bool]:
    if is_ascending:
        return lambda document: _position(document) > after
    return lambda document: _position(document) < after


def _page_limit(page: Mapping[str, Any]) -> int:
    limit = parameters.integer(page, "limit", _DEFAULT_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise BadRequest(
            f"input_validation_error(Field 'page.limit' is invalid: must be 1 to {MAX_PAGE})"
        )
    return limit


def _encoded(search: Search, last: Document) -> str:
    """A cursor that also keeps the window, so that pages do not move while time goes on."""
    window = [parameters.to_ms(search.start), parameters.to_ms(search.end)]
    content = json.dumps([*window, *_position(last)])
    return base64.urlsafe_b64encode(content.encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, datetime, tuple[int, str]]:
    try:
        start, end, at, last_id = json.loads(
            base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        )
        window = parameters.from_ms(int(start)), parameters.from_ms(int(end))
        return *window, (int(at), str(last_id))
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise BadRequest("input_validation_error(Field 'page.cursor' is invalid)") from error
