"""The durable workflows (DBOS): short, calling the parts that do the work.

Whatever is not deterministic runs inside a step, whose result is remembered; a workflow that a crash cut short runs again
from its start, skipping the steps that are done. A step can run twice when the crash came between its effect and its
record, so every effect is idempotent: rows by key, messages by the outbox, changes by their mark on the target.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID

from agent import asking, closing
from agent.answering import answer, illustrate
from agent.awareness import history
from agent.awareness.attention import may_speak
from agent.awareness.intake import Accepted, accept
from agent.awareness.issues import Joined
from agent.awareness.telling import Telling, is_told
from agent.entrance import Entrance
from agent.house import House
from agent.illustrating import illustrate_finding
from agent.investigation.directives import directives_in
from agent.knowledge.corrections import correct
from agent.model import (
    Change,
    Conversation,
    InvestigationStatus,
    Json,
    Note,
    Proposal,
    ProposalStatus,
    Signal,
    SignalKind,
)
from agent.model.pages import PageEvent
from agent.ports import Directive, Received, Wish
from agent.precedence import Precedence
from agent.replies import UNDER_WAY, Meaning, meaning_of, question_in
from agent.resolution import deciding, page_events
from agent.resolution.carrying_out import CarryingOut
from agent.workflow import DbosWorkflow, Mail, MailKind, PeopleInbox, name_of

QUEUE = "investigations"
"""The queue whose concurrency bounds how many investigations run at once."""
WORKFLOWS_VERSION = "5"
"""What is under way goes on after a restart only under the same version: raise it when the order of steps changes, not
with each release."""
INSTANCE = "srebot"

_log = structlog.get_logger(__name__)


def workflow_id(kind: str, key: str) -> str:
    """The id of the workflow that handles an event: the same event is handled once."""
    return f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


@DBOS.dbos_class()
class Workflows(Entrance, DBOSConfiguredInstance):
    """The durable workflows, and the way in to them (``agent.ports.Answering``)."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._telling = Telling(house)
        self._first_words = Precedence()
        super().__init__(config_name=INSTANCE)

    # The way in: each starts a workflow whose id comes from the event, so that a repeated event changes nothing.

    async def receive(self, signal: Signal) -> None:
        """An alert, a request or a question."""
        with SetWorkflowID(workflow_id("signal", signal.key)):
            await DBOS.start_workflow_async(self.take_in, signal.model_dump(mode="json"))

    async def reply(
        self, conversation: Conversation, note: Note, key: str, *, addressed: bool = False
    ) -> bool:
        """A reply in a thread; False when it is not meant for anything of ours that is talked about there."""
        found = await self._house.store.investigations.by_thread(
            conversation.channel, conversation.thread
        )
        now, follow_seconds = self._house.clock.now(), self._house.terms.follow_seconds
        if found is None:
            return False
        meaning = meaning_of(found, note, now, follow_seconds, addressed=addressed)
        if meaning is Meaning.NOTHING:
            return False
        with SetWorkflowID(workflow_id("reply", key)):
            await DBOS.start_workflow_async(
                self.take_reply, found.id, note.model_dump(mode="json"), key, meaning.value
            )
        return True

    async def stop(self, investigation: int, user: str, key: str) -> None:
        """A person wants the investigation to stop."""
        with SetWorkflowID(workflow_id("stop", key)):
            await DBOS.start_workflow_async(self.take_stop, investigation, user, key)

    async def deeper(self, investigation: int, user: str, key: str) -> None:
        """A person wants the investigation to spend more and look further."""
        wish = Directive(wish=Wish.DEEPER, subject="deep", user=user, at=self._house.clock.now())
        with SetWorkflowID(workflow_id("deeper", key)):
            await DBOS.start_workflow_async(
                self.take_directive, investigation, wish.model_dump(mode="json"), key
            )

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
        """A person's decision on a proposal."""
        with SetWorkflowID(workflow_id("decide", key)):
            await DBOS.start_workflow_async(
                self.take_decision, str(proposal), user, approved, reason, key, shown
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
        await history.learn_word(self._house.store, investigation, user, right=right, at=now)

    async def page_event(self, event: PageEvent, key: str) -> None:
        """Something that was done to an incident in the pager."""
        pages = self._house.store.pages
        if await pages.of_incident(event.incident, event.key) is not None:
            with SetWorkflowID(workflow_id("page", key)):
                await DBOS.start_workflow_async(self.take_page_event, event.model_dump(mode="json"))

    async def judge_quiet(self, decision: int, user: str, key: str, *, told: bool) -> str:
        """A person's word on a decision to stay quiet; the last one of each person counts, so no key is needed."""
        return await history.judge(self._house, decision, user, told, self._house.clock.now())

    # The workflows.

    @DBOS.workflow()
    async def take_in(self, data: Json) -> None:
        """Decide on a signal and start what it deserves; first words go out here."""
        flow, signal = DbosWorkflow(), Signal.model_validate(data)
        if signal.kind is SignalKind.CORRECTION:
            await flow.step("correct", partial(self._correct, signal))
            return
        with self._first_words.awaited():
            accepted = await self._accepted(flow, signal)
        number, joined = accepted.investigation, accepted.joined
        if not accepted.opened or number is None:
            await self._beside(flow, signal, joined)
            return
        work = self.answer_question if signal.kind is SignalKind.QUESTION else self.investigate
        await self._enqueue(f"investigation-{number}", work, number)
        if joined is not None:
            await flow.step("changes", lambda: self._telling.changes(number, joined.issue))

    async def _accepted(self, flow: DbosWorkflow, signal: Signal) -> Accepted:
        """Take the signal in, and say the first words of what is opened for it."""
        house = self._house
        speak = partial(may_speak, house)
        accepted = await flow.step(
            "accept", lambda: accept(house.store, signal, house.clock, house.terms.bounds, speak)
        )
        number, joined = accepted.investigation, accepted.joined
        if accepted.opened and number is not None:
            await flow.step(
                "first-words", lambda: self._telling.first_words(number, signal, joined)
            )
        return accepted

    async def _beside(self, flow: DbosWorkflow, signal: Signal, joined: Joined | None) -> None:
        """Nothing is said of what deserves no attention, except to those who already look at its Issue."""
        number = self._telling.concerns(joined)
        if joined is None or number is None:
            return
        if is_told(signal, joined):
            await flow.step("beside", lambda: self._telling.beside(number, signal, joined))
        if signal.kind is not SignalKind.CHANGE:
            self._telling.refresh(number)

    async def _correct(self, signal: Signal) -> None:
        """Take an engineer's word on the graph, and say what it changed."""
        said = await correct(self._house, signal)
        if signal.conversation is not None:
            await self._house.notifier.say(signal.conversation, f"corrected-{signal.key}", said)

    async def _enqueue(self, identity: str, work, number: int) -> None:  # type: ignore[no-untyped-def]
        with SetWorkflowID(identity):
            await DBOS.enqueue_workflow_async(QUEUE, work, number)

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
            await illustrate(house, number, flow)

    @DBOS.workflow()
    async def investigate(self, number: int) -> None:
        """From the first look to what was seen after the change."""
        flow = DbosWorkflow(self._house.store.post)
        await flow.step("own", partial(self._own, number, flow.id))
        await self._first_words.out()
        await self._to_the_end(number, flow, PeopleInbox(flow), ())

    @DBOS.workflow()
    async def go_on(self, number: int, data: Json) -> None:
        """Take an investigation up again, with all that it knew and what people added since."""
        flow, added = DbosWorkflow(self._house.store.post), Received.model_validate(data)
        first = Received(directives=added.directives)
        await self._to_the_end(number, flow, PeopleInbox(flow, first), added.notes)

    async def _to_the_end(
        self, number: int, flow: DbosWorkflow, inbox: PeopleInbox, added: tuple[Note, ...]
    ) -> None:
        house = self._house
        structlog.contextvars.bind_contextvars(investigation=number)
        async with self._or_told(flow, number):
            more = {"reopened": added} if added else {}
            found = await house.investigator.run(number, flow, inbox, **more)
            # Nobody waits for a picture: the fix is proposed meanwhile. The order of starting is always the same.
            result, _ = await asyncio.gather(
                CarryingOut(house, flow, number).first_of(found.changes),
                illustrate_finding(house, found.case, flow),
            )
            end = partial(closing.close, house, number, result.outcome, stopped=result.stopped)
            await flow.step("close", end)
            await flow.step("learn", partial(closing.learn_relations, house, number))
        if found.case.investigation.status is InvestigationStatus.WAITING_FOR_INPUT:
            with SetWorkflowID(workflow_id("remind", flow.id)):
                await DBOS.start_workflow_async(self.remind, number, found.case.round)

    async def _own(self, number: int, workflow: str) -> None:
        await self._house.store.investigations.set_workflow(number, workflow)

    @DBOS.workflow()
    async def remind(self, number: int, round_number: int) -> None:
        """Remind people of a question, and give it up when nobody answers."""
        house, flow, terms = self._house, DbosWorkflow(), self._house.terms
        await flow.sleep(terms.remind_seconds)
        if await flow.step("remind", partial(asking.remind, house, number, round_number)):
            await flow.sleep(max(0.0, terms.question_wait_seconds - terms.remind_seconds))
            await flow.step("give-up", partial(asking.give_up, house, number, round_number))

    @asynccontextmanager
    async def _or_told(self, flow: DbosWorkflow, number: int) -> AsyncIterator[None]:
        """People are told when the work within fails for good."""
        try:
            yield
        except Exception as error:
            _log.exception("investigation_failed", investigation=number)
            await flow.step("fail", partial(closing.fail, self._house, number, name_of(error)))
            raise

    @DBOS.workflow()
    async def take_reply(self, number: int, data: Json, key: str, meaning: str) -> None:
        """Pass a reply to the investigation under way, answer the question in it, or go on from where it ended."""
        house, flow, note = self._house, DbosWorkflow(), Note.model_validate(data)
        found = await flow.step("read", lambda: house.store.investigations.get(number))
        await flow.step("keep", lambda: house.store.cases.add_note(number, note))
        if found.status in UNDER_WAY:
            await self._pass_on(
                flow, number, Mail(kind=MailKind.NOTE, user=note.user, note=note), key
            )
        if meaning == Meaning.QUESTION:
            await self.take_in(question_in(found, note, key).model_dump(mode="json"))
        elif found.status not in UNDER_WAY:
            added = Received(notes=(note,), directives=directives_in(note))
            await self._reopen(
                flow, number, added, Mail(kind=MailKind.NOTE, user=note.user, note=note), key
            )

    @DBOS.workflow()
    async def take_directive(self, number: int, data: Json, key: str) -> None:
        """Pass a wish to the investigation under way, or go on from where it ended."""
        house, flow, wish = self._house, DbosWorkflow(), Directive.model_validate(data)
        found = await flow.step("read", lambda: house.store.investigations.get(number))
        details = {"wish": wish.wish.value, "subject": wish.subject}
        await flow.step(
            "audit",
            lambda: house.store.audit.append(
                wish.user, "steer", f"investigation:{number}", details, wish.at
            ),
        )
        mail = Mail(kind=MailKind.DIRECTIVE, user=wish.user, directive=wish)
        if found.status in UNDER_WAY:
            await self._pass_on(flow, number, mail, key)
        else:
            await self._reopen(flow, number, Received(directives=(wish,)), mail, key)

    async def _pass_on(self, flow: DbosWorkflow, number: int, mail: Mail, key: str) -> None:
        """Send something to the workflow that carries an investigation."""
        owner = await flow.step("owner", lambda: self._house.store.investigations.workflow(number))
        await flow.send(owner or f"investigation-{number}", mail, key)

    async def _reopen(
        self, flow: DbosWorkflow, number: int, added: Received, mail: Mail, key: str
    ) -> None:
        """Go on with an ended investigation; if somebody else's words just had it go on, it takes these in as well."""
        identity = workflow_id("again", key)
        fresh = await flow.step(
            "reopen", lambda: self._house.store.investigations.reopen(number, identity)
        )
        if not fresh:
            await self._pass_on(flow, number, mail, key)
            return
        await flow.step("again", partial(asking.taken_up, self._house, number, key))
        with SetWorkflowID(identity):
            await DBOS.enqueue_workflow_async(
                QUEUE, self.go_on, number, added.model_dump(mode="json")
            )

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
        self, proposal_id: str, user: str, approved: bool, reason: str, key: str, shown: str = ""
    ) -> None:
        """Check and record a decision, then wake the workflow that waits for it."""
        house, flow, identity = self._house, DbosWorkflow(), UUID(proposal_id)
        objection = await flow.step(
            "decide",
            lambda: deciding.decide_proposal(
                house, identity, user, approved=approved, reason=reason, shown=shown
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
    async def take_page_event(self, data: Json) -> None:
        """Tell the thread what was done to its page."""
        event = PageEvent.model_validate(data)
        await DbosWorkflow().step("heard", partial(page_events.heard, self._house, event))

    @DBOS.workflow()
    async def take_back(self, proposal_id: str, user: str) -> None:
        """Propose the way back of an applied change, and carry it through like any other."""
        house, flow = self._house, DbosWorkflow()
        proposal = await flow.step("read", lambda: house.store.proposals.get(UUID(proposal_id)))
        if proposal is None or proposal.status is not ProposalStatus.APPLIED:
            return
        change: Change | None = proposal.plan.way_back
        if change is None:
            return
        number = proposal.investigation
        await flow.step("own", lambda: house.store.investigations.set_workflow(number, flow.id))
        await flow.step("audit", partial(self._asked_back, proposal, user))
        async with self._or_told(flow, number):
            carrying = CarryingOut(house, flow, number, user)
            result = await carrying.one(change, proposal.id, checked=False)
            stopped = result.stopped if result else False
            await flow.step("close", partial(closing.close, house, number, None, stopped=stopped))

    async def _asked_back(self, proposal: Proposal, user: str) -> None:
        details = {"investigation": proposal.investigation, "change": proposal.plan.summary}
        now = self._house.clock.now()
        await self._house.store.audit.append(
            user, "way_back_requested", f"proposal:{proposal.id}", details, now
        )
