"""What the core needs from outside: implemented by ``integrations``, ``bot`` and the reasoners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from agent.awareness.issues import Decided, Issue, Joined
from agent.knowledge.facts import Seen
from agent.model import (
    Approval,
    Case,
    Change,
    Check,
    Conversation,
    Entity,
    Evidence,
    Finding,
    Freeze,
    Hypothesis,
    Investigation,
    Json,
    Note,
    Outcome,
    Pattern,
    Plan,
    Proposal,
    Relation,
    Series,
    Signal,
    Spent,
    Step,
    Utc,
    Value,
)
from agent.model.pages import Paged, PageEvent, PageRequest

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A PNG with its title and the words for those who cannot see it."""

    png: bytes
    title: str
    alt: str


class Addresses(Value):
    """Where people read on; empty: nowhere."""

    thread: str = ""
    """Of the conversation about an investigation."""
    record: str = ""
    """Of its page; evidence ``[n]`` is at ``/evidence/n`` below it."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The present, UTC."""


class Proposed(Value):
    """A reasoner's opening: hypotheses and the first checks."""

    hypotheses: tuple[Hypothesis, ...]
    checks: tuple[Check, ...]
    spent: Spent = Spent()


class Concluded(Value):
    """A finding before the gates, and the changes that would mend it, best first."""

    finding: Finding
    changes: tuple[Change, ...] = ()
    spent: Spent = Spent()


class Weighed(Value):
    """What a round of steps means: evidence, and what to look at next."""

    evidence: tuple[Evidence, ...]
    hypotheses: tuple[Hypothesis, ...] = ()
    """New ones (refinements carry their parent); known ids are left as they are."""
    checks: tuple[Check, ...] = ()
    """Empty when nothing more would tell the live hypotheses apart."""
    spent: Spent = Spent()
    concluded: Concluded | None = None
    """The report at once, from a reasoner that is done; it cites ``evidence`` by the numbers that this has here."""


class Reasoner(Protocol):
    """Thinks; never acts. Stateless: all it may know is in the case.

    Each method raises ``ReasonerUnavailable`` when it cannot go on.
    """

    @property
    def name(self) -> str:
        """What the thread calls it: ``rules``, or the model's name."""

    async def propose(self, case: Case) -> Proposed:
        """Several hypotheses and the checks that would tell them apart."""

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What ``steps`` (the latest round, already part of ``case``) say on each hypothesis."""

    async def conclude(self, case: Case) -> Concluded:
        """The finding that the evidence so far carries."""

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """Answer the question in ``case.signal``; ``steps`` are the look-ups so far."""


class Answered(Value):
    """An answer to a question, or the look-ups still needed for it."""

    text: str = ""
    """Markdown with ``[n]``: n is the number of the step that says so. Empty while ``checks`` are wanted."""
    checks: tuple[Check, ...] = ()
    spent: Spent = Spent()


class Durable(Protocol):
    """Runs what is not deterministic so that a restart does not run it again."""

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` once and remember its result under its place in the workflow."""


class Notifier(Protocol):
    """Tells people. Every call may be repeated after a crash and must not show twice."""

    async def summary(self, case: Case) -> Conversation:
        """Place, or edit in place, the one summary message of the investigation; returns its thread."""

    async def update(self, case: Case, key: str, text: str) -> None:
        """One short line in the thread, once per ``key``."""

    async def report(self, case: Case) -> None:
        """The finding with its evidence, once; edits the summary as well."""

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        """Place, or edit in place, a proposal; buttons only while it is open.

        ``approved_by`` are the people whose approvals it has while it waits for more.
        """

    async def decision(self, case: Case, proposal: Proposal, approval: Approval) -> None:
        """Show who decided what."""

    async def outcome(self, case: Case, proposal: Proposal, outcome: Outcome) -> None:
        """What was seen after the change, with the way back offered."""

    async def say(
        self, conversation: Conversation, key: str, text: str, case: Case | None = None
    ) -> None:
        """Say ``text`` (markdown) in a conversation, once per ``key``; ``[n]`` in it cites the case's evidence."""

    async def taken(self, signal: Signal) -> None:
        """Show at once that the signal was seen (eyes)."""

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Show pictures in a conversation, side by side in one message, once per ``key``."""

    async def pointer(self, signal: Signal, joined: Joined) -> None:
        """One line under an alert that belongs to an Issue with a thread elsewhere, pointing there."""

    async def emerging(self, issue: Issue, signal: Signal) -> Conversation:
        """Announce an emerging Issue in its channel; returns its thread. Empty channel: the budget sent it to the digest."""

    async def remind(self, case: Case, key: str) -> None:
        """Put the finding's question to the thread once more, since nobody has answered it; once per ``key``."""

    async def addresses(self, case: Case) -> Addresses:
        """Where the investigation is talked about, and where its record is."""

    async def digest(self, decided: Sequence[Decided], issues: Sequence[Issue], key: str) -> None:
        """What was kept quiet, with buttons on each, in the digest's channel; once per ``key``."""


