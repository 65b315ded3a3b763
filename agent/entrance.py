"""What people are answered at once, without a workflow: the other half of the way in (``agent.ports.Answering``)."""

from __future__ import annotations

from uuid import UUID

from agent.house import House
from agent.model import Freeze
from agent.ports import Asked
from agent.resolution import deciding, freezing


class Entrance:
    """Questions of the surfaces on decisions and freezes; nothing here waits for anybody."""

    _house: House

    async def why_not(
        self, proposal: UUID, user: str, *, approved: bool = True, shown: str = ""
    ) -> str:
        """Why this person may not decide so on the proposal now; empty: they may."""
        return await deciding.why_not(self._house, proposal, user, approved=approved, shown=shown)

    async def asked(self, proposal: UUID) -> Asked | None:
        """What whoever decides has to know."""
        return await deciding.asked(self._house, proposal)

    async def suspicious(self, user: str, what: str, details: str) -> None:
        """Somebody sent what no surface of ours sends; it is audited."""
        words = {"what": what, "details": details[:_MOST_DETAILS]}
        now = self._house.clock.now()
        await self._house.store.audit.append(user, "forgery_refused", "slack", words, now)

    async def freeze(self, user: str, reason: str) -> str:
        """Stop all applying; returns what to tell them."""
        return await freezing.freeze(self._house, user, reason)

    async def unfreeze(self, user: str) -> str:
        """Let changes be applied again; returns what to tell them."""
        return await freezing.unfreeze(self._house, user)

    async def frozen(self) -> Freeze | None:
        """The freeze in force."""
        return await self._house.store.freezes.current()


_MOST_DETAILS = 500
