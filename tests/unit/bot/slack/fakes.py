"""The core as the surfaces see it, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from agent.awareness.issues import Decided, Precision
from agent.model import Case, Conversation, Entity, Freeze, Note, Proposal, Signal
from agent.model.pages import PageEvent
from agent.ports import Asked
from bot.slack.desk import Reads
from tests.unit.bot.slack import cases


@dataclass
class FakeAnswering:
    """Implements ``agent.ports.Answering``: the same key never counts twice."""

    entitled: frozenset[str] = frozenset({"U0ENGINEER"})
    followed: frozenset[str] = frozenset()
    """Threads in which srebot takes part."""
    broken: bool = False
    signals: dict[str, Signal] = field(default_factory=dict)
    received: int = 0
    replies: dict[str, Note] = field(default_factory=dict)
    deepened: dict[str, tuple[int, str]] = field(default_factory=dict)
    stopped: dict[str, tuple[int, str]] = field(default_factory=dict)
    decisions: dict[str, tuple[UUID, str, bool, str]] = field(default_factory=dict)
    refusals: list[tuple[UUID, str]] = field(default_factory=list)
    proposals: dict[UUID, Proposal] = field(
        default_factory=lambda: {cases.PROPOSAL: cases.proposal()}
    )
    forgeries: list[tuple[str, str, str]] = field(default_factory=list)
    freeze_in_force: Freeze | None = None
    reverted: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    words: dict[str, tuple[int, str, bool, str]] = field(default_factory=dict)
    judged: dict[str, tuple[int, str, bool]] = field(default_factory=dict)

    page_events: dict[str, PageEvent] = field(default_factory=dict)

    async def page_event(self, event: PageEvent, key: str) -> None:
        if self.broken:
            raise RuntimeError("the database is away")
        self.page_events.setdefault(key, event)

    async def receive(self, signal: Signal) -> None:
        self.received += 1
        if self.broken:
            raise RuntimeError("the database is away")
        self.signals.setdefault(signal.key, signal)

    async def reply(
        self, conversation: Conversation, note: Note, key: str, *, addressed: bool = False
    ) -> bool:
        if conversation.thread not in self.followed:
            return False
        self.replies.setdefault(key, note)
        return True

    async def stop(self, investigation: int, user: str, key: str) -> None:
        self.stopped.setdefault(key, (investigation, user))

    async def deeper(self, investigation: int, user: str, key: str) -> None:
        self.deepened.setdefault(key, (investigation, user))

    async def why_not(
        self, proposal: UUID, user: str, *, approved: bool = True, shown: str = ""
    ) -> str:
        if shown and proposal in self.proposals and shown != self.proposals[proposal].digest:
            return "The change is no longer the one that was shown."
        if user in self.entitled:
            return ""
        self.refusals.append((proposal, user))
        return "Changes in production need someone of sre-approvers."

    async def asked(self, proposal: UUID) -> Asked | None:
        found = self.proposals.get(proposal)
        return None if found is None else Asked(proposal=found, people="sre-approvers")

    async def suspicious(self, user: str, what: str, details: str) -> None:
        self.forgeries.append((user, what, details))

    async def freeze(self, user: str, reason: str) -> str:
        if user not in self.entitled:
            return "You may not do that."
        self.freeze_in_force = Freeze(by=user, reason=reason, since=datetime.now(UTC))
        return "Frozen."

    async def unfreeze(self, user: str) -> str:
        if user not in self.entitled:
            return "You may not do that."
        self.freeze_in_force = None
        return "No longer frozen."

    async def frozen(self) -> Freeze | None:
        return self.freeze_in_force

    async def decide(
        self,
        proposal: UUID,
        user: str,
        key: str,
        *,
        approved: bool,
        reason: str = "",
        shown: str = "",
    ) -> None:
        if self.broken:
            raise RuntimeError("the database is away")
        self.decisions.setdefault(key, (proposal, user, approved, reason))

    async def revert(self, proposal: UUID, user: str, key: str) -> None:
        self.reverted.setdefault(key, (proposal, user))

    async def feedback(
        self, investigation: int, user: str, key: str, *, right: bool, comment: str = ""
    ) -> None:
        self.words.setdefault(key, (investigation, user, right, comment))

    async def judge_quiet(self, decision: int, user: str, key: str, *, told: bool) -> str:
        self.judged.setdefault(key, (decision, user, told))
        return f"Noted for decision {decision}: told={told}."


@dataclass
class FakeLedger:
    """Implements ``bot.slack.desk.Ledger``."""

    own: dict[str, str] = field(default_factory=dict)
    """srebot's messages: ts -> thread."""
    entries: list[tuple[str, str, str]] = field(default_factory=list)
    """What was done, in which thread, by whom."""
    channels: tuple[Precision, ...] = ()

    async def replied(self, conversation: Conversation, user: str, text: str = "") -> None:
        self.entries.append(("replied", conversation.thread, user))

    async def opened(self, conversation: Conversation, user: str) -> None:
        self.entries.append(("opened", conversation.thread, user))

    async def judged(self, conversation: Conversation, user: str, *, right: bool) -> None:
        self.entries.append(("right" if right else "wrong", conversation.thread, user))

    async def thread_of(self, channel: str, ts: str) -> Conversation | None:
        thread = self.own.get(ts)
        return None if thread is None else Conversation(channel=channel, thread=thread)

    async def precision(self) -> tuple[Precision, ...]:
        return self.channels


def reads(
    proposals: tuple[Proposal, ...] = (),
    investigations: dict[str, int] | None = None,
    cases: tuple[Case, ...] = (),
    quiet: tuple[Decided, ...] = (),
    systems: tuple[str, ...] = (),
) -> Reads:
    """What surfaces read: proposals by id, investigations by thread, the latest cases, quiet decisions."""
    by_thread = investigations if investigations is not None else {}

    async def proposal(number: UUID) -> Proposal | None:
        return next((p for p in proposals if p.id == number), None)

    async def investigation_in(conversation: Conversation) -> int | None:
        return by_thread.get(conversation.thread)

    async def latest_cases() -> tuple[Case, ...]:
        return cases

    async def open_proposals() -> list[tuple[Case, Proposal]]:
        return [(c, p) for c in cases for p in proposals]

    async def kept_quiet(days: int) -> tuple[Decided, ...]:
        return quiet if days == 1 else quiet * 2

    async def locate(text: str) -> Entity | None:
        return next((Entity(name=s) for s in systems if s in text.lower()), None)

    return Reads(
        proposal,
        investigation_in,
        latest_cases,
        open_proposals,
        quiet=kept_quiet,
        locate=locate,
    )
