"""Investigations and questions in a terminal, without Slack: the same loop and store, told by rich."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from rich.console import Console
from rich.status import Status

from agent.answering import answer, illustrate, scene_of
from agent.awareness.intake import accept
from agent.awareness.issues import Decided, Issue, Joined
from agent.errors import SrebotError
from agent.knowledge.scan import scan as scan_all
from agent.model import (
    Approval,
    Case,
    Change,
    Claim,
    Conversation,
    Ending,
    Finding,
    HypothesisStatus,
    InvestigationStatus,
    Outcome,
    Proposal,
    Signal,
    SignalKind,
)
from agent.ports import Addresses, Person, Picture, Received
from agent.resolution.proposing import refuse_unallowed
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings
from bot.terminal_graph import picture_folder, save_picture, scan_progress, tree_of
from bot.terminal_text import escape

T = TypeVar("T")


class AtOnce:
    """Runs steps as they come: a terminal's investigation ends with its process (``agent.ports.Durable``)."""

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work``."""
        return await work()


class NoInbox:
    """Nobody interrupts but by Ctrl-C (``agent.ports.Inbox``)."""

    async def take(self) -> Received:
        """Nothing."""
        return Received()


class NoDirectory:
    """Nobody may decide in a terminal (``agent.ports.Directory``)."""

    async def person(self, user: str) -> Person:
        """Somebody whose word counts for nothing here."""
        return Person(id=user, why_not="decisions are taken in Slack")


class TerminalNotifier:
    """Tells one person at a terminal (``agent.ports.Notifier``)."""

    def __init__(
        self, console: Console, status: Status | None = None, pictures: Path | None = None
    ) -> None:
        self._console = console
        self._status = status
        self._pictures = pictures

    async def summary(self, case: Case) -> Conversation:
        """What it is doing, in the status line."""
        if self._status is not None:
            leader = next(iter(case.ranked()), None)
            text = f"{len(case.steps)} checks" + (
                f", leading: {leader.statement} ({leader.confidence:.0%})" if leader else ""
            )
            self._status.update(escape(text))
        return Conversation(channel="terminal")

    async def update(self, case: Case, key: str, text: str) -> None:
        """One line."""
        self._console.print(f"[dim]{escape(text)}[/dim]")

    async def report(self, case: Case) -> None:
        """The finding."""
        if case.finding is not None:
            print_finding(self._console, case, case.finding)

    async def remind(self, case: Case, key: str) -> None:
        """Nobody is reminded at a terminal: the question is part of the printed finding."""

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        """A proposal, as text."""
        self._console.print(f"[bold]Proposed:[/bold] {escape(proposal.plan.summary)}")
        if proposal.expectation is not None:
            self._console.print(f"[bold]Success:[/bold] {escape(proposal.expectation.criterion)}")

    async def decision(self, case: Case, proposal: Proposal, approval: Approval) -> None:
        """Who decided."""
        self._console.print(f"{approval.user} {'approved' if approval.approved else 'rejected'}")

    async def outcome(self, case: Case, proposal: Proposal, outcome: Outcome) -> None:
        """What was seen."""
        self._console.print(escape(outcome.statement))

    async def say(
        self, conversation: Conversation, key: str, text: str, case: Case | None = None
    ) -> None:
        """An answer."""
        self._console.print(escape(text))

    async def addresses(self, case: Case) -> Addresses:
        """None: a terminal has no address."""
        return Addresses()

    async def taken(self, signal: Signal) -> None:
        """Nothing: the person knows."""

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Where the pictures are kept."""
        if self._pictures is None:
            return
        for position, picture in enumerate(pictures):
            name = f"{key}-{position}" if position else key
            file = save_picture(self._pictures, name, picture.png)
            self._console.print(f"[dim]Picture: {escape(str(file))}[/dim]", soft_wrap=True)

    async def pointer(self, signal: Signal, joined: Joined) -> None:
        """Where else an alert is looked into."""
        self._console.print(f"[dim]Part of “{escape(joined.issue.title)}”.[/dim]")

    async def emerging(self, issue: Issue, signal: Signal) -> Conversation:
        """An emerging Issue, in one line."""
        self._console.print(f"[bold]Emerging:[/bold] {escape(signal.title)}")
        return Conversation(channel="terminal")

    async def digest(self, decided: Sequence[Decided], issues: Sequence[Issue], key: str) -> None:
        """What was kept quiet, one line each."""
        for each in decided:
            self._console.print(f"[dim]{escape(each.title)}: {escape(each.reason)}[/dim]")


_COLOURS = {
    Ending.CAUSE_FOUND: "bold green",
    Ending.NOTHING_WRONG: "bold green",
    Ending.INPUT_NEEDED: "bold yellow",
    Ending.BUDGET_USED: "bold yellow",
}


