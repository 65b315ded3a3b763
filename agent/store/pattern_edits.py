"""What engineers do with patterns: edit, merge, split, retire. Each is written to the audit log in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.errors import SrebotError
from agent.model import Json, Pattern, PatternState
from agent.store.audit import Audit
from agent.store.mapping import row_of
from agent.store.patterns import FEATURES_KEPT, SYMPTOMS_KEPT, pattern_in, write
from agent.store.recalling import words_of
from agent.store.repositories import Repository
from agent.store.tables import PatternRow, PatternSightingRow


class PatternEdits(Repository):
    """Changes of patterns by people."""

    async def edit(self, edited: Pattern, user: str, at: datetime) -> Pattern:
        """Keep a pattern as an engineer wrote it.

        Raises:
            NotFound: there is no such pattern.
        """
        async with self._transaction() as tx:
            known = await pattern_in(tx, edited.id, lock=True)
            kept = edited.model_copy(update={"edited_by": user})
            await write(tx, kept)
            await self._audit(tx, user, "pattern_edited", edited.id, _differences(known, kept), at)
            return await pattern_in(tx, edited.id)

    async def merge(self, number: int, into: int, user: str, at: datetime) -> Pattern:
        """Let one pattern stand for both; what it is merged from is kept, retired. Returns the one that stands.

        Raises:
            SrebotError: they are one, or have different causes.
            NotFound: there is no such pattern.
        """
        async with self._transaction() as tx:
            # Always in one order, so that two who merge at once do not wait for each other.
            found = {n: await pattern_in(tx, n, lock=True) for n in sorted((number, into))}
            gone, kept = found[number], found[into]
            if number == into:
                raise SrebotError("A pattern cannot be merged with itself.")
            if gone.mode != kept.mode:
                raise SrebotError(
                    f"Pattern {number} is of {gone.mode}, pattern {into} of {kept.mode}: edit the cause of one first."
                )
            await _move_sightings(tx, number, into)
            await write(tx, together(kept, gone, user))
            retired = {"state": PatternState.RETIRED, "merged_into": into, "edited_by": user}
            await write(tx, gone.model_copy(update=retired))
            await self._audit(tx, user, "pattern_merged", number, {"into": into}, at)
            return await pattern_in(tx, into)

    async def split(self, number: int, part: Pattern, user: str, at: datetime) -> Pattern:
        """Hold what one investigation taught apart from the pattern that it was counted into. Returns the new one.

        Args:
            number: the pattern that it was counted into.
            part: what ``part.investigation`` taught by itself.
            user: who wants it.
            at: when.

        Raises:
            SrebotError: the pattern comes from no other investigation.
            NotFound: there is no such pattern.
        """
        row = PatternSightingRow
        async with self._transaction() as tx:
            known = await pattern_in(tx, number, lock=True)
            own = row.pattern_id == number
            seen = (await tx.scalars(select(row.investigation).where(own))).all()
            if part.investigation not in seen or len(seen) < 2:
                raise SrebotError(
                    f"Pattern {number} cannot be split by investigation {part.investigation}: it comes from "
                    f"{', '.join(map(str, seen)) or 'no investigation'}."
                )
            new = await _variant(tx, part.model_copy(update={"times_seen": 1, "edited_by": user}))
            moved = update(row).where(own, row.investigation == part.investigation)
            await tx.execute(moved.values(pattern_id=new))
            less = {"times_seen": max(1, known.times_seen - 1), "edited_by": user}
            await write(tx, known.model_copy(update=less))
            details = {"investigation": part.investigation, "new": new}
            await self._audit(tx, user, "pattern_split", number, details, at)
            return await pattern_in(tx, new)

    async def retire(self, number: int, user: str, at: datetime) -> Pattern:
        """Let a pattern no longer be recalled; it is kept, and can be put back by an edit of its state.

        Raises:
            NotFound: there is no such pattern.
        """
        async with self._transaction() as tx:
            known = await pattern_in(tx, number, lock=True)
            gone = {"state": PatternState.RETIRED, "edited_by": user}
            await write(tx, known.model_copy(update=gone))
            await self._audit(tx, user, "pattern_retired", number, {"state": known.state.value}, at)
            return await pattern_in(tx, number)

    async def _audit(
        self, tx: AsyncSession, user: str, action: str, number: int, details: Json, at: datetime
    ) -> None:
        subject = f"pattern:{number}"
        await Audit(self._sessions).append(user, action, subject, details, at, session=tx)


def together(kept: Pattern, gone: Pattern, user: str) -> Pattern:
    """One pattern that stands for both."""
    return kept.model_copy(
        update={
            "symptoms": _union(kept.symptoms, gone.symptoms)[:SYMPTOMS_KEPT],
            "features": _union(kept.features, gone.features)[:FEATURES_KEPT],
            "checks": _union(kept.checks, gone.checks)[:SYMPTOMS_KEPT],
            "times_seen": kept.times_seen + gone.times_seen,
            "times_right": kept.times_right + gone.times_right,
            "times_wrong": kept.times_wrong + gone.times_wrong,
            "fix": kept.fix or gone.fix,
            "fix_note": kept.fix_note or gone.fix_note,
            "last_seen": max(kept.last_seen, gone.last_seen),
            "edited_by": user,
        }
    )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


async def _move_sightings(tx: AsyncSession, number: int, into: int) -> None:
    row = PatternSightingRow
    known = select(row.investigation).where(row.pattern_id == into)
    both = row.investigation.in_(known.scalar_subquery())
    await tx.execute(delete(row).where(row.pattern_id == number, both))
    await tx.execute(update(row).where(row.pattern_id == number).values(pattern_id=into))


async def _variant(tx: AsyncSession, pattern: Pattern) -> int:
    """Store a pattern under the next number of variants of its cause; its id."""
    row = PatternRow
    same = [getattr(row, n) == getattr(pattern, n) for n in ("mode", "entity", "entity_kind")]
    same.append(row.environment == pattern.environment)
    last = await tx.scalar(select(func.max(row.variant)).where(*same))
    numbered = pattern.model_copy(update={"variant": (last or 0) + 1})
    values: dict[str, Any] = row_of(numbered, without=("id", "why", "likeness"), clean=True)
    made = await tx.execute(
        insert(row).values({**values, "words": words_of(numbered)}).returning(row.id)
    )
    return int(made.scalar_one())


def _differences(before: Pattern, after: Pattern) -> Json:
    """What was changed, before and after."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    shown = ("symptoms", "mode", "entity", "fix_note", "state")
    return {n: [one[n], other[n]] for n in shown if one[n] != other[n]}
