"""PagerDuty's REST API v2 and Events API v2 as one Starlette application, for ``/pagerduty``.

``pdpyras`` reaches it once the ``url`` of its session is ``http://127.0.0.1:PORT/pagerduty``.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from sandbox.pagerduty import (
    catalogue,
    changes,
    dependencies,
    events,
    incident_writes,
    incidents,
    oncalls,
    priorities,
)
from sandbox.pagerduty.access import Access
from sandbox.pagerduty.errors import ApiError, answer_api_error, answer_http_error
from sandbox.pagerduty.state import PagerDutyState
from sandbox.rate_limit import FixedWindow, RateLimit
from sandbox.world.ports import World

# PagerDuty's own limit is 960 a minute for a token.
DEFAULT_LIMIT = RateLimit(requests=960, period_seconds=60)


def create_app(
    world: World, state: PagerDutyState | None = None, rate_limit: RateLimit = DEFAULT_LIMIT
) -> Starlette:
    """The application over ``state``, or over a fresh one; 429 beyond ``rate_limit``."""
    app = Starlette(
        routes=[
            *incidents.ROUTES,
            *incident_writes.ROUTES,
            *catalogue.ROUTES,
            *oncalls.ROUTES,
            *dependencies.ROUTES,
            *changes.ROUTES,
            *priorities.ROUTES,
            *events.ROUTES,
        ],
        middleware=[Middleware(Access, window=FixedWindow(rate_limit))],
        exception_handlers={ApiError: answer_api_error, HTTPException: answer_http_error},
    )
    app.state.pagerduty = state or PagerDutyState(world)
    return app