class Fixer(Protocol):
    """Carries out changes on one vendor's systems; the only holder of its write credential."""

    async def plan(self, change: Change) -> Plan:
        """Dry-run it against the live target.

        Raises:
            Refused: the vendor's validation does not let it through.
            ToolError: the target cannot be seen.
        """

    async def apply(self, proposal: Proposal) -> str:
        """Apply it exactly once; returns the target's new version. Repeating it after a crash changes nothing.

        Raises:
            Drifted: the target is no longer what the proposal was made against.
            Refused: the vendor refused it.
        """

    async def was_applied(self, proposal: Proposal) -> bool:
        """Whether an earlier ``apply`` of it got through, as when srebot died before it could note that.

        Raises:
            ToolError: the target cannot be seen.
        """


class RequestState(Value):
    """Where a pull request stands."""

    merged: bool = False
    closed: bool = False
    """Without a merge."""
    by: str = ""
    """Who merged or closed it, as the forge names them."""
    at: Utc | None = None
    synced: bool = False
    """Whether the cluster runs what was merged."""


class ChangeRequests(Protocol):
    """Puts changes up as pull requests on the repository that their target is managed in."""

    async def manages(self, change: Change) -> bool:
        """Whether the target is managed in a repository, so that a write to the cluster would be taken back."""

    async def plan(self, change: Change) -> Plan:
        """The smallest edit of its files; nothing is written.

        Raises:
            Refused: the change cannot be expressed in the files.
            ToolError: the repository cannot be read.
        """

    async def open(self, proposal: Proposal, description: str) -> str:
        """Put it up once, with a description (markdown); returns its link. Repeating it gives the same one.

        Raises:
            Drifted: the files changed since it was planned.
            Refused: the forge refused it.
        """

    async def state(self, proposal: Proposal) -> RequestState:
        """Where it stands now."""

    async def close(self, proposal: Proposal, comment: str) -> None:
        """Close it unmerged, saying why; nothing when it is closed already."""


class GraphBuilder(Protocol):
    """One vendor's knowledge of the company."""

    @property
    def origin(self) -> str:
        """The vendor's name."""

    async def build(self) -> Seen:
        """Everything it can see now.

        Raises:
            ToolError: it cannot be reached, or nothing in it may be seen.
        """


class GraphWatcher(Protocol):
    """A source that tells of changes as they happen."""

    @property
    def origin(self) -> str:
        """The vendor's name."""

    def watch(self) -> AsyncIterator[Seen]:
        """What is there (``complete``), then additions, for ever; reconnects by itself."""


class Indicator(Value):
    """One measured sign of how near an entity is to trouble."""

    entity: str
    """The entity's key."""
    name: str
    """memory, cpu, disk, connections, latency, errors, evictions, queue, requests."""
    series: Series
    """Up to ``days`` days, evenly spaced, oldest first."""
    limit: float | None = None
    """Where it saturates, in the series' unit."""
    worse: int = 1
    """1: rising is worse; -1: falling is."""
    link: str = ""
    query: str = ""


class Indicators(Protocol):
    """Where weak signals are read."""

    async def read(
        self, entities: Sequence[Entity], now: datetime, days: float = 7.0, step_seconds: int = 300
    ) -> Sequence[Indicator]:
        """The indicators of these entities up to ``now``; what has no data is left out.

        Raises:
            ToolError: the vendor cannot be reached.
        """


