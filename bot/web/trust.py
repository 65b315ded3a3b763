"""The page of trust: how often findings were right, how well their confidence is calibrated, and what changes earned."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.learning.overview import overview
from agent.resolution.policy import Policy, default_policy
from agent.store.repository import Store
from bot.web.reliability import reliability
from bot.web.templating import page


class TrustPage:
    """Handler of the page.

    Args:
        store: what is known.
        policy: what decides on levels; None: the packaged one.
    """

    def __init__(self, store: Store, policy: Policy | None = None) -> None:
        self._store = store
        self._policy = policy or default_policy()

    async def show(self, request: Request) -> Response:
        """Everything; ``?service=<name>`` only the changes at one service."""
        service = request.query_params.get("service", "")[:200]
        known = await overview(self._store, self._policy, datetime.now(UTC), service)
        return page(
            "trust.html",
            known=known,
            service=service,
            whole=reliability(known.whole, known.curve),
            curves={m.mode: reliability(m.quality, m.curve) for m in known.modes},
        )
