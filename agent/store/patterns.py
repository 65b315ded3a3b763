"""What closed investigations taught, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.errors import NotFound
from agent.learning.embedding import LONGEST_CHARACTERS, Embedder, catch_up
from agent.learning.features import features_of_signal
from agent.learning.similarity import alike, rarity
from agent.model import Pattern, PatternState, Signal
from agent.store.embeddings import PatternEmbeddings
from agent.store.engine import Sessions
from agent.store.mapping import row_of, value_of
from agent.store.recalling import Wanted, recalled, words_of
from agent.store.repositories import Repository
from agent.store.tables import FeedbackRow, PatternRow, PatternSightingRow

SYMPTOMS_KEPT, FEATURES_KEPT = 20, 60
ENGINEER, ENVIRONMENT = "engineer", "environment"
_LISTED = 200
_CAUSE = ("mode", "entity", "entity_kind", "environment", "variant")
_NO_COLUMNS = ("id", "why", "likeness")
_EDITED = ("symptoms", "fix_note", "state")
"""What learning leaves as an engineer wrote it."""


class Patterns(Repository):
    """Patterns, one per cause (mode, entity and its kind, environment) unless engineers hold variants of it apart."""

    def __init__(self, sessions: Sessions, embedder: Embedder | None = None) -> None:
        """``embedder`` has them found by meaning as well."""
        super().__init__(sessions)
        self._embedder = embedder

    async def of_cause(self, pattern: Pattern) -> bool:
        """Whether a pattern of the same cause is known."""
        same = [getattr(PatternRow, n) == getattr(pattern, n) for n in _CAUSE if n != "variant"]
        async with self._transaction() as tx:
            return await tx.scalar(select(PatternRow.id).where(*same).limit(1)) is not None

    async def learn(self, pattern: Pattern) -> Pattern:
        """Keep a pattern, or strengthen the equal one; an investigation counts once. Returns what is stored."""
        async with self._transaction() as tx:
            known = await _same_cause(tx, pattern)
            counted = await tx.execute(
                insert(PatternSightingRow)
                .values(pattern_id=known.id, investigation=pattern.investigation)
                .on_conflict_do_nothing()
                .returning(PatternSightingRow.pattern_id)
            )
            seen = known.times_seen + (0 if counted.first() is None else pattern.times_seen)
            merged = _merged(known, pattern).model_copy(update={"times_seen": seen})
            await write(tx, merged)
            await _take_words_of_people(tx, pattern.investigation)
            return await _counted(tx, merged.id)

    async def similar(
        self,
        *,
        mode: str = "",
        symptoms: Sequence[str] = (),
        entity: str = "",
        features: Sequence[str] = (),
        limit: int = 5,
    ) -> tuple[Pattern, ...]:
        """The patterns that resemble most, the closest first; none that share nothing."""
        wanted = Wanted(text=" ".join(symptoms), features=tuple(features), entity=entity, mode=mode)
        return await self.recall(wanted, limit)

    async def recall(self, wanted: Wanted, limit: int = 5) -> tuple[Pattern, ...]:
        """As ``similar``, by all that can be looked by."""
        wanted = await self._embedded(wanted)
        async with self._transaction() as tx:
            return await recalled(tx, wanted, limit)

    async def _embedded(self, wanted: Wanted) -> Wanted:
        if self._embedder is None or not wanted.text or wanted.vector:
            return wanted
        await catch_up(self._embedder, PatternEmbeddings(self._sessions))
        vectors = await self._embedder.embedded([wanted.text[:LONGEST_CHARACTERS]])
        found = vectors[0] if vectors else ()
        return wanted.model_copy(update={"vector": found, "model": self._embedder.model})

    async def get(self, number: int) -> Pattern:
        """One pattern.

        Raises:
            NotFound: there is no such pattern.
        """
        async with self._transaction() as tx:
            return await pattern_in(tx, number)

    async def list(self, text: str = "", *, retired: bool = False) -> tuple[Pattern, ...]:
        """The patterns, those seen last first; with ``text`` those that it finds, the closest first."""
        if text:
            return await self.recall(Wanted(text=text, entity=text.strip()), _LISTED)
        statement = select(PatternRow.__table__).order_by(PatternRow.last_seen.desc())
        if not retired:
            statement = statement.where(PatternRow.state != PatternState.RETIRED.value)
        async with self._transaction() as tx:
            rows = (await tx.execute(statement.limit(_LISTED))).mappings()
            return tuple(value_of(Pattern, row) for row in rows)

    async def sightings(self, number: int) -> dict[int, bool | None]:
        """The investigations that a pattern comes from -> whether their finding was judged right."""
        row = PatternSightingRow
        statement = select(row.investigation, row.right).where(row.pattern_id == number)
        async with self._transaction() as tx:
            found = await tx.execute(statement.order_by(row.investigation))
            return {r.investigation: r.right for r in found}

    async def judge(
        self, investigation: int, right: bool | None, by: str = ENVIRONMENT
    ) -> tuple[Pattern, ...]:
        """What is made of a finding afterwards, for the patterns that it taught; an engineer's word outranks the
        environment's. A pattern that was wrong as often as right is disputed. Returns the patterns as they stand."""
        async with self._transaction() as tx:
            return await _judge(tx, investigation, right, by)