class Pager(Protocol):
    """Wakes people, and hears what they do about it. Every method may raise ``ToolError``."""

    async def page(self, request: PageRequest) -> Paged:
        """Page whoever is on call for the service; the same key never pages twice, nor does a service with an open
        incident (then that is returned, not ``opened``)."""

    async def find(self, key: str) -> Paged | None:
        """The incident that was opened with that key; None while there is none."""

    async def note(self, incident: str, text: str) -> None:
        """Write a note on an incident; the same text is never written twice."""

    async def resolve(self, service: str, incident: str, key: str) -> None:
        """Resolve an incident that was opened with that key; nothing where it is resolved."""

    async def events(self, incident: str) -> tuple[PageEvent, ...]:
        """What happened to an incident so far, oldest first."""


class Asked(Value):
    """A proposal, and what whoever decides on it has to know beside it."""

    proposal: Proposal
    people: str
    """Who may approve, in words."""
    approved_by: tuple[str, ...] = ()
    missing: int = 1
    """How many more have to approve."""
    four_eyes: bool = False
    """Whether whoever asked for it may not approve it."""
    moment: str = ""
    """What stands against applying it at once: a freeze, a change window; empty: nothing does."""


class Person(Value):
    """Somebody in Slack, as Slack says now."""

    id: str
    groups: frozenset[str] = frozenset()
    """Handles of the user groups that they are in."""
    email: str = ""
    """In lower case; empty where Slack does not tell."""
    why_not: str = ""
    """Why their word counts for nothing (deactivated, guest, bot, of another company); empty: a full member."""


class Directory(Protocol):
    """Who is who."""

    async def person(self, user: str) -> Person:
        """Who this is; one who cannot be looked up is in no group, and ``why_not`` says so."""


class OnCall(Protocol):
    """Who is on call."""

    async def emails(self, service: str) -> frozenset[str]:
        """Addresses, in lower case, of those on call now: for a service (nobody, if it is unknown), or, with an empty
        name, for any.

        Raises:
            ToolError: it cannot be looked up.
        """


class Wish(StrEnum):
    """What an engineer wants of a running investigation."""

    GO_ON = "go_on"
    """Look further although it was about to conclude."""
    LOOK_AT = "look_at"
    """Look at the entity named in ``subject``."""
    NOT_IT = "not_it"
    """What ``subject`` names (a hypothesis' id, or words of its entity; empty: the leading one) is not the cause."""
    DEEPER = "deeper"
    """Spend more: ``subject`` says how much, as ``budget_for`` reads it (``deep``, ``10m``)."""


class Directive(Value):
    """An engineer's wish; it steers what is looked at, it never is evidence nor a command to change something."""

    wish: Wish
    subject: str = ""
    user: str
    at: Utc


class Received(Value):
    """What people sent to a running investigation since it last asked."""

    notes: tuple[Note, ...] = ()
    directives: tuple[Directive, ...] = ()
    stop: bool = False


class Exchange(Value):
    """One call of a model, whole: exactly what it was shown and what it said."""

    investigation: int
    number: int = 0
    """From 1 within its investigation, in the order of the calls; 0 until the log has given it one."""
    purpose: str
    """propose, weigh, conclude or answer."""
    round: int
    attempt: int = 1
    """2: asked to repair what it handed in first."""
    model: str
    messages: tuple[Json, ...]
    tools: tuple[Json, ...]
    reply: Json
    """The assistant's message as it came."""
    spent: Spent = Spent()
    at: Utc


class ModelLog(Protocol):
    """Keeps what models were shown and said."""

    async def record(self, exchange: Exchange) -> None:
        """Keep it under the investigation's next number (``number`` is not looked at).

        What was asked before in just the same words, for the same purpose, round and attempt, is the same call made again
        after a crash: it keeps its number, and the later reply takes the earlier one's place.
        """


class Entry(Value):
    """The remembered result of one durable step of an investigation."""

    position: int
    """From 0, in the order in which the steps were begun."""
    name: str
    kind: str
    """What sort of result it is, as ``agent.investigation.journal`` names it."""
    value: str
    """The result as JSON text; empty for nothing."""
    at: Utc


class JournalStore(Protocol):
    """Keeps the results of an investigation's durable steps, so that it can be played again."""

    async def write(self, investigation: int, entry: Entry) -> None:
        """Keep it; at a position that is taken it takes the earlier entry's place."""

    async def last(self, investigation: int) -> Entry | None:
        """The entry of the highest position; None when there is none."""

    async def read(self, investigation: int) -> tuple[Entry, ...]:
        """All entries in order."""


