"""Tells people in Slack what srebot sees and does: each message once, the summary and proposals edited in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.awareness.issues import Attention, Decided, Issue, Joined
from agent.model import (
    Approval,
    Case,
    Conversation,
    Ending,
    InvestigationStatus,
    Outcome,
    Proposal,
    Signal,
    SignalKind,
)
from agent.ports import Addresses, Picture
from agent.store.attention import AttentionLedger
from agent.store.messages import Messages
from bot.slack.editor import Editor
from bot.slack.keys import message_of
from bot.slack.limits import Message
from bot.slack.outbox import Outbox
from bot.slack.permalinks import permalink
from bot.slack.pointers import Pointers
from bot.slack.refusals import Remedy, code_of, remedy_of
from bot.slack.sessions import AgentSessions
from bot.slack.views.emerging import announcement
from bot.slack.views.issues import issue_line
from bot.slack.views.outcome import outcome_message
from bot.slack.views.quiet import digest
from bot.slack.views.render import Views

log = structlog.get_logger(__name__)

StoreConversation = Callable[[int, Conversation], Awaitable[None]]
IssueOf = Callable[[int], Awaitable[Issue | None]]
Place = Callable[[], Awaitable[Conversation]]

_DONE = frozenset({Ending.CAUSE_FOUND, Ending.NOTHING_WRONG})
_NO_NEWS = frozenset({SignalKind.REQUEST, SignalKind.QUESTION, SignalKind.EMERGING})
"""Kinds of signal whose summary is not what spoke unasked: somebody waits for it, or an announcement went before."""


class SlackNotifier:
    """Implements ``agent.ports.Notifier`` on Slack.

    Every method may be repeated after a crash. What Slack refuses for good is logged and let go; when Slack cannot be
    reached the methods raise (``SlackApiError``, ``OSError``, ``TimeoutError``), so that a durable step tries again.

    Args:
        client: Slack's Web API.
        messages: claims and receipts of what was sent.
        views: how it looks.
        store_conversation: remembers the thread that an investigation is talked about in.
        attention: the ledger of what is said unasked.
        issue_of: the Issue that an investigation looks into.
        digest_place: the channel for what belongs to no alert: emerging Issues and the digest.
        messages_per_day: the channel's budget of messages that nobody asked for.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        messages: Messages,
        views: Views,
        store_conversation: StoreConversation,
        attention: AttentionLedger | None = None,
        issue_of: IssueOf | None = None,
        digest_place: Place | None = None,
        messages_per_day: int = 40,
    ) -> None:
        self._client = client
        self._attention = attention
        self._issue_of = issue_of
        self._digest_place = digest_place
        self._messages_per_day = messages_per_day
        self._views = views
        self._store_conversation = store_conversation
        self._outbox = Outbox(client, messages)
        self._editor = Editor(client)
        self._sessions = AgentSessions(client)
        self._pointers = Pointers(client, self._outbox)

    async def summary(self, case: Case) -> Conversation:
        """Place, or edit in place, the one summary message; returns its thread."""
        place = case.investigation.conversation or case.signal.conversation
        if place is None:
            return Conversation(channel="")
        # Edits wait their turn while it runs; a state that stays is waited for.
        wait = case.investigation.status is not InvestigationStatus.RUNNING
        receipt = await self._outbox.receipt(_summary_key(case))
        if receipt is not None and receipt.ts:
            place = Conversation(channel=receipt.channel, thread=receipt.thread_ts)
        issue = await self._issue_of(case.investigation.id) if self._issue_of else None
        view = self._views.summary(case, issue_line(issue) if issue else "")
        ts = await self._place(_summary_key(case), "summary", place, view, wait=wait)
        thread = Conversation(channel=place.channel, thread=place.thread or ts)
        fresh = receipt is None or receipt.state != "sent"
        if ts and fresh and case.signal.kind not in _NO_NEWS:
            await self._spoke_unasked(
                _summary_key(case),
                "thread",
                thread,
                issue=issue.id if issue else None,
                investigation=case.investigation.id,
            )
        if ts and thread != case.investigation.conversation:
            await self._store_conversation(case.investigation.id, thread)
        await self._sessions.show(case, thread)
        await self._check_mark(case)
        return thread

    async def update(self, case: Case, key: str, text: str) -> None:
        """One short line in the thread, once per ``key`` in each investigation."""
        view = self._views.update(case, text)
        await self._say_in_thread(case, f"update-{case.investigation.id}-{key}", "update", view)

    async def report(self, case: Case) -> None:
        """The finding with its evidence, once a round; the summary shows it as well."""
        key = f"report-{case.investigation.id}-{case.round}"
        await self._say_in_thread(case, key, "report", self._views.report(case))
        await self.summary(case)

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        """Place, or edit in place, a proposal."""
        place = await self._thread(case)
        view = self._views.proposal(case, proposal, note, approved_by)
        await self._place(f"proposal-{proposal.id}", "proposal", place, view, wait=True)

    async def decision(self, case: Case, proposal: Proposal, approval: Approval) -> None:
        """Show who decided what."""
        view = self._views.decision(case, proposal, approval)
        key = f"decision-{proposal.id}-{approval.user}-{approval.approved}"
        await self._say_in_thread(case, key, "decision", view)

    async def outcome(self, case: Case, proposal: Proposal, outcome: Outcome) -> None:
        """What was seen after the change."""
        view = outcome_message(self._views, case, proposal, outcome)
        await self._say_in_thread(case, f"outcome-{proposal.id}", "outcome", view)

    async def say(
        self, conversation: Conversation, key: str, text: str, case: Case | None = None
    ) -> None:
        """Say ``text`` (markdown) in a conversation, once per ``key``; ``[n]`` in it cites the case's evidence."""
        await self._outbox.post(key, "say", conversation, self._views.text(text, case))
        if conversation.thread:
            await self._sessions.answered(conversation)

    async def addresses(self, case: Case) -> Addresses:
        """Permalink of the thread, and the record's page."""
        place = await self._thread(case)
        thread = await permalink(self._client, place) if place.thread else ""
        return Addresses(thread=thread, record=self._views.record_url(case))

    async def remind(self, case: Case, key: str) -> None:
        """Put the finding's question to the thread once more."""
        await self._say_in_thread(case, key, "remind", self._views.reminder(case))

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Show pictures in a conversation as one message, once per ``key``."""
        await self._outbox.show(key, conversation, pictures)

    async def pointer(self, signal: Signal, joined: Joined) -> None:
        """One line under an alert that belongs to an Issue, leading to the Issue's thread."""
        key = await self._pointers.post(signal, joined)
        if key and signal.conversation is not None:
            await self._spoke_unasked(key, "pointer", signal.conversation, issue=joined.issue.id)

    async def emerging(self, issue: Issue, signal: Signal) -> Conversation:
        """Announce an emerging Issue in the digest's channel; returns its thread, without a channel when the day's budget
        is used up (the digest tells of it then)."""
        key = f"emerging-{issue.id}"
        if (receipt := await self._outbox.receipt(key)) is not None and receipt.ts:
            return Conversation(channel=receipt.channel, thread=receipt.ts)
        place = await self._digest_place() if self._digest_place else Conversation(channel="")
        if not await self._may_speak(place.channel):
            return Conversation(channel="")
        ts, _ = await self._outbox.post(key, "emerging", place, announcement(issue, signal))
        thread = Conversation(channel=place.channel if ts else "", thread=ts)
        if ts:
            await self._spoke_unasked(
                key, "emerging", thread, issue=issue.id, investigation=issue.investigation
            )
        return thread

    async def digest(self, decided: Sequence[Decided], issues: Sequence[Issue], key: str) -> None:
        """What was kept quiet and what emerges, in the digest's channel; once per ``key``."""
        place = await self._digest_place() if self._digest_place else Conversation(channel="")
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        precision = await self._attention.precision(day) if self._attention else ()
        view = digest(self._views, decided, issues, precision)
        ts, _ = await self._outbox.post(key, "digest", place, view)
        if ts:
            await self._spoke_unasked(key, "digest", Conversation(channel=place.channel, thread=ts))

    async def _may_speak(self, channel: str) -> bool:
        if self._attention is None or not channel:
            return bool(channel)
        return await self._attention.allow(channel, datetime.now(UTC), self._messages_per_day)

    async def taken(self, signal: Signal) -> None:
        """Show at once that the signal was seen."""
        await self._sessions.taken(signal)
        await self._react(signal, "eyes")

    async def _spoke_unasked(
        self,
        key: str,
        kind: str,
        thread: Conversation,
        *,
        issue: int | None = None,
        investigation: int | None = None,
    ) -> None:
        """Enter in the ledger what nobody asked for; repeating it changes nothing.

        Args:
            key: the message's key in the outbox.
            kind: thread, emerging, digest, pointer or page.
            thread: where people would answer it.
            issue: the Issue that it is about.
            investigation: the investigation that it is about.
        """
        if self._attention is None:
            return
        await self._attention.posted(
            Attention(
                key=key,
                kind=kind,
                channel=thread.channel,
                thread=thread.thread,
                issue=issue,
                investigation=investigation,
                posted_at=datetime.now(UTC),
            )
        )

    async def _say_in_thread(self, case: Case, key: str, kind: str, message: Message) -> None:
        await self._outbox.post(key, kind, await self._thread(case), message)

    async def _place(
        self, key: str, kind: str, place: Conversation, message: Message, *, wait: bool
    ) -> str:
        """Post a message the first time, edit it after that; returns its ts."""
        ts, posted = await self._outbox.post(key, kind, place, message)
        if posted:
            self._editor.remember(place.channel, ts, message)
        elif ts:
            await self._editor.edit(place.channel, ts, message, wait=wait)
        return ts

    async def _thread(self, case: Case) -> Conversation:
        """Where the investigation is talked about, also when ``case`` was read before its summary was placed."""
        place = case.investigation.conversation or case.signal.conversation
        if place is None:
            return Conversation(channel="")
        if place.thread:
            return place
        receipt = await self._outbox.receipt(_summary_key(case))
        thread = (receipt.thread_ts or receipt.ts) if receipt else ""
        return Conversation(channel=place.channel, thread=thread)

    async def _check_mark(self, case: Case) -> None:
        closed = case.investigation.status is InvestigationStatus.CLOSED
        if closed and case.finding is not None and case.finding.ending in _DONE:
            await self._react(case.signal, "white_check_mark")

    async def _react(self, signal: Signal, name: str) -> None:
        message = message_of(signal.key)
        if message is None:
            return
        channel, ts = message
        try:
            await self._client.reactions_add(channel=channel, timestamp=ts, name=name)
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            if code_of(error) != "already_reacted":
                log.info("no reaction", name=name, channel=channel, error=code_of(error))


def _summary_key(case: Case) -> str:
    return f"summary-{case.investigation.id}"
