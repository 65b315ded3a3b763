"""Datadog's API as one Starlette application, to be mounted at ``/datadog``.

The official client reaches it with ``Configuration(host="http://127.0.0.1:PORT/datadog")``.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.datadog import hosts, services
from sandbox.datadog.access import Access
from sandbox.datadog.errors import ApiError, answer_api_error, answer_http_error
from sandbox.datadog.metrics import catalogue, query
from sandbox.datadog.monitors import endpoints as monitors
from sandbox.datadog.search import events, logs, spans
from sandbox.datadog.shipping import Unshipped
from sandbox.rate_limit import FixedWindow, RateLimit
from sandbox.world.outages import LogGap
from sandbox.world.ports import World

GENEROUS = RateLimit(requests=6000, period_seconds=60)


def create_app(
    world: World, rate_limit: RateLimit = GENEROUS, log_gaps: Sequence[LogGap] = ()
) -> Starlette:
    """The application that answers from ``world``; 429 beyond ``rate_limit``; without the logs of the gaps."""
    app = Starlette(
        routes=[
            Route("/api/v1/validate", _validate, methods=["GET"]),
            *query.ROUTES,
            *catalogue.ROUTES,
            *monitors.ROUTES,
            *logs.ROUTES,
            *spans.ROUTES,
            *events.ROUTES,
            *services.ROUTES,
            *hosts.ROUTES,
        ],
        middleware=[Middleware(Access, window=FixedWindow(rate_limit))],
        exception_handlers={ApiError: answer_api_error, HTTPException: answer_http_error},
    )
    app.state.world = Unshipped(world, log_gaps) if log_gaps else world
    return app


async def _validate(_: Request) -> Response:
    """``GET /api/v1/validate``: reached only with a valid API key."""
    return JSONResponse({"valid": True})