async def _same_cause(tx: AsyncSession, pattern: Pattern) -> Pattern:
    """The stored pattern of the cause, made if there is none; locked. Of several variants the most alike one."""
    row = row_of(pattern, without=_NO_COLUMNS, clean=True)
    await tx.execute(
        insert(PatternRow)
        .values({**row, "times_seen": 0, "words": words_of(pattern)})
        .on_conflict_do_nothing(index_elements=list(_CAUSE))
    )
    same = [getattr(PatternRow, name) == row[name] for name in _CAUSE if name != "variant"]
    found = await tx.execute(select(PatternRow.__table__).where(*same).with_for_update())
    variants = [value_of(Pattern, r) for r in found.mappings()]
    weights = rarity(p.features for p in variants)
    best = max(variants, key=lambda p: (alike(pattern.features, p.features, weights), -p.variant))
    while best.merged_into:
        best = await pattern_in(tx, best.merged_into, lock=True)
    return best


async def pattern_in(tx: AsyncSession, number: int, *, lock: bool = False) -> Pattern:
    """One pattern, within a transaction.

    Raises:
        NotFound: there is no such pattern.
    """
    statement = select(PatternRow.__table__).where(PatternRow.id == number)
    found = await tx.execute(statement.with_for_update() if lock else statement)
    row = found.mappings().first()
    if row is None:
        raise NotFound(f"There is no pattern {number}.")
    return value_of(Pattern, row)


def _merged(known: Pattern, new: Pattern) -> Pattern:
    """What is known with what is new; what an engineer wrote stays."""
    merged = known.model_copy(
        update={
            "symptoms": _union(new.symptoms, known.symptoms, SYMPTOMS_KEPT),
            "features": _union(new.features, known.features, FEATURES_KEPT),
            "checks": _union(new.checks, known.checks, SYMPTOMS_KEPT),
            # An investigation that a recall cut short asked for less: what the whole one asked stays.
            "probes": new.probes if new.tool_calls >= known.tool_calls else known.probes,
            "tool_calls": max(new.tool_calls, known.tool_calls),
            "alerted": known.alerted or new.alerted,
            "role": known.role or new.role,
            "fix": new.fix or known.fix,
            "fix_kind": new.fix_kind or known.fix_kind,
            "fix_arguments": new.fix_arguments or known.fix_arguments,
            "outcome": new.outcome or known.outcome,
            "investigation": new.investigation,
            "last_seen": max(new.last_seen, known.last_seen),
        }
    )
    if known.edited_by:
        merged = merged.model_copy(update={name: getattr(known, name) for name in _EDITED})
    return merged


async def write(tx: AsyncSession, pattern: Pattern) -> None:
    """Store all fields of a known pattern, within a transaction."""
    row = row_of(pattern, without=_NO_COLUMNS, clean=True)
    values: Mapping[str, Any] = {**row, "words": words_of(pattern)}
    await tx.execute(update(PatternRow).where(PatternRow.id == pattern.id).values(**values))


async def _take_words_of_people(tx: AsyncSession, investigation: int) -> None:
    """What people already said of the finding counts for what it taught."""
    said = (
        select(FeedbackRow.verdict)
        .where(FeedbackRow.subject_kind == "finding", FeedbackRow.subject_id == str(investigation))
        .order_by(FeedbackRow.at.desc())
        .limit(1)
    )
    if (verdict := await tx.scalar(said)) is not None:
        await _judge(tx, investigation, verdict == "right", ENGINEER)


async def _judge(
    tx: AsyncSession, investigation: int, right: bool | None, by: str
) -> tuple[Pattern, ...]:
    row = PatternSightingRow
    statement = update(row).where(row.investigation == investigation)
    if by != ENGINEER:
        statement = statement.where(row.judged_by != ENGINEER)
    judged = await tx.execute(
        statement.values(right=right, judged_by=by if right is not None else "").returning(
            row.pattern_id
        )
    )
    return tuple([await _counted(tx, number) for number in {r[0] for r in judged}])


async def _counted(tx: AsyncSession, number: int) -> Pattern:
    """Count what was made of the findings of a pattern, and let its state follow."""
    row = PatternSightingRow
    counts = select(
        func.count().filter(row.right.is_(True)), func.count().filter(row.right.is_(False))
    ).where(row.pattern_id == number)
    right, wrong = (await tx.execute(counts)).one()
    known = await pattern_in(tx, number, lock=True)
    changed = (right, wrong) != (known.times_right, known.times_wrong)
    state = known.state
    if changed and state is not PatternState.RETIRED:
        is_wrong = wrong > 0 and wrong >= right
        state = PatternState.DISPUTED if is_wrong else PatternState.ACTIVE
    told = known.model_copy(update={"times_right": right, "times_wrong": wrong, "state": state})
    if changed:
        await write(tx, told)
    return told


async def similar_patterns(
    tx: AsyncSession, signal: Signal, limit: int, learnt_before: datetime
) -> tuple[Pattern, ...]:
    """The patterns that a signal recalls, within a transaction."""
    wanted = Wanted(
        text=signal.title,
        features=features_of_signal(signal),
        entity=signal.service,
        learnt_before=learnt_before,
    )
    return await recalled(tx, wanted, limit)


def _union(newer: Sequence[str], older: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*newer, *older]))[:most]
