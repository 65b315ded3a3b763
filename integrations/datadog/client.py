"""Datadog's API through the official client's transport, with answers as plain JSON.

Plain JSON because the dependency map is not in the client's models, and because answers are kept as evidence.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from datadog_api_client.api_client import ApiClient
from datadog_api_client.configuration import Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.rest import RESTClientObject

from agent.errors import NotFound
from agent.model import Json, Window
from integrations.calls import REQUEST_SECONDS, Failure, Vendor, seconds_of

_PAGE = 1000
_LIMIT = 24
"""Requests at the same time: a whole round of checks, so that it takes as long as its slowest."""


class DatadogClient:
    """Reads from one Datadog organisation.

    Args:
        api_key: says which organisation.
        app_key: says whose permissions.
        site: such as ``datadoghq.eu``.
        host: the API's base URL where it is not ``https://api.<site>``.
        app_url: where people open Datadog, where it is not ``https://app.<site>``.
    """

    def __init__(
        self,
        api_key: str,
        app_key: str,
        *,
        site: str = "datadoghq.com",
        host: str = "",
        app_url: str = "",
    ) -> None:
        settings = Configuration(host=(host or f"https://api.{site}").rstrip("/"))
        self._api = ApiClient(settings)
        self._api.rest_client = RESTClientObject(
            settings, maxsize=_LIMIT
        )  # its own pool holds four
        self._keys = {"dd-api-key": api_key, "dd-application-key": app_key}
        self._vendor = Vendor("Datadog", _failure_of, limit=_LIMIT)
        own_subdomain = site.count(".") > 1
        self._app_url = (app_url or f"https://{'' if own_subdomain else 'app.'}{site}").rstrip("/")

    async def validate(self) -> bool:
        """Whether the API key is valid."""
        answer = await self._get("/api/v1/validate", "its API key's validity")
        return bool(answer.get("valid"))

    async def query(self, query: str, window: Window) -> Json:
        """Series of one or more comma-separated metrics queries."""
        answer: Json = await self._get(
            "/api/v1/query",
            f"metrics {query}",
            {"from": _unix(window.start), "to": _unix(window.end), "query": query},
            permission="timeseries_query",
        )
        return answer

    async def metric_names(self, tag_filter: str, since: datetime) -> list[str]:
        """Names of the metrics reported with these tags since then."""
        answer = await self._get(
            "/api/v1/metrics",
            "metric names",
            {"from": _unix(since), "tag_filter": tag_filter},
            permission="metrics_read",
        )
        return [str(name) for name in answer.get("metrics", [])]

    async def logs(self, query: str, window: Window, limit: int) -> list[Json]:
        """Log events that match, the latest first, at most ``limit``."""
        return await self._search(
            "/api/v2/logs/events/search", "logs", query, window, limit, "logs_read_data"
        )

    async def log_count(self, query: str, window: Window) -> int:
        """How many log events match."""
        answer = await self._post(
            "/api/v2/logs/analytics/aggregate",
            "the count of logs",
            {"compute": [{"aggregation": "count"}], "filter": _filter(query, window)},
            permission="logs_read_data",
        )
        buckets = answer.get("data", {}).get("buckets", [])
        return int(sum(b.get("computes", {}).get("c0", 0) for b in buckets))

    async def spans(self, query: str, window: Window, limit: int) -> list[Json]:
        """Spans that match, the latest first, at most ``limit``."""
        return await self._search(
            "/api/v2/spans/events/search", "spans", query, window, limit, "apm_read", wrapped=True
        )

    async def events(self, query: str, window: Window, limit: int = 200) -> list[Json]:
        """Events that match, the latest first, at most ``limit``."""
        return await self._search(
            "/api/v2/events/search", "events", query, window, limit, "events_read"
        )

    async def monitors(self, tags: str = "") -> list[Json]:
        """Monitors with their groups' states; ``tags``: comma-separated monitor tags."""
        found: list[Json] = []
        while True:
            query = {"group_states": "all", "page": str(len(found) // 500), "page_size": "500"}
            if tags:
                query["monitor_tags"] = tags
            page = await self._get("/api/v1/monitor", "monitors", query, permission="monitors_read")
            found += page
            if len(page) < 500:
                return found

    async def hosts(self) -> list[Json]:
        """All hosts that reported lately."""
        found: list[Json] = []
        while True:
            answer = await self._get(
                "/api/v1/hosts",
                "hosts",
                {"start": str(len(found)), "count": str(_PAGE)},
                permission="hosts_read",
            )
            found += answer.get("host_list", [])
            if not answer.get("host_list") or len(found) >= answer.get("total_matching", 0):
                return found

    async def definitions(self) -> list[Json]:
        """All service definitions."""
        found: list[Json] = []
        while True:
            answer = await self._get(
                "/api/v2/services/definitions",
                "service definitions",
                {
                    "page[size]": "100",
                    "page[number]": str(len(found) // 100),
                    "schema_version": "v2.2",
                },
                permission="apm_service_catalog_read",
            )
            found += answer.get("data", [])
            if len(answer.get("data", [])) < 100:
                return found

    async def definition(self, service: str) -> Json:
        """One service's definition (its schema)."""
        answer = await self._get(
            f"/api/v2/services/definitions/{quote(service, safe='')}",
            f"definition of service {service}",
            {"schema_version": "v2.2"},
            permission="apm_service_catalog_read",
        )
        schema: Json = answer.get("data", {}).get("attributes", {}).get("schema", {})
        return schema

    async def dependencies(self, environment: str) -> dict[str, list[str]]:
        """Service -> the services that it calls, by APM."""
        answer = await self._get(
            "/api/v1/service_dependencies",
            f"service dependencies of {environment}",
            {"env": environment},
            permission="apm_read",
        )
        return {name: list(found.get("calls", [])) for name, found in answer.items()}

    async def dependencies_of(self, service: str, environment: str) -> Json:
        """What one service calls and is called by.

        Raises:
            NotFound: APM does not know it.
        """
        answer = await self._get(
            f"/api/v1/service_dependencies/{quote(service, safe='')}",
            f"dependencies of {service} in {environment}",
            {"env": environment},
            permission="apm_read",
        )
        if not isinstance(answer, dict):
            raise NotFound(f"Datadog APM has no dependencies of {service} in {environment}")
        return answer

    def link(self, path: str, window: Window | None = None, **query: str) -> str:
        """A page of Datadog's app, on the same query and times."""
        if window is not None:
            names = ("start", "end") if path.startswith("/metric") else ("from_ts", "to_ts")
            moments = (window.start, window.end)
            query |= {n: f"{m.timestamp() * 1000:.0f}" for n, m in zip(names, moments, strict=True)}
        return f"{self._app_url}{path}" + (f"?{urlencode(query)}" if query else "")

    def close(self) -> None:
        """Close connections and threads."""
        self._vendor.close()
        self._api.close()

    async def _search(
        self,
        path: str,
        what: str,
        query: str,
        window: Window,
        limit: int,
        permission: str,
        *,
        wrapped: bool = False,
    ) -> list[Json]:
        found: list[Json] = []
        page: Json = {}
        while len(found) < limit:
            body: Json = {
                "filter": _filter(query, window),
                "sort": "-timestamp",
                "page": {"limit": min(_PAGE, limit - len(found)), **page},
            }
            if wrapped:
                body = {"data": {"type": "search_request", "attributes": body}}
            answer = await self._post(path, f"{what} {query}", body, permission=permission)
            found += answer.get("data", [])
            cursor = answer.get("meta", {}).get("page", {}).get("after")
            if not cursor or not answer.get("data"):
                break
            page = {"cursor": cursor}
        return found

    async def _get(
        self, path: str, what: str, query: dict[str, str] | None = None, *, permission: str = ""
    ) -> Any:
        return await self._vendor.read(
            what, self._request, "GET", path, query=query, permission=_scope(permission)
        )

    async def _post(self, path: str, what: str, body: Json, *, permission: str) -> Any:
        """Searches are POSTs that change nothing, so that they may be repeated."""
        return await self._vendor.read(
            what, self._request, "POST", path, body=body, permission=_scope(permission)
        )

    def _request(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None
    ) -> Any:
        response = self._api.call_api(
            path,
            method,
            query_params=list((query or {}).items()),
            header_params={**self._keys, "Accept": "application/json"},
            body=body,
            preload_content=False,
            request_timeout=REQUEST_SECONDS,
        )
        return json.loads(response.data)


def _filter(query: str, window: Window) -> Json:
    return {
        "query": query or "*",
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
    }


def _unix(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _scope(permission: str) -> str:
    return f"the permission {permission} to the application key" if permission else ""


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, ApiException):
        headers = {k.lower(): v for k, v in (error.headers or {}).items()}
        asked = headers.get("x-ratelimit-reset") or headers.get("retry-after")
        return Failure(_message(error.body), error.status or None, seconds_of(asked))
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        return Failure(f"{type(error).__name__}: {error}")
    return None


def _message(body: Any) -> str:
    if isinstance(body, dict) and body.get("errors"):
        return "; ".join(
            str(e.get("detail", e) if isinstance(e, dict) else e) for e in body["errors"]
        )
    return str(body or "no details")
