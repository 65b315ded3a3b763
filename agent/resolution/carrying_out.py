"""Carries a change from the finding to its outcome: propose, wait for a decision, apply once, watch, say what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from agent.awareness.attention import paged
from agent.errors import Drifted, Refused, SrebotError, ToolError, Unreachable
from agent.house import House
from agent.model import (
    Case,
    Change,
    InvestigationStatus,
    Note,
    Outcome,
    OutcomeStatus,
    Proposal,
    ProposalStatus,
    Value,
)
from agent.resolution.proposing import proposal_id, proposal_of, refuse_unallowed
from agent.resolution.watch import Look, Watched, judge, look, watched_signals
from agent.workflow import MailKind, Workflow

MOST_PROPOSALS = 5
"""How often one investigation asks: alternatives after a rejection, and plans made anew after drift."""
SREBOT = "srebot"
_UNKNOWN = "I cannot tell whether this was applied: look at the target before trying again."


class Planned(Value):
    """A proposal, or why there is none."""

    proposal: Proposal | None = None
    refused: str = ""
    automatic: bool = False


class Applied(Value):
    """What became of an approved change."""

    status: ProposalStatus
    text: str = ""
    drifted: bool = False
    at: datetime


class Result(Value):
    """How the carrying out ended."""

    outcome: Outcome | None = None
    stopped: bool = False


class CarryingOut:
    """One investigation's changes on their way."""

    def __init__(self, house: House, workflow: Workflow, investigation: int) -> None:
        self._house = house
        self._workflow = workflow
        self._investigation = investigation
        self._asked = 0

    async def first_of(self, changes: Sequence[Change]) -> Result:
        """Put the changes before people, best first, until one is applied, all are rejected, or people stop."""
        for change in changes:
            result = await self.one(change)
            if result is not None:
                return result
        return Result()

    async def one(
        self, change: Change, reverts: UUID | None = None, *, checked: bool = True
    ) -> Result | None:
        """Carry one change through; None when it was not to be had (refused, rejected), so that the next may be tried.

        ``checked`` False leaves out the taint gate: for the way back of a change that passed it.
        """
        while self._asked < MOST_PROPOSALS:
            self._asked += 1
            planned = await self._plan(change, reverts, checked=checked)
            if planned.proposal is None:
                return None
            proposal = planned.proposal
            if not planned.automatic:
                decision = await self._decision(proposal)
                if decision is not ProposalStatus.APPROVED:
                    rejected = decision is ProposalStatus.REJECTED
                    return (
                        None if rejected else Result(stopped=decision is ProposalStatus.SUPERSEDED)
                    )
            applied, signals, before = await self._apply(proposal)
            if applied.drifted:
                continue
            if applied.status is not ProposalStatus.APPLIED:
                return None
            return await self._watch(proposal, applied.at, signals, before)
        return Result()

    async def _plan(self, change: Change, reverts: UUID | None, *, checked: bool) -> Planned:
        house, number = self._house, self._asked

        async def work() -> Planned:
            case = await house.store.cases.load(self._investigation)
            fixer = house.fixer
            if fixer is None:
                return Planned(refused="srebot has no credential to apply changes with.")
            try:
                if checked:
                    refuse_unallowed(change, case, house.policy)
                plan = await fixer.plan(change)
            except (Drifted, Refused, ToolError) as error:
                return Planned(refused=str(error))
            proposal = proposal_of(
                proposal_id(case, self._workflow.id, number),
                case,
                change,
                plan,
                house.policy,
                house.clock.now(),
                house.terms.proposal_expiry_seconds,
                reverts,
            )
            approved_before = await house.store.proposals.kinds_approved(proposal.environment)
            verdict = house.policy.decide(change, proposal.environment, approved_before)
            automatic = verdict.automatic and reverts is None  # anybody may ask for a way back
            if automatic:  # nobody is asked, so nobody may decide
                proposal = proposal.model_copy(update={"status": ProposalStatus.APPROVED})
            await house.store.proposals.add(proposal)
            return Planned(proposal=proposal, automatic=automatic)

        planned = await self._workflow.step(f"plan-{number}", work)
        await self._tell_plan(change, planned, number)
        return planned

    async def _tell_plan(self, change: Change, planned: Planned, number: int) -> None:
        house, proposal = self._house, planned.proposal

        async def work() -> None:
            case = await house.store.cases.load(self._investigation)
            if proposal is None:
                text = f"I do not propose to {_words(change)}: {planned.refused}"
                await house.notifier.update(case, f"refused-{number}", text)
                await self._audit(SREBOT, "not_proposed", change.target.key, text)
                return
            if planned.automatic:
                await self._tell_automatic(case, proposal)
                return
            await self._audit(SREBOT, "proposed", f"proposal:{proposal.id}", proposal.plan.summary)
            waiting = InvestigationStatus.WAITING_FOR_APPROVAL
            await house.store.investigations.set_status(self._investigation, waiting)
            case = await house.store.cases.load(self._investigation)
            await house.notifier.proposal(case, proposal)
            await house.notifier.summary(case)
            await self._page(case, proposal)

        await self._workflow.step(f"propose-{number}", work)

    async def _tell_automatic(self, case: Case, proposal: Proposal) -> None:
        kind = proposal.change.kind.value.replace("_", " ")
        why = f"{kind} was approved in {proposal.environment} before"
        subject = f"proposal:{proposal.id}"
        await self._audit(SREBOT, "approved_by_policy", subject, f"{proposal.plan.summary}: {why}")
        note = f"I apply this without asking: {why}."
        await self._house.notifier.proposal(case, proposal, note)

    async def _page(self, case: Case, proposal: Proposal) -> None:
        house = self._house
        impact = case.investigation.triage.impact
        if house.pager is None or impact < house.terms.page_above_impact or case.finding is None:
            return
        claims = (*case.finding.chain, *case.finding.forecast)
        details = "\n".join([*(c.text for c in claims), f"Proposed: {proposal.plan.summary}"])
        service = case.signal.service
        try:
            link = await house.pager.page(
                service, case.finding.headline, details, f"srebot-{self._investigation}"
            )
        except ToolError as error:
            await house.notifier.update(case, "page", f"I could not page for {service}: {error}")
            return
        await self._audit(SREBOT, "paged", service, link)
        if (thread := case.investigation.conversation) is not None:
            await house.store.attention.posted(paged(case.investigation, thread, house.clock.now()))
        await house.notifier.update(case, "page", f"Paged whoever is on call for {service}. {link}")

    async def _decision(self, proposal: Proposal) -> ProposalStatus:
        """Wait for people; SUPERSEDED means that they stopped the investigation."""
        number = self._asked
        status: ProposalStatus | None = None
        while status is None:
            left = await self._workflow.step(f"left-{number}", lambda: self._left(proposal))
            mail = await self._workflow.receive(left)
            if mail is None:
                status = await self._workflow.step(f"expire-{number}", lambda: self._end(proposal))
            elif mail.kind is MailKind.STOP:
                status = ProposalStatus.SUPERSEDED
                await self._workflow.step(f"stop-{number}", lambda: self._superseded(proposal))
            elif mail.kind is MailKind.NOTE and mail.note is not None:
                await self._workflow.step("note", partial(self._keep_note, mail.note))
            elif mail.proposal == proposal.id:
                status = await self._workflow.step(
                    f"decided-{number}", lambda: self._decided(proposal)
                )
        return status

    async def _left(self, proposal: Proposal) -> float:
        return max(0.0, (proposal.expires_at - self._house.clock.now()).total_seconds())

    async def _end(self, proposal: Proposal) -> ProposalStatus:
        """The time is over: expired, unless a decision was recorded in the last moment."""
        await self._house.store.proposals.end(proposal.id, ProposalStatus.EXPIRED)
        if (decided := await self._decided(proposal)) is not None:
            return decided
        await self._show(
            proposal, ProposalStatus.EXPIRED, "Nobody decided in time; nothing was changed."
        )
        await self._audit(SREBOT, "expired", f"proposal:{proposal.id}", proposal.plan.summary)
        return ProposalStatus.EXPIRED

    async def _superseded(self, proposal: Proposal) -> None:
        await self._show(proposal, ProposalStatus.SUPERSEDED, "Stopped; nothing was changed.")

    async def _keep_note(self, note: Note) -> None:
        await self._house.store.cases.add_note(self._investigation, note)

    async def _decided(self, proposal: Proposal) -> ProposalStatus | None:
        """What the store says that people decided; it alone is believed, never the message."""
        approval = await self._house.store.approvals.of(proposal.id)
        if approval is None:
            return None
        case = await self._house.store.cases.load(self._investigation)
        status = ProposalStatus.APPROVED if approval.approved else ProposalStatus.REJECTED
        shown = proposal.model_copy(update={"status": status})
        await self._house.notifier.proposal(case, shown)
        await self._house.notifier.decision(case, proposal, approval)
        return status

    async def _apply(self, proposal: Proposal) -> tuple[Applied, tuple[Watched, ...], Look]:
        house, number = self._house, self._asked

        async def before() -> tuple[tuple[Watched, ...], Look]:
            case = await house.store.cases.load(self._investigation)
            signals = watched_signals(case)
            await house.store.investigations.set_status(
                self._investigation, InvestigationStatus.APPLYING
            )
            registry = house.investigator.equipment.checks.registry
            return signals, await look(registry, signals, house.clock.now())

        signals, first = await self._workflow.step(f"before-{number}", before)
        applied = await self._workflow.step(f"apply-{number}", lambda: self._write(proposal))
        await self._workflow.step(
            f"applied-{number}", lambda: self._tell_applied(proposal, applied)
        )
        return applied, signals, first

    async def _write(self, proposal: Proposal) -> Applied:
        house = self._house
        if house.fixer is None:
            raise SrebotError("srebot has no credential to apply changes with")
        subject = f"proposal:{proposal.id}"
        await self._audit(SREBOT, "applying", subject, proposal.plan.summary)
        try:
            version = await house.fixer.apply(proposal)
        except Drifted as error:
            await self._audit(SREBOT, "drifted", subject, str(error))
            return Applied(
                status=ProposalStatus.SUPERSEDED,
                text=str(error),
                drifted=True,
                at=house.clock.now(),
            )
        except Unreachable:
            raise  # the step is tried again: the change may have got through, and its mark then says so
        except (Refused, ToolError) as error:
            await self._audit(SREBOT, "apply_failed", subject, str(error))
            return Applied(status=ProposalStatus.FAILED, text=str(error), at=house.clock.now())
        await self._audit(SREBOT, "applied", subject, f"resourceVersion {version}")
        return Applied(status=ProposalStatus.APPLIED, at=house.clock.now())

    async def _tell_applied(self, proposal: Proposal, applied: Applied) -> None:
        note = {
            ProposalStatus.APPLIED: "Applied. I am watching the signals that started this.",
            ProposalStatus.FAILED: f"Not applied: {applied.text}",
            ProposalStatus.SUPERSEDED: f"Not applied: {applied.text}. I plan it anew.",
        }[applied.status]
        if applied.status is ProposalStatus.APPLIED:
            await self._house.store.investigations.set_status(
                self._investigation, InvestigationStatus.WATCHING
            )
        await self._show(proposal, applied.status, note)

    async def _show(self, proposal: Proposal, status: ProposalStatus, note: str) -> None:
        store, notifier = self._house.store, self._house.notifier
        await store.proposals.set_status(proposal.id, status)
        case = await store.cases.load(self._investigation)
        await notifier.proposal(case, proposal.model_copy(update={"status": status}), note)
        await notifier.summary(case)

    async def _watch(
        self, proposal: Proposal, applied_at: datetime, signals: tuple[Watched, ...], before: Look
    ) -> Result:
        """Look at intervals until the signals are good, the time is over, or people want it to stop."""
        terms, number, turn = self._house.terms, self._asked, 0
        while True:
            turn += 1
            mail = await self._workflow.receive(terms.watch_interval_seconds)
            stopped = mail is not None and mail.kind is MailKind.STOP
            after = await self._workflow.step(f"watch-{number}-{turn}", lambda: self._look(signals))
            outcome = judge(proposal, signals, before, after, applied_at)
            over = outcome.watched_seconds >= terms.watch_seconds
            # After a way back what was good has to stay good, which only time can tell.
            back_to_normal = outcome.status is OutcomeStatus.RECOVERED and not proposal.reverts
            if back_to_normal or over or stopped:
                await self._workflow.step(
                    f"outcome-{number}", partial(self._tell, proposal, outcome)
                )
                return Result(outcome=outcome, stopped=stopped)

    async def _look(self, signals: tuple[Watched, ...]) -> Look:
        return await look(
            self._house.investigator.equipment.checks.registry, signals, self._house.clock.now()
        )

    async def _tell(self, proposal: Proposal, outcome: Outcome) -> None:
        await self._house.store.outcomes.add(outcome)
        subject = f"proposal:{proposal.id}"
        await self._audit(SREBOT, f"seen_{outcome.status.value}", subject, outcome.statement)
        case = await self._house.store.cases.load(self._investigation)
        await self._house.notifier.outcome(case, proposal, outcome)

    async def _audit(self, actor: str, action: str, subject: str, text: str) -> None:
        details = {"investigation": self._investigation, "text": text}
        await self._house.store.audit.append(
            actor, action, subject, details, self._house.clock.now()
        )


async def withdraw(house: House, investigation: int) -> None:
    """Take back what still waits for people in an investigation that failed; nothing would come of a decision."""
    case = await house.store.cases.load(investigation)
    for proposal in case.proposals:
        match proposal.status:
            case ProposalStatus.OPEN:
                status, note = ProposalStatus.SUPERSEDED, "Withdrawn; nothing was changed."
            case ProposalStatus.APPROVED:
                status, note = ProposalStatus.FAILED, _UNKNOWN
            case _:
                continue
        await house.store.proposals.set_status(proposal.id, status)
        shown = proposal.model_copy(update={"status": status})
        await house.notifier.proposal(case, shown, note)


def _words(change: Change) -> str:
    return (
        f"change {change.kind.value.replace('_', ' ')} of {change.target.kind} {change.target.name}"
    )