def print_finding(console: Console, case: Case, finding: Finding) -> None:
    """The finding with its evidence, readable in 80 columns."""
    proven = f", {finding.proven}" if finding.proven else ""
    sure = f" ({finding.confidence:.0%}{proven})" if finding.ending is Ending.CAUSE_FOUND else ""
    title = finding.ending.value.replace("_", " ").capitalize()
    console.print(f"\n[{_COLOURS[finding.ending]}]{title}{sure}[/] {escape(finding.headline)}")
    _print_claims(console, "Evidence", finding.chain)
    _print_claims(console, "Impact and outlook", (*finding.impact, *finding.forecast))
    _print_claims(console, "Ruled out", finding.ruled_out)
    for title, lines in (("Could not see", finding.unseen), ("Next", finding.next_steps)):
        _print_claims(console, title, [Claim(text=line) for line in lines])
    if finding.question:
        console.print(f"[yellow]{escape(finding.question)}[/]")
    ruled = sum(h.status is HypothesisStatus.RULED_OUT for h in case.hypotheses)
    struck = f", {finding.struck} unsupported sentence(s) struck" if finding.struck else ""
    spent = case.investigation.spent
    console.print(
        f"[dim]{len(case.steps)} checks, {ruled} hypotheses ruled out, {spent.seconds:.1f} s, "
        f"reasoner: {escape(finding.reasoner)}{struck}. Record: investigation {case.investigation.id}[/]"
    )
    cited = {n for c in (*finding.chain, *finding.impact, *finding.forecast) for n in c.citations}
    steps = {s.number: s for s in case.steps}
    for evidence in case.evidence:
        step = steps.get(evidence.step)
        if evidence.number in cited and step is not None and step.reading is not None:
            console.print(
                f"[dim]\\[{evidence.number}] {escape(step.reading.query)}, read {evidence.read_at:%H:%M:%S} UTC[/]"
            )


def _print_claims(console: Console, title: str, claims: tuple[Claim, ...] | list[Claim]) -> None:
    if not claims:
        return
    console.print(f"[bold]{title}[/bold]")
    for claim in claims:
        cites = "".join(f"\\[{n}]" for n in claim.citations)
        console.print(f"  • {escape(claim.text)} [cyan]{cites}[/cyan]")


async def investigate(settings: Settings, url: str, text: str, console: Console) -> Finding:
    """Investigate what a person typed; the record stays in the database.

    Raises:
        SrebotError: no vendor is configured, so there is nothing to look at.
    """
    async with parts(settings, url) as made:
        _need_vendors(made)
        with console.status("Looking at the company") as status:
            await made.scan()
            house = made.house(TerminalNotifier(console, status), NoDirectory())
            signal = _signal(text, SignalKind.REQUEST)
            accepted = await accept(made.store, signal, house.clock, house.terms.bounds)
            number = accepted.investigation or 0
            found = await house.investigator.run(number, AtOnce(), NoInbox())
            case = found.case
            if case.investigation.status is InvestigationStatus.RUNNING:
                closed = InvestigationStatus.CLOSED
                await made.store.investigations.set_status(number, closed, house.clock.now())
            for change in found.changes[:1]:
                await _show_plan(console, made, case, change)
        if case.finding is None:
            raise SrebotError("The investigation ended without a finding.")
        return case.finding


async def _show_plan(console: Console, made: Parts, case: Case, change: Change) -> None:
    if made.vendors.fixer is None:
        return
    house_policy = made.house(TerminalNotifier(console), NoDirectory()).policy
    try:
        refuse_unallowed(change, case, house_policy)
        plan = await made.vendors.fixer.plan(change)
    except SrebotError as error:
        console.print(f"[dim]No change is proposed: {escape(str(error))}[/dim]")
        return
    console.print(f"\n[bold]Would propose:[/bold] {escape(plan.summary)}")
    console.print(escape(plan.diff), style="dim")
    console.print(f"Risk: {escape(plan.risk)}")
    console.print("[dim]Changes are approved in Slack; nothing was changed.[/dim]")


async def ask(settings: Settings, url: str, text: str, console: Console) -> None:
    """Answer a question that a person typed."""
    async with parts(settings, url) as made:
        _need_vendors(made)
        with console.status("Looking it up"):
            await made.scan()
            teller = TerminalNotifier(console, pictures=picture_folder(settings.bot))
            house = made.house(teller, NoDirectory())
            here = Conversation(channel="terminal")
            signal = _signal(text, SignalKind.QUESTION).model_copy(update={"conversation": here})
            accepted = await accept(made.store, signal, house.clock, house.terms.bounds)
            number = accepted.investigation or 0
            reply = await answer(house, number, AtOnce())
            now = house.clock.now()
            await made.store.investigations.set_status(number, InvestigationStatus.CLOSED, now)
            case = await made.store.cases.load(number)
        console.print(escape(reply))
        _print_sources(console, case)
        if (scene := scene_of(case)) is not None:
            console.print(tree_of(scene))
            with console.status("Drawing"):
                await illustrate(house, number, AtOnce())


def _print_sources(console: Console, case: Case) -> None:
    steps = {s.number: s for s in case.steps}
    for evidence in case.evidence:
        reading = steps[evidence.step].reading
        query = reading.query if reading else ""
        console.print(f"[dim]\\[{evidence.number}] {evidence.source}: {escape(query)}[/dim]")


async def scan(settings: Settings, url: str, console: Console) -> int:
    """Scan every source once and say what each gave; returns how many failed."""
    async with parts(settings, url) as made:
        _need_vendors(made)
        builders = made.vendors.builders
        with scan_progress(console, [b.origin for b in builders]) as done:
            found = await scan_all(builders, made.store.graph, done)
    failed = [s.origin for s in found if s.problem]
    if failed and len(failed) < len(found):
        console.print("[dim]What the other sources gave is in the graph.[/dim]")
    return len(failed)


def _need_vendors(made: Parts) -> None:
    if not made.vendors.toolsets:
        raise SrebotError(
            "Nothing to look at: configure Kubernetes, Datadog or PagerDuty (see .env.example), "
            "or run `srebot demo` to see srebot at work on a simulated company."
        )


def _signal(text: str, kind: SignalKind) -> Signal:
    return Signal(
        key=f"terminal:{uuid4()}",
        kind=kind,
        source="terminal",
        title=text,
        requested_by=getpass.getuser(),
        occurred_at=SystemClock().now(),
    )
