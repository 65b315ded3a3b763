"""Those to whom an investigation talks, when nobody is there."""

from __future__ import annotations

from collections.abc import Sequence

from agent.awareness.issues import Decided, Issue, Joined
from agent.model import Approval, Case, Conversation, Outcome, Proposal, Signal
from agent.ports import Addresses, Picture

_NOWHERE = Conversation(channel="")


class NobodyTold:
    """Implements ``agent.ports.Notifier`` by silence, so that what is measured is not Slack."""

    async def summary(self, case: Case) -> Conversation:
        """Nothing."""
        return _NOWHERE

    async def update(self, case: Case, key: str, text: str) -> None:
        """Nothing."""

    async def report(self, case: Case) -> None:
        """Nothing."""

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        """Nothing."""

    async def decision(self, case: Case, proposal: Proposal, approval: Approval) -> None:
        """Nothing."""

    async def outcome(self, case: Case, proposal: Proposal, outcome: Outcome) -> None:
        """Nothing."""

    async def say(
        self, conversation: Conversation, key: str, text: str, case: Case | None = None
    ) -> None:
        """Nothing."""

    async def taken(self, signal: Signal) -> None:
        """Nothing."""

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Nothing."""

    async def pointer(self, signal: Signal, joined: Joined) -> None:
        """Nothing."""

    async def emerging(self, issue: Issue, signal: Signal) -> Conversation:
        """Nothing."""
        return _NOWHERE

    async def remind(self, case: Case, key: str) -> None:
        """Nothing."""

    async def addresses(self, case: Case) -> Addresses:
        """None."""
        return Addresses()

    async def digest(self, decided: Sequence[Decided], issues: Sequence[Issue], key: str) -> None:
        """Nothing."""