class Inbox(Protocol):
    """Where the thread's replies and the stop button reach a running investigation; durable by itself."""

    async def take(self) -> Received:
        """What came since the last call; returns at once."""


class CaseStore(Protocol):
    """Keeps an investigation as it grows. Saving the same thing again changes nothing."""

    async def load(self, investigation: int) -> Case:
        """All that is stored of it, ``now`` being the present."""

    async def save_investigation(self, investigation: Investigation) -> None:
        """Its status, reasoner, budget and spending."""

    async def save_step(self, investigation: int, step: Step) -> Step:
        """Keep one finished tool call, by its number; returns it as it is kept: secrets struck, plain JSON as data."""

    async def load_steps_from(self, investigation: int, number: int) -> tuple[Step, ...]:
        """The finished tool calls from a number on, without their raw answers."""

    async def load_raw(self, investigation: int) -> dict[int, str]:
        """The raw answers that are kept of its tool calls, by the calls' numbers."""

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        """The finished tool calls with their raw answers, by number."""

    async def save_hypotheses(
        self, investigation: int, round_number: int, hypotheses: Sequence[Hypothesis]
    ) -> None:
        """The board as it stands after a round."""

    async def save_evidence(self, investigation: int, evidence: Sequence[Evidence]) -> None:
        """Evidence by number; a known number gains the new weights."""

    async def save_finding(self, investigation: int, finding: Finding) -> None:
        """What it concluded, after the gates."""


class Memory(Protocol):
    """What srebot knows beyond one investigation: the graph and the patterns."""

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """The known entity that a text speaks of, or None."""

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """The neighbourhood of an entity, itself first; empty when it is unknown."""

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        """Patterns of closed investigations that resemble the signal, the closest first."""


class Answering(Protocol):
    """The way in from people: each call is made durable before it returns, and may be repeated with the same key."""

    async def receive(self, signal: Signal) -> None:
        """An alert, a request or a question; its key is the signal's own."""

    async def reply(
        self, conversation: Conversation, note: Note, key: str, *, addressed: bool = False
    ) -> bool:
        """A reply in a thread; False when it is not meant for an investigation or question talked about there (then it
        is ignored). ``addressed``: srebot is mentioned in it."""

    async def stop(self, investigation: int, user: str, key: str) -> None:
        """A person wants the investigation to stop."""

    async def deeper(self, investigation: int, user: str, key: str) -> None:
        """A person wants the investigation to spend more and look further, whether it runs or has ended."""

    async def why_not(
        self, proposal: UUID, user: str, *, approved: bool = True, shown: str = ""
    ) -> str:
        """Why this person may not decide so on the proposal now, as a sentence that is also audited; empty: they may.

        ``shown`` is the digest of what they were shown; empty: nothing yet.
        """

    async def asked(self, proposal: UUID) -> Asked | None:
        """What whoever decides on it has to know; None when it is unknown."""

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
        """A person's decision on a proposal; checked again before it counts."""

    async def suspicious(self, user: str, what: str, details: str) -> None:
        """Somebody sent what no surface of ours sends (a forged button, a request whose signature is wrong); it is audited."""

    async def freeze(self, user: str, reason: str) -> str:
        """A person wants all applying to stop; returns what to tell them."""

    async def unfreeze(self, user: str) -> str:
        """A person wants changes to be applied again; returns what to tell them."""

    async def frozen(self) -> Freeze | None:
        """The freeze in force; None when changes may be applied."""

    async def revert(self, proposal: UUID, user: str, key: str) -> None:
        """A person wants the way back of an applied change proposed."""

    async def feedback(
        self, investigation: int, user: str, key: str, *, right: bool, comment: str = ""
    ) -> None:
        """A person's word on a finding; the last one of each person counts."""

    async def page_event(self, event: PageEvent, key: str) -> None:
        """Something that was done to an incident; what is none of ours is ignored."""

    async def judge_quiet(self, decision: int, user: str, key: str, *, told: bool) -> str:
        """A person's word on a decision to stay quiet: ``told`` says that it should have told. Returns what it changed,
        as a sentence."""
