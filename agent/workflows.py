"""The durable workflows (DBOS): short, calling the parts that do the work.

Whatever is not deterministic runs inside a step, whose result is remembered; a workflow that a crash cut short runs again
from its start, skipping the steps that are done. A step can run twice when the crash came between its effect and its
record, so every effect is idempotent: rows by key, messages by the outbox, changes by their mark on the target.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID

from agent.answering import answer
from agent.awareness.intake import Accepted, accept, is_recovery
from agent.house import House
from agent.learning.patterns import pattern_of
from agent.model import (
    AlertState,
    Change,
    Conversation,
    Decision,
    Investigation,
    InvestigationStatus,
    Json,
    Note,
    Outcome,
    Proposal,
    ProposalStatus,
    Signal,
    SignalKind,
)
from agent.resolution import deciding
from agent.resolution.carrying_out import CarryingOut, withdraw
from agent.workflow import DbosWorkflow, Mail, MailKind, PeopleInbox, name_of

QUEUE = "investigations"
"""The queue whose concurrency bounds how many investigations run at once."""
WORKFLOWS_VERSION = "1"
"""What is under way goes on after a restart only under the same version: raise it when the order of steps changes, not
with each release."""
INSTANCE = "srebot"
_UNDER_WAY = (
    InvestigationStatus.RUNNING,
    InvestigationStatus.WAITING_FOR_APPROVAL,
    InvestigationStatus.APPLYING,
    InvestigationStatus.WATCHING,
)

_log = structlog.get_logger(__name__)


def workflow_id(kind: str, key: str) -> str:
    """The id of the workflow that handles an event: the same event is handled once."""
    return f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


@DBOS.dbos_class()
class Workflows(DBOSConfiguredInstance):
    """The durable workflows, and the way in to them (``agent.ports.Answering``)."""

    def __init__(self, house: House) -> None:
        self._house = house
        super().__init__(config_name=INSTANCE)

    # The way in: each starts a workflow whose id comes from the event, so that a repeated event changes nothing.

    async def receive(self, signal: Signal) -> None:
        """An alert, a request or a question."""
        with SetWorkflowID(workflow_id("signal", signal.key)):
            await DBOS.start_workflow_async(self.take_in, signal.model_dump(mode="json"))

    async def reply(self, conversation: Conversation, note: Note, key: str) -> bool:
        """A reply in a thread; False when nothing of ours is talked about there."""
        found = await self._house.store.investigations.by_thread(
            conversation.channel, conversation.thread
        )
        if found is None or not self._is_followed(found):
            return False
        with SetWorkflowID(workflow_id("reply", key)):
            await DBOS.start_workflow_async(
                self.take_reply, found.id, note.model_dump(mode="json"), key
            )
        return True

    def _is_followed(self, investigation: Investigation) -> bool:
        """Whether replies are meant for it: while it is under way, and for some time when it asked people something.

        Afterwards people talk among themselves, and who means srebot mentions it.
        """
        if investigation.status in _UNDER_WAY:
            return True
        ended = investigation.ended_at
        if ended is None or investigation.status is not InvestigationStatus.WAITING_FOR_INPUT:
            return False
        return self._house.clock.now() - ended <= timedelta(
            seconds=self._house.terms.follow_seconds
        )

    async def stop(self, investigation: int, user: str, key: str) -> None:
        """A person wants the investigation to stop."""
        with SetWorkflowID(workflow_id("stop", key)):
            await DBOS.start_workflow_async(self.take_stop, investigation, user, key)

    async def why_not(self, proposal: UUID, user: str) -> str:
        """Why this person may not decide on the proposal now; empty: they may."""
        return await deciding.why_not(self._house, proposal, user)

    async def decide(
        self, proposal: UUID, user: str, key: str, *, approved: bool, reason: str = ""
    ) -> None:
        """A person's decision on a proposal."""
        with SetWorkflowID(workflow_id("decide", key)):
            await DBOS.start_workflow_async(
                self.take_decision, str(proposal), user, approved, reason, key
            )

    async def revert(self, proposal: UUID, user: str, key: str) -> None:
        """A person wants the way back of an applied change proposed."""
        with SetWorkflowID(workflow_id("revert", key)):
            await DBOS.enqueue_workflow_async(QUEUE, self.take_back, str(proposal), user)

    async def feedback(
        self, investigation: int, user: str, key: str, *, right: bool, comment: str = ""
    ) -> None:
        """A person's word on a finding."""
        now = self._house.clock.now()
        verdict = "right" if right else "wrong"
        await self._house.store.feedback.add(
            user, "finding", str(investigation), verdict, comment, now
        )
        await self._house.store.audit.append(
            user, f"feedback_{verdict}", f"investigation:{investigation}", {"comment": comment}, now
        )

    # The workflows.

    @DBOS.workflow()
    async def take_in(self, data: Json) -> None:
        """Decide on a signal and start what it deserves; first words go out here."""
        house, flow, signal = self._house, DbosWorkflow(), Signal.model_validate(data)
        accepted = await flow.step(
            "accept", lambda: accept(house.store, signal, house.clock, house.terms.bounds)
        )
        if not accepted.opened or accepted.investigation is None:
            await flow.step("stay-quiet", lambda: self._stay_quiet(signal, accepted))
            return
        number = accepted.investigation
        await flow.step("first-words", partial(self._first_words, number))
        work = self.answer_question if signal.kind is SignalKind.QUESTION else self.investigate
        await self._enqueue(f"investigation-{number}", work, number)

    async def _enqueue(self, identity: str, work, number: int) -> None:  # type: ignore[no-untyped-def]
        with SetWorkflowID(identity):
            await DBOS.enqueue_workflow_async(QUEUE, work, number)

    async def _first_words(self, number: int) -> None:
        case = await self._house.store.cases.load(number)
        await self._house.notifier.taken(case.signal)
        if case.signal.kind is not SignalKind.QUESTION:
            conversation = await self._house.notifier.summary(case)
            await self._house.store.investigations.set_conversation(number, conversation)

    async def _stay_quiet(self, signal: Signal, accepted: Accepted) -> None:
        """Nothing is said of what deserves no attention, except to those who already look at the same alert."""
        details = {"signal": signal.key, "title": signal.title, "reason": accepted.triage.reason}
        await self._house.store.audit.append(
            "srebot",
            f"triage_{accepted.triage.decision.value}",
            f"signal:{signal.key}",
            details,
            self._house.clock.now(),
        )
        if accepted.investigation is None or accepted.triage.decision is Decision.INVESTIGATE:
            return
        case = await self._house.store.cases.load(accepted.investigation)
        source, when = signal.source.capitalize(), f"{signal.occurred_at:%H:%M} UTC"
        if is_recovery(signal):
            text = f"{source} says that the alert recovered at {when}."
            await self._house.notifier.update(case, f"recovered-{signal.key}", text)
        elif signal.state is AlertState.TRIGGERED:
            text = f"The same alert came again at {when}; it is looked into here."
            await self._house.notifier.update(case, f"again-{signal.key}", text)

    @DBOS.workflow()
    async def answer_question(self, number: int) -> None:
        """Look up and answer a question."""
        house, flow = self._house, DbosWorkflow()

        async def tell(text: str) -> None:
            case = await house.store.cases.load(number)
            if case.signal.conversation is not None:
                await house.notifier.say(case.signal.conversation, f"answer-{number}", text, case)
            now = house.clock.now()
            await house.store.investigations.set_status(number, InvestigationStatus.CLOSED, now)

        async with self._or_told(flow, number):
            text = await answer(house, number, flow)
            await flow.step("tell", partial(tell, text))

    @DBOS.workflow()
    async def investigate(self, number: int) -> None:
        """From the first look to what was seen after the change."""
        house, flow = self._house, DbosWorkflow()
        structlog.contextvars.bind_contextvars(investigation=number)
        await flow.step("own", lambda: house.store.investigations.set_workflow(number, flow.id))
        async with self._or_told(flow, number):
            found = await house.investigator.run(number, flow, PeopleInbox(flow))
            result = await CarryingOut(house, flow, number).first_of(found.changes)
            await flow.step("close", partial(self._close, number, result.outcome, result.stopped))

    @asynccontextmanager
    async def _or_told(self, flow: DbosWorkflow, number: int) -> AsyncIterator[None]:
        """People are told when the work within fails for good."""
        try:
            yield
        except Exception as error:
            _log.exception("investigation_failed", investigation=number)
            await flow.step("fail", partial(self._fail, number, name_of(error)))
            raise

    async def _close(self, number: int, outcome: Outcome | None, stopped: bool) -> None:
        """The end: the pattern is learnt, the summary says where it ended."""
        house = self._house
        case = await house.store.cases.load(number)
        if case.investigation.status in _UNDER_WAY:
            status = InvestigationStatus.STOPPED if stopped else InvestigationStatus.CLOSED
            await house.store.investigations.set_status(number, status, house.clock.now())
        case = await house.store.cases.load(number)
        if (pattern := pattern_of(case, outcome)) is not None:
            await house.store.patterns.learn(pattern)
        await house.notifier.summary(case)

    async def _fail(self, number: int, what: str) -> None:
        house = self._house
        now = house.clock.now()
        await house.store.investigations.set_status(number, InvestigationStatus.FAILED, now)
        await withdraw(house, number)
        case = await house.store.cases.load(number)
        text = (
            f"I failed inside ({what}) and stop here; what was found so far is in the record. "
            "Ask me again to start anew."
        )
        if case.signal.kind is not SignalKind.QUESTION:
            await house.notifier.update(case, "failed", text)
            await house.notifier.summary(case)
        elif case.signal.conversation is not None:
            await house.notifier.say(case.signal.conversation, f"failed-{number}", text)

    @DBOS.workflow()
    async def take_reply(self, number: int, data: Json, key: str) -> None:
        """Pass a reply to the investigation under way, answer the question in it, or start anew from where it ended."""
        house, flow, note = self._house, DbosWorkflow(), Note.model_validate(data)
        found = await flow.step("read", lambda: house.store.investigations.get(number))
        await flow.step("keep", lambda: house.store.cases.add_note(number, note))
        owner = await flow.step("owner", lambda: house.store.investigations.workflow(number))
        if found.status in _UNDER_WAY:
            mail = Mail(kind=MailKind.NOTE, user=note.user, note=note)
            await flow.send(owner or f"investigation-{number}", mail, key)
            if found.status is InvestigationStatus.RUNNING or not note.text.endswith("?"):
                return
        else:
            closed = InvestigationStatus.CLOSED
            await flow.step("hand-over", lambda: self._set_status(number, closed))
        await self.take_in(_follow_up(found, note, key).model_dump(mode="json"))

    async def _set_status(self, number: int, status: InvestigationStatus) -> None:
        await self._house.store.investigations.set_status(number, status, self._house.clock.now())

    @DBOS.workflow()
    async def take_stop(self, number: int, user: str, key: str) -> None:
        """Tell the running investigation to stop."""
        house, flow = self._house, DbosWorkflow()
        owner = await flow.step("owner", lambda: house.store.investigations.workflow(number))
        await flow.step(
            "audit",
            lambda: house.store.audit.append(
                user, "stop", f"investigation:{number}", {}, house.clock.now()
            ),
        )
        mail = Mail(kind=MailKind.STOP, user=user)
        await flow.send(owner or f"investigation-{number}", mail, key)

    @DBOS.workflow()
    async def take_decision(
        self, proposal_id: str, user: str, approved: bool, reason: str, key: str
    ) -> None:
        """Check and record a decision, then wake the workflow that waits for it."""
        house, flow, identity = self._house, DbosWorkflow(), UUID(proposal_id)
        objection = await flow.step(
            "decide",
            lambda: deciding.decide_proposal(
                house, identity, user, approved=approved, reason=reason
            ),
        )
        proposal = await flow.step("read", lambda: house.store.proposals.get(identity))
        if proposal is None:
            return
        if objection:
            await flow.step("object", partial(self._object, proposal, user, objection, key))
            return
        owner = await flow.step(
            "owner", lambda: house.store.investigations.workflow(proposal.investigation)
        )
        mail = Mail(kind=MailKind.DECISION, user=user, proposal=identity)
        await flow.send(owner, mail, key)

    async def _object(self, proposal: Proposal, user: str, objection: str, key: str) -> None:
        case = await self._house.store.cases.load(proposal.investigation)
        await self._house.notifier.update(case, f"objection-{key}", f"{objection}")

    @DBOS.workflow()
    async def take_back(self, proposal_id: str, user: str) -> None:
        """Propose the way back of an applied change, and carry it through like any other."""
        house, flow = self._house, DbosWorkflow()
        proposal = await flow.step("read", lambda: house.store.proposals.get(UUID(proposal_id)))
        if proposal is None or proposal.status is not ProposalStatus.APPLIED:
            return
        number = proposal.investigation
        await flow.step("own", lambda: house.store.investigations.set_workflow(number, flow.id))
        await flow.step("audit", partial(self._asked_back, proposal, user))
        change: Change = proposal.plan.way_back
        async with self._or_told(flow, number):
            carrying = CarryingOut(house, flow, number)
            result = await carrying.one(change, proposal.id, checked=False)
            stopped = result.stopped if result else False
            await flow.step("close", partial(self._close, number, None, stopped))

    async def _asked_back(self, proposal: Proposal, user: str) -> None:
        details = {"investigation": proposal.investigation, "change": proposal.plan.summary}
        now = self._house.clock.now()
        await self._house.store.audit.append(
            user, "way_back_requested", f"proposal:{proposal.id}", details, now
        )


def _follow_up(found: Investigation, note: Note, key: str) -> Signal:
    """What a reply asks for: an answer while a fix waits or is watched, else a fresh look with what it adds."""
    signal = found.signal
    asked = found.status in _UNDER_WAY or signal.kind is SignalKind.QUESTION
    same = {
        "key": f"reply:{key}",
        "requested_by": note.user,
        "fingerprint": "",
        "conversation": found.conversation or signal.conversation,
    }
    if asked:
        about = {
            "kind": SignalKind.QUESTION,
            "title": note.text,
            "text": "",
            "service": "",
            "occurred_at": note.at,
        }
    else:
        text = f"{note.text}\n\n{signal.title}\n{signal.text}"
        about = {"kind": SignalKind.REQUEST, "text": text}
    return signal.model_copy(update={**same, **about})
