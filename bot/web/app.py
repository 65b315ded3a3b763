"""The web application: health, metrics, and the record of each investigation. Everything here is a read-only GET.

It knows no accounts: it listens on the loopback interface unless told otherwise, and a reverse proxy with a login
belongs in front of it wherever it is to be reached from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from agent.resolution.policy import Policy
from agent.store.repository import Store
from bot.web import errors
from bot.web.headers import SecurityHeaders
from bot.web.health import Health
from bot.web.hosts import OwnHosts
from bot.web.metrics import Metrics
from bot.web.pages import Pages
from bot.web.patterns import PatternPages
from bot.web.record_json import RecordJson
from bot.web.records import Records
from bot.web.trust import TrustPage

STATIC = Path(__file__).parent / "static"


def create_app(
    store: Store,
    *,
    ready: Callable[[], Mapping[str, bool]],
    extra_routes: Iterable[BaseRoute] = (),
    public_url: str = "",
    policy: Policy | None = None,
) -> Starlette:
    """Build the application.

    Args:
        store: what the pages and the metrics are read from.
        ready: the parts of the process and whether each can do its work now; called on each request.
        extra_routes: other parts' routes, such as Slack's events over HTTP; they come first.
        public_url: where people reach the pages, if not by an address or localhost.
        policy: what decides on what is shown of trust; None: the packaged one.
    """
    own = [Middleware(OwnHosts, public_url=public_url)]
    health, metrics, pages = Health(ready), Metrics(store, ready), Pages(Records(store))
    as_json = RecordJson(Records(store))
    return Starlette(
        routes=[
            *extra_routes,
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
            Route("/metrics", metrics.scrape),
            Route("/", pages.index, middleware=own),
            Route("/investigations", pages.index, middleware=own),
            Route("/investigations.json", as_json.index, middleware=own),
            Route("/investigations/{id:int}.json", as_json.record, middleware=own),
            Route("/investigations/{id:int}", pages.record, middleware=own),
            Route("/investigations/{id:int}/evidence/{number:int}", pages.evidence, middleware=own),
            Route("/investigations/{id:int}/steps/{number:int}", pages.step, middleware=own),
            Route("/investigations/{id:int}/model", pages.model, middleware=own),
            Route("/quiet", pages.quiet, middleware=own),
            Route("/patterns", PatternPages(store).index, middleware=own),
            Route("/patterns/{id:int}", PatternPages(store).one, middleware=own),
            Route("/trust", TrustPage(store, policy).show, middleware=own),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            404: errors.not_found,
            405: errors.not_allowed,
            OperationalError: errors.database,
            InterfaceError: errors.database,
            PoolTimeoutError: errors.database,
            500: errors.unexpected,
        },
    )
