"""Priorities: the account's ordered list of how much incidents matter."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.incidents import views_of

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "P1": "Customers cannot buy or log in",
        "P2": "Many customers notice",
        "P3": "Some customers notice",
        "P4": "Nobody outside notices",
        "P5": "To be looked at some day",
    }
)


def list_priorities(request: Request) -> Response:
    """``GET /priorities``, the most urgent first."""
    views = views_of(request)
    return parameters.page(
        request,
        "priorities",
        list(DESCRIPTIONS),
        lambda name: {**views.priority(name), "description": DESCRIPTIONS[name]},
    )


ROUTES = [Route("/priorities", list_priorities, methods=["GET"])]
