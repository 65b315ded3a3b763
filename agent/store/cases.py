"""Cases in the database: an investigation with all that it has gathered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.errors import SrebotError
from agent.model import (
    Case,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    Note,
    Pattern,
    Proposal,
    Relation,
    Step,
    Value,
)
from agent.redaction import redact_data
from agent.store.batches import GroupCommit
from agent.store.engine import Sessions
from agent.store.investigations import investigation_of, joined
from agent.store.mapping import RAW_LIMIT_BYTES, decompress_text, row_of, storable, value_of
from agent.store.patterns import similar_patterns
from agent.store.repositories import Repository
from agent.store.saving import BOARDS, EVIDENCE, HEADS, LOCATED, ROUNDS, Saving
from agent.store.steps import Readings, row_of_step, step_of
from agent.store.tables import (
    BoardRow,
    EvidenceRow,
    FindingRow,
    HypothesisRow,
    InvestigationRow,
    NoteRow,
    ProposalRow,
    StepRow,
)

STEPS: Table = StepRow.__table__  # type: ignore[assignment]
_LIGHT = [column for column in STEPS.c if column.name != "raw"]
_NO_READING = {c.name: None for c in STEPS.c if c.nullable} | {"raw_bytes": 0}
RECALLED_PATTERNS = 5


class Cases(Repository):
    """Saves what an investigation gathers, piece by piece, and loads it whole."""

    def __init__(self, sessions: Sessions, raw_limit_bytes: int = RAW_LIMIT_BYTES) -> None:
        """``raw_limit_bytes`` is what is kept at most of each raw answer."""
        super().__init__(sessions)
        self._readings = Readings(raw_limit_bytes)
        self._steps = GroupCommit(self._write_steps)
        self._saving = Saving(sessions)

    async def load(self, investigation: int, now: datetime | None = None) -> Case:
        """All that is stored of it at one moment, but the raw answers of its tools (see ``load_steps``).

        ``now`` is the case's present; by default the clock's.

        Raises:
            SrebotError: there is no such investigation.
        """
        async with self._sessions.begin() as tx:
            await tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            found = await tx.execute(joined().where(InvestigationRow.id == investigation))
            row = found.mappings().first()
            if row is None:
                raise SrebotError(f"There is no investigation {investigation}.")
            head = investigation_of(row)
            return Case(
                investigation=head,
                now=now or datetime.now(UTC),
                entities=tuple(Entity.model_validate(e) for e in row["entities"]),
                relations=tuple(Relation.model_validate(r) for r in row["relations"]),
                patterns=await _patterns(tx, head),
                hypotheses=await _hypotheses(tx, investigation),
                steps=await _steps(tx, investigation, _LIGHT),
                evidence=await _evidence(tx, investigation),
                notes=await _notes(tx, investigation),
                round=row["round"],
                finding=await _finding(tx, investigation),
                proposals=await _proposals(tx, investigation),
            )

    async def load_steps_from(self, investigation: int, number: int) -> tuple[Step, ...]:
        """The finished tool calls from a number on, without their raw answers."""
        async with self._transaction() as tx:
            return await _steps(tx, investigation, _LIGHT, StepRow.number >= number)

    async def load_raw(self, investigation: int) -> dict[int, str]:
        """The raw answers that are kept of its tool calls, by the calls' numbers."""
        row = StepRow
        kept = select(row.number, row.raw).where(
            row.investigation_id == investigation, row.raw.is_not(None)
        )
        async with self._transaction() as tx:
            found = (await tx.execute(kept)).all()
        return await asyncio.to_thread(lambda: {r.number: decompress_text(r.raw) for r in found})

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        """The finished tool calls with their raw answers, by number."""
        async with self._transaction() as tx:
            return await _steps(tx, investigation, list(STEPS.c))

    async def emptied(self, investigation: int) -> int:
        """How many of its tool calls had raw answers or series that the retention let go."""
        row = StepRow
        statement = select(func.count()).where(
            row.investigation_id == investigation, row.emptied_at.is_not(None)
        )
        async with self._transaction() as tx:
            return await tx.scalar(statement) or 0

    async def save_investigation(self, investigation: Investigation) -> None:
        """Its status, reasoner, budget, spending and end, and what its signal was found to concern if that did not say."""
        kept = {"id", "status", "reasoner", "budget", "spent", "ended_at"}
        saves = [self._saving.save(HEADS, [_plain(investigation, include=kept)])]
        if investigation.signal.service:
            located = {"key", "service", "namespace", "environment"}
            saves.append(
                self._saving.save(LOCATED, [_plain(investigation.signal, include=located)])
            )
        await asyncio.gather(*saves)

    async def save_hypotheses(
        self, investigation: int, round_number: int, hypotheses: Sequence[Hypothesis]
    ) -> None:
        """The board as it stands after a round: known ids are brought up to date, boards of earlier rounds are kept."""
        state: dict[str, Any] = {"investigation_id": investigation, "round": round_number}
        if hypotheses:
            state["hypotheses"] = [redact_data(_plain(h)) for h in hypotheses]
        await self._saving.save(BOARDS if hypotheses else ROUNDS, [state])

    async def boards(self, investigation: int) -> tuple[tuple[int, tuple[Hypothesis, ...]], ...]:
        """The board over time: each round that left one, with the hypotheses as they stood after it; 0 is the opening."""
        row = BoardRow
        async with self._transaction() as tx:
            rows = await _rows(tx, row, row.investigation_id == investigation, row.round)
        return tuple(
            (r["round"], tuple(Hypothesis.model_validate(h) for h in r["hypotheses"])) for r in rows
        )

    async def save_step(self, investigation: int, step: Step) -> Step:
        """Keep one finished tool call; the same call saved again changes nothing, another one takes its number's place.

        Returns it as it is kept, but for a raw answer that was cut: secrets struck, the data as plain JSON.
        """
        prepared = await self._readings.of(step.reading) if step.reading is not None else None
        row, kept = row_of_step(investigation, step, prepared)
        await self._steps.add(row)
        return kept

    async def _write_steps(self, rows: Sequence[dict[str, Any]]) -> None:
        statement = insert(STEPS)
        another = {c.name: statement.excluded[c.name] for c in STEPS.c}
        statement = statement.on_conflict_do_update(
            index_elements=["investigation_id", "number"],
            set_=another,
            where=STEPS.c.check != statement.excluded.check,
        )
        async with self._transaction() as tx:
            await tx.execute(statement, [{**_NO_READING, **row} for row in rows])

    async def save_evidence(self, investigation: int, evidence: Sequence[Evidence]) -> None:
        """Evidence by number; a known one gains the new weights, another statement takes its number's place."""
        rows = [{"investigation_id": investigation, **redact_data(_plain(e))} for e in evidence]
        await self._saving.save(EVIDENCE, rows)

    async def save_finding(self, investigation: int, finding: Finding) -> None:
        """What it concluded; a later finding takes the place of an earlier one."""
        row = {"investigation_id": investigation, **row_of(finding, clean=True)}
        async with self._transaction() as tx:
            await tx.execute(_upsert(FindingRow, [row], ("investigation_id",)))

    async def add_note(self, investigation: int, note: Note) -> None:
        """What a person said in the thread; the same words at the same moment count once."""
        row = {"investigation_id": investigation, **row_of(note, clean=True)}
        async with self._transaction() as tx:
            await tx.execute(insert(NoteRow).values(row).on_conflict_do_nothing())


