"""Carries a change through a pull request: opened, decided on where it is, and applied by whoever applies the repository.

What comes back from there (who merged, who closed) is data: it names somebody in the audit log and decides nothing else.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial

import structlog

from agent.errors import Drifted, Refused, SrebotError, ToolError, Unreachable
from agent.house import House
from agent.model import (
    Change,
    InvestigationStatus,
    Note,
    Plan,
    Proposal,
    ProposalStatus,
    Utc,
    Value,
    Via,
)
from agent.ports import ChangeRequests, RequestState
from agent.resolution.describing import description_of
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.expecting import signals_of
from agent.resolution.facts import ruling_of
from agent.resolution.policy import PullRequests, Ruling
from agent.resolution.watch import Look, Watched, look
from agent.workflow import MailKind

_OPEN = "This is a pull request: merge it or close it there, that is the decision."
_WITHDRAWN = "Withdrawn by srebot; nothing was changed."
_NOT_IN_A_LOGIN = re.compile(r"[^\w.\[\]-]")
_log = structlog.get_logger(__name__)


class Requested(Value):
    """What became of a pull request."""

    status: ProposalStatus
    text: str = ""
    drifted: bool = False
    """The files changed since it was planned: plan it anew."""
    link: str = ""
    at: Utc | None = None
    """When it was merged."""


async def plan_change(house: House, change: Change, ruling: Ruling) -> Plan:
    """The plan by the way that the change has to take: the repository that its target is managed in, or the cluster.

    Raises:
        Drifted, Refused, ToolError: as the planners do.
    """
    requests = None if ruling.via_pull_request is PullRequests.NEVER else house.requests
    if requests is not None and await requests.manages(change):
        return await requests.plan(change)
    if house.fixer is None:
        raise Refused("srebot has no credential to apply changes with.")
    return await house.fixer.plan(change)


async def withdraw_request(house: House, proposal: Proposal) -> None:
    """Close the pull request of a proposal of which nothing will come; nothing for other proposals."""
    if proposal.plan.via is not Via.PULL_REQUEST or house.requests is None:
        return
    try:
        await house.requests.close(proposal, _WITHDRAWN)
    except ToolError as error:
        _log.warning("request_not_closed", proposal=str(proposal.id), problem=str(error))


class Requesting:
    """The stage that takes the place of waiting and applying for changes in a repository."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    async def request(
        self, proposal: Proposal
    ) -> tuple[Requested, tuple[Watched, ...], Look | None]:
        """Open it and wait for its end; with what is watched from the merge on, and how that looked then."""
        number, step = self._errand.asked, self._errand.workflow.step
        opened = await step(f"open-{number}", partial(self._open, proposal))
        proposal = proposal.model_copy(update={"link": opened.link})
        await step(f"opened-{number}", partial(self._tell_opened, proposal, opened))
        if opened.status is not ProposalStatus.OPEN:
            return opened, (), None
        ended = await self._end_of(proposal)
        if ended.status is not ProposalStatus.APPLIED:
            await step(f"ended-{number}", partial(self._tell_ended, proposal, ended))
            return ended, (), None
        signals, before = await step(f"before-{number}", partial(self._before, proposal))
        await step(f"merged-{number}", partial(self._tell_ended, proposal, ended))
        await self._synced(proposal)
        return ended, signals, before

    async def _open(self, proposal: Proposal) -> Requested:
        house, subject = self._errand.house, subject_of(proposal)
        requests = _requests(house)
        case = await self._errand.case()
        ruling = await ruling_of(house, case, proposal.change, proposal.plan, proposal.reverts)
        if why := await self._held_back(ruling):
            await self._errand.audit(SREBOT, "request_not_opened", subject, why)
            return Requested(status=ProposalStatus.FAILED, text=why)
        if house.dry_run:
            await self._errand.audit(SREBOT, "rehearsed", subject, proposal.plan.summary)
            why = "dry run: its pull request would have been opened now"
            return Requested(status=ProposalStatus.REHEARSED, text=why)
        await self._errand.audit(SREBOT, "opening_request", subject, proposal.plan.summary)
        moment = "" if ruling.may_apply_now else f"\n\n**Not yet:** {ruling.reason}"
        try:
            link = await requests.open(proposal, description_of(case, proposal) + moment)
        except Drifted as error:
            await self._errand.audit(SREBOT, "drifted", subject, str(error))
            return Requested(status=ProposalStatus.SUPERSEDED, text=str(error), drifted=True)
        except Unreachable:
            raise  # the step is tried again, and finds what it made before
        except (Refused, ToolError) as error:
            await self._errand.audit(SREBOT, "request_failed", subject, str(error))
            return Requested(status=ProposalStatus.FAILED, text=str(error))
        await house.store.proposals.set_link(proposal.id, link)
        await self._errand.audit(SREBOT, "request_opened", subject, link)
        return Requested(status=ProposalStatus.OPEN, link=link)

    async def _held_back(self, ruling: Ruling) -> str:
        """Why nothing is opened now: a freeze stops all writes, and the policy may have changed since the plan."""
        if await self._errand.house.store.freezes.current() is not None:
            return "changes are frozen"
        return "" if ruling.may_propose else ruling.reason

    async def _tell_opened(self, proposal: Proposal, opened: Requested) -> None:
        if opened.status is ProposalStatus.OPEN:
            await self._errand.show(proposal, ProposalStatus.OPEN, _OPEN)
            return
        again = " I plan it anew." if opened.drifted else ""
        note = f"No pull request: {opened.text.rstrip('.')}.{again}"
        await self._errand.show(proposal, opened.status, note)

    async def _end_of(self, proposal: Proposal) -> Requested:
        """Wait until it is merged or closed, its time is over, or people stop the investigation."""
        number, turn, workflow = self._errand.asked, 0, self._errand.workflow
        while True:
            turn += 1
            left = await workflow.step(f"left-{number}-{turn}", partial(self._left, proposal))
            mail = await workflow.receive(min(left, self._interval))
            if mail is not None and mail.kind is MailKind.NOTE and mail.note is not None:
                await workflow.step("note", partial(self._keep_note, mail.note))
                continue
            stopped = mail is not None and mail.kind is MailKind.STOP
            over = left <= 0
            ended = await workflow.step(
                f"state-{number}-{turn}",
                partial(self._look_at, proposal, stopped=stopped, over=over),
            )
            if ended is not None:
                return ended

    async def _look_at(self, proposal: Proposal, *, stopped: bool, over: bool) -> Requested | None:
        """How it ended; None while it has not. A merge of the last moment counts."""
        requests = _requests(self._errand.house)
        state = await self._state(proposal)
        by = _login(state)
        if state.merged:
            at = state.at or self._errand.house.clock.now()
            await self._errand.audit(by, "merged", subject_of(proposal), proposal.link)
            return Requested(status=ProposalStatus.APPLIED, text=by, at=at)
        if state.closed:
            await self._errand.audit(by, "rejected", subject_of(proposal), proposal.link)
            return Requested(status=ProposalStatus.REJECTED, text=f"Closed by {by}.")
        if not stopped and not over:
            return None
        status = ProposalStatus.SUPERSEDED if stopped else ProposalStatus.EXPIRED
        why = "The investigation was stopped" if stopped else "Nobody decided in time"
        await requests.close(proposal, f"{why}; nothing was changed.")
        await self._errand.audit(SREBOT, "request_closed", subject_of(proposal), why)
        return Requested(status=status, text=f"{why}; the pull request is closed.")

    async def _state(self, proposal: Proposal) -> RequestState:
        """Where it stands; open where that cannot be told now."""
        try:
            return await _requests(self._errand.house).state(proposal)
        except ToolError as error:
            _log.warning("request_not_seen", proposal=str(proposal.id), problem=str(error))
            return RequestState()

    async def _synced(self, proposal: Proposal) -> None:
        """Wait until the cluster runs what was merged, as long as it would be watched at most, or people stop."""
        number, turn, workflow = self._errand.asked, 0, self._errand.workflow
        began = await workflow.step(f"now-{number}", self._now)
        while True:
            turn += 1
            state = await workflow.step(f"synced-{number}-{turn}", partial(self._state, proposal))
            if state.synced:
                note = (
                    "Merged, and the cluster runs it. I am watching the signals that started this."
                )
                break
            now = await workflow.step(f"now-{number}-{turn}", self._now)
            if (now - began).total_seconds() >= self._errand.house.terms.watch_seconds:
                note = "Merged, but I do not see that the cluster runs it. I am watching the signals all the same."
                break
            mail = await workflow.receive(self._interval)
            if mail is not None and mail.kind is MailKind.STOP:
                note = "Merged. I was told to stop before I saw that the cluster runs it."
                break
        await workflow.step(
            f"watching-{number}",
            lambda: self._errand.show(proposal, ProposalStatus.APPLIED, note),
        )

    async def _before(self, proposal: Proposal) -> tuple[tuple[Watched, ...], Look]:
        house, signals = self._errand.house, signals_of(proposal)
        registry = house.investigator.equipment.checks.registry
        return signals, await look(registry, signals, house.clock.now())

    async def _tell_ended(self, proposal: Proposal, ended: Requested) -> None:
        note = ended.text
        if ended.status is ProposalStatus.APPLIED:
            note = f"Merged by {ended.text}. I wait until the cluster runs it."
            await self._errand.house.store.investigations.set_status(
                self._errand.investigation, InvestigationStatus.WATCHING
            )
        await self._errand.show(proposal, ended.status, note)

    async def _left(self, proposal: Proposal) -> float:
        return max(0.0, (proposal.expires_at - self._errand.house.clock.now()).total_seconds())

    async def _now(self) -> datetime:
        return self._errand.house.clock.now()

    async def _keep_note(self, note: Note) -> None:
        await self._errand.house.store.cases.add_note(self._errand.investigation, note)

    @property
    def _interval(self) -> float:
        """How often it is looked at, in seconds."""
        return self._errand.house.terms.watch_interval_seconds


def _requests(house: House) -> ChangeRequests:
    if house.requests is None:
        raise SrebotError("srebot has no repository to open pull requests in")
    return house.requests


def _login(state: RequestState) -> str:
    """Who ended it, as the audit log names them: nobody of Slack, whatever they call themselves."""
    return f"github:{_NOT_IN_A_LOGIN.sub('', state.by)[:100] or 'unknown'}"
