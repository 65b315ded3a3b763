"""What the pages show, read from the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby, takewhile

from sqlalchemy import RowMapping, select

from agent.awareness import issues
from agent.errors import NotFound
from agent.model import (
    Approval,
    Case,
    Chart,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    Json,
    Outcome,
    Proposal,
    Series,
    Step,
    Verdict,
)
from agent.ports import Exchange
from agent.store.exchanges import KeptExchanges
from agent.store.feedback import Feedback
from agent.store.investigations import investigation_of, joined
from agent.store.mapping import value_of
from agent.store.repository import Store
from agent.store.steps import KeptAnswer, kept_answer, step_of
from agent.store.tables import FindingRow, InvestigationRow, StepRow
from bot.web.boards import Boards

PAGE = 50
MOST_INVESTIGATIONS = 2**63 - 1
MOST_STEPS = 2**31 - 1
"""What the columns hold: larger numbers exist nowhere."""


@dataclass(frozen=True)
class Entry:
    """One line of the list."""

    investigation: Investigation
    finding: Finding | None


@dataclass(frozen=True)
class Decided:
    """A proposal with the decision on it and what was seen afterwards."""

    proposal: Proposal
    approvals: Sequence[Approval]
    outcome: Outcome | None


@dataclass(frozen=True)
class Ranked:
    """A hypothesis with the numbers of the evidence for and against it, the weightiest first."""

    hypothesis: Hypothesis
    supporting: tuple[tuple[int, float], ...]
    contradicting: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Record:
    """All that is known of one investigation."""

    case: Case
    decided: Sequence[Decided]
    feedback: Sequence[Feedback]
    boards: Boards = ()
    """The hypotheses as they stood after each round."""
    verdict: Verdict | None = None
    """What was seen afterwards made of the finding."""
    exchanges: KeptExchanges = field(default_factory=KeptExchanges)
    """How many calls of a model there were, and how many are kept."""

    @cached_property
    def board(self) -> Sequence[Ranked]:
        """The hypotheses, most likely first."""
        return [self._ranked(h) for h in self.case.ranked()]

    @cached_property
    def charts(self) -> Sequence[tuple[Chart, Series]]:
        """The decisive signals of the finding, each with its series."""
        steps = {s.number: s for s in self.case.steps}
        found = []
        for chart in self.case.finding.charts if self.case.finding is not None else ():
            step = steps.get(chart.step)
            series = step.reading.series if step is not None and step.reading is not None else ()
            if chart.series < len(series):
                found.append((chart, series[chart.series]))
        return found

    @cached_property
    def rounds(self) -> Sequence[tuple[int, Sequence[Step]]]:
        """The steps by the round that asked for them."""
        return [(n, list(steps)) for n, steps in groupby(self.case.steps, lambda s: s.round)]

    @cached_property
    def cited(self) -> dict[int, list[int]]:
        """Step -> the evidence drawn from it."""
        found: dict[int, list[int]] = {}
        for piece in self.case.evidence:
            found.setdefault(piece.step, []).append(piece.number)
        return found

    def _ranked(self, hypothesis: Hypothesis) -> Ranked:
        weights = [(e.number, e.weights.get(hypothesis.id, 0.0)) for e in self.case.evidence]
        heaviest = sorted(weights, key=lambda pair: -abs(pair[1]))
        return Ranked(
            hypothesis,
            tuple(pair for pair in heaviest if pair[1] > 0),
            tuple(pair for pair in heaviest if pair[1] < 0),
        )


class Records:
    """Reads records; holds no state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, before: int | None = None) -> Sequence[Entry]:
        """A page of investigations, newest first; ``before`` a number, exclusive."""
        statement = joined().order_by(InvestigationRow.id.desc()).limit(PAGE)
        if before is not None:
            statement = statement.where(InvestigationRow.id < min(before, MOST_INVESTIGATIONS))
        async with self._store.sessions.begin() as tx:
            rows = (await tx.execute(statement)).mappings().all()
            investigations = [investigation_of(row) for row in rows]
            wanted = [i.id for i in investigations]
            concluded = await tx.execute(
                select(FindingRow.__table__).where(FindingRow.investigation_id.in_(wanted))
            )
            findings = {r["investigation_id"]: value_of(Finding, r) for r in concluded.mappings()}
        return [Entry(i, findings.get(i.id)) for i in investigations]

    async def get(self, investigation: int) -> Record:
        """The record of that number.

        Raises:
            NotFound: there is no such investigation.
        """
        case = await self._case(investigation)
        decided = await asyncio.gather(*(self._decided(p) for p in case.proposals))
        feedback, boards, verdict, exchanges = await asyncio.gather(
            self._store.feedback.of("finding", str(investigation)),
            self._store.cases.boards(investigation),
            self._store.verdicts.of(investigation),
            self._store.exchanges.kept(investigation),
        )
        return Record(case, decided, feedback, boards, verdict, exchanges)

    async def exchanges(self, investigation: int) -> tuple[Case, Sequence[tuple[Exchange, int]]]:
        """What a model was shown and said, call by call; with each call, how many of its first messages the call before
        had shown already.

        Raises:
            NotFound: there is no such investigation.
        """
        case = await self._case(investigation)
        found: list[tuple[Exchange, int]] = []
        before: tuple[Json, ...] = ()
        for exchange in await self._store.exchanges.of(investigation):
            known = takewhile(lambda pair: pair[0] == pair[1], zip(before, exchange.messages))  # noqa: B905
            found.append((exchange, sum(1 for _ in known)))
            before = exchange.messages
        return case, found

    async def evidence(self, investigation: int, number: int) -> tuple[Case, Evidence, Step]:
        """A citation and the step that it stands on, with the step's raw answer.

        Raises:
            NotFound: there is no such investigation, citation or step.
        """
        case = await self._case(investigation)
        piece = next((e for e in case.evidence if e.number == number), None)
        if piece is None:
            raise NotFound(f"Investigation {investigation} has no evidence [{number}].")
        return case, piece, await self._step(investigation, piece.step)

    async def step(self, investigation: int, number: int) -> tuple[Case, Step]:
        """A step with its raw answer.

        Raises:
            NotFound: there is no such investigation or step.
        """
        return await self._case(investigation), await self._step(investigation, number)

    async def kept(self, investigation: int, number: int) -> KeptAnswer:
        """How much is kept of the raw answer of a step.

        Raises:
            NotFound: there is no such step.
        """
        return kept_answer(await self._step_row(investigation, number))

    async def quiet(self, span: timedelta) -> Sequence[issues.Decided]:
        """What nobody was told of in so long a time until now."""
        return await self._store.decisions.quiet(datetime.now(UTC) - span)

    async def _case(self, investigation: int) -> Case:
        statement = select(InvestigationRow.id).where(InvestigationRow.id == investigation)
        if investigation <= MOST_INVESTIGATIONS:
            async with self._store.sessions.begin() as tx:
                if await tx.scalar(statement) is not None:
                    return await self._store.cases.load(investigation)
        raise NotFound(f"There is no investigation {investigation}.")

    async def _step(self, investigation: int, number: int) -> Step:
        return step_of(await self._step_row(investigation, number))

    async def _step_row(self, investigation: int, number: int) -> RowMapping:
        statement = select(StepRow.__table__).where(
            StepRow.investigation_id == investigation, StepRow.number == min(number, MOST_STEPS)
        )
        async with self._store.sessions.begin() as tx:
            row = (await tx.execute(statement)).mappings().first()
        if row is None:
            raise NotFound(f"Investigation {investigation} has no step {number}.")
        return row

    async def _decided(self, proposal: Proposal) -> Decided:
        approvals, outcome = await asyncio.gather(
            self._store.approvals.of(proposal.id), self._store.outcomes.of(proposal.id)
        )
        return Decided(proposal, approvals, outcome)