def _plain(value: Value, include: set[str] | None = None) -> dict[str, Any]:
    """A value's fields as JSON that PostgreSQL can hold."""
    plain: dict[str, Any] = storable(value.model_dump(mode="json", include=include))
    return plain


def _upsert(table: Any, rows: list[dict[str, Any]], key: tuple[str, ...]) -> Any:
    statement = insert(table).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


async def _rows(tx: AsyncSession, table: Any, where: Any, *order: Any) -> Any:
    found = await tx.execute(select(table.__table__).where(where).order_by(*order))
    return found.mappings().all()


async def _hypotheses(tx: AsyncSession, investigation: int) -> tuple[Hypothesis, ...]:
    row = HypothesisRow
    rows = await _rows(tx, row, row.investigation_id == investigation, func.length(row.id), row.id)
    return tuple(value_of(Hypothesis, r) for r in rows)


async def _steps(
    tx: AsyncSession, investigation: int, columns: list[Any], *which: Any
) -> tuple[Step, ...]:
    mine = StepRow.investigation_id == investigation
    found = await tx.execute(select(*columns).where(mine, *which).order_by(StepRow.number))
    return tuple(step_of(row) for row in found.mappings())


async def _evidence(tx: AsyncSession, investigation: int) -> tuple[Evidence, ...]:
    row = EvidenceRow
    rows = await _rows(tx, row, row.investigation_id == investigation, row.number)
    return tuple(value_of(Evidence, r) for r in rows)


async def _notes(tx: AsyncSession, investigation: int) -> tuple[Note, ...]:
    rows = await _rows(tx, NoteRow, NoteRow.investigation_id == investigation, NoteRow.at)
    return tuple(value_of(Note, r) for r in rows)


async def _finding(tx: AsyncSession, investigation: int) -> Finding | None:
    row = FindingRow
    rows = await _rows(tx, row, row.investigation_id == investigation, row.investigation_id)
    return value_of(Finding, rows[0]) if rows else None


async def _proposals(tx: AsyncSession, investigation: int) -> tuple[Proposal, ...]:
    row = ProposalRow
    rows = await _rows(tx, row, row.investigation == investigation, row.created_at)
    return tuple(value_of(Proposal, r) for r in rows)


async def _patterns(tx: AsyncSession, investigation: Investigation) -> tuple[Pattern, ...]:
    signal, before = investigation.signal, investigation.started_at
    return await similar_patterns(tx, signal, RECALLED_PATTERNS, before)
