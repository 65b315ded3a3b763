"""What engineers want done with patterns: checked against closed investigations first, then done, then said."""

from __future__ import annotations

from agent.errors import SrebotError
from agent.learning.backtest import Backtest, backtested
from agent.learning.patterns import pattern_of
from agent.model import Pattern, PatternState
from agent.ports import Clock
from agent.store.pattern_edits import together
from agent.store.repository import Store


class PatternKeeping:
    """The patterns, as surfaces work with them. Who may is decided before; each change is in the audit log."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def found(self, text: str = "") -> tuple[Pattern, ...]:
        """The patterns, those seen last first; with ``text`` those that it finds."""
        return await self._store.patterns.list(text)

    async def one(self, number: int) -> Pattern:
        """One pattern.

        Raises:
            NotFound: there is no such pattern.
        """
        return await self._store.patterns.get(number)

    async def sources(self, number: int) -> tuple[int, ...]:
        """The investigations that a pattern comes from."""
        return tuple(await self._store.patterns.sightings(number))

    async def edit(self, edited: Pattern, user: str) -> str:
        """Keep it as an engineer wrote it, unless verdicts get worse by it; returns what to tell them."""
        report = await backtested(self._store, edited)
        if report.is_worse:
            return await self._refused(report, "pattern_edit_refused", edited.id, user)
        kept = await self._store.pattern_edits.edit(edited, user, self._clock.now())
        return f"Pattern {kept.id} is kept as you wrote it ({kept.state.value}). {report.sentence}"

    async def merge(self, number: int, into: int, user: str) -> str:
        """Let one pattern stand for both; returns what to tell."""
        gone, kept = await self.one(number), await self.one(into)
        without = gone.model_copy(update={"state": PatternState.RETIRED})
        report = await backtested(self._store, together(kept, gone, user), without)
        if report.is_worse:
            return await self._refused(report, "pattern_merge_refused", number, user)
        merged = await self._store.pattern_edits.merge(number, into, user, self._clock.now())
        seen = merged.times_seen
        return f"Pattern {number} is merged into {into}, now seen {seen} times. {report.sentence}"

    async def split(self, number: int, investigation: int, user: str) -> str:
        """Hold what one investigation taught apart; returns what to tell.

        Raises:
            SrebotError: the pattern does not come from that investigation, or from it alone.
        """
        case = await self._store.cases.load(investigation)
        part = pattern_of(case)
        if part is None:
            raise SrebotError(f"Investigation {investigation} found no cause to hold apart.")
        new = await self._store.pattern_edits.split(number, part, user, self._clock.now())
        return f"What investigation {investigation} taught is pattern {new.id} now, apart from {number}."

    async def retire(self, number: int, user: str) -> str:
        """Let a pattern no longer be recalled; returns what to tell."""
        await self._store.pattern_edits.retire(number, user, self._clock.now())
        return f"Pattern {number} is deleted: it is no longer recalled, and makes nothing likelier."

    async def _refused(self, report: Backtest, action: str, number: int, user: str) -> str:
        now, subject = self._clock.now(), f"pattern:{number}"
        await self._store.audit.append(user, action, subject, report.details, now)
        return f"Not taken: {report.sentence}"
