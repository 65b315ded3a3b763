"""Track records, computed from the changes that were applied and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from agent.learning import trust
from agent.learning.trust import AppliedChange, Standing, Trial
from agent.model import (
    Change,
    Observed,
    OutcomeStatus,
    ProposalStatus,
    TrackRecord,
    Verdict,
    Via,
)
from agent.store.mapping import value_of
from agent.store.repositories import Repository
from agent.store.tables import (
    InvestigationRow,
    OutcomeRow,
    ProposalRow,
    VerdictRow,
    WithdrawalRow,
)

MOST_CHANGES = 2000
"""How many of the latest changes make the records."""
MOST_FINDINGS = 100
"""How many of the latest verdicts on a mode make its standing."""
_APPLIED = ProposalRow.status == ProposalStatus.APPLIED.value
_FAILED_AT_THE_CLUSTER = and_(
    ProposalRow.status == ProposalStatus.FAILED.value,
    # A pull request that could not be opened has changed nothing.
    func.coalesce(ProposalRow.plan["via"].astext, "") != Via.PULL_REQUEST.value,
)
_RELAPSES = ("alert", "neighbours")

Place = tuple[str, str, str]
"""Service, kind of change, environment."""


def subject_of_record(service: str, kind: str, environment: str) -> str:
    """What automation of a kind of change at a service in an environment is called."""
    return f"record:{service}/{kind}/{environment}"


def subject_of_mode(mode: str) -> str:
    """What automation on findings of a mode is called."""
    return f"mode:{mode}"


class Trust(Repository):
    """Reads the records; writes what was withdrawn and given back."""

    async def record_of(
        self,
        service: str,
        kind: str,
        environment: str,
        *,
        mode: str = "",
        now: datetime | None = None,
    ) -> TrackRecord:
        """How changes of a kind went at a service in an environment.

        Args:
            service: as ``agent.learning.trust.service_of`` names it.
            kind: of the change.
            environment: where.
            mode: of the finding that the change is to mend: its own record may withdraw automation as well.
            now: the present.
        """
        now = now or datetime.now(UTC)
        subject = subject_of_record(service, kind, environment)
        async with self._transaction() as tx:
            found = await _changes(tx, kind=kind, environment=environment)
            restored = await _restored(tx, (subject, subject_of_mode(mode)))
            against = await _against_mode(tx, mode, restored) if mode else ""
        trials = _trials((change for _, change in found if change.service == service), now)
        return trust.record(service, kind, environment, trials, restored.get(subject, ()), against)

    async def records(self, now: datetime, service: str = "") -> Sequence[TrackRecord]:
        """All records, of the most changes first; of one service if it is given."""
        async with self._transaction() as tx:
            found = await _changes(tx)
            restored = await _restored(tx)
        places: dict[Place, list[AppliedChange]] = {}
        for (kind, environment), change in found:
            if not service or change.service == service:
                places.setdefault((change.service, kind, environment), []).append(change)
        made = [
            trust.record(*place, _trials(changes, now), restored.get(subject_of_record(*place), ()))
            for place, changes in places.items()
        ]
        return sorted(made, key=lambda r: (-r.successes - r.failures, r.service, r.kind))

    async def standing_of_mode(self, mode: str) -> Standing:
        """Whether changes for findings of a mode may go without asking, as their verdicts say."""
        async with self._transaction() as tx:
            restored = await _restored(tx, (subject_of_mode(mode),))
            return await _standing_of_mode(tx, mode, restored)

    async def withdraw(self, subject: str, at: datetime, reason: str) -> bool:
        """Enter that automation is withdrawn; False when that is entered already (then it was said as well).

        Args:
            subject: from what: ``subject_of_record`` or ``subject_of_mode``.
            at: of the trial that withdrew it.
            reason: in a sentence.
        """
        standing_open = exists().where(
            WithdrawalRow.subject == subject, WithdrawalRow.restored_at.is_(None)
        )
        async with self._transaction() as tx:
            if await tx.scalar(select(standing_open)):
                return False
            entered = await tx.execute(
                insert(WithdrawalRow)
                .values(subject=subject, at=at, reason=reason)
                .on_conflict_do_nothing()
                .returning(WithdrawalRow.subject)
            )
            return entered.first() is not None

    async def withdrawn(self) -> Mapping[str, str]:
        """What automation is entered as withdrawn from, and why."""
        statement = (
            select(WithdrawalRow.subject, WithdrawalRow.reason)
            .where(WithdrawalRow.restored_at.is_(None))
            .order_by(WithdrawalRow.at)
        )
        async with self._transaction() as tx:
            return {row.subject: row.reason for row in await tx.execute(statement)}

    async def restore(self, subject: str, user: str, now: datetime) -> None:
        """Enter that an engineer gave automation back: what went wrong before counts no more against it."""
        given = {"restored_by": user, "restored_at": now}
        async with self._transaction() as tx:
            await tx.execute(
                update(WithdrawalRow)
                .where(WithdrawalRow.subject == subject, WithdrawalRow.restored_at.is_(None))
                .values(given)
            )
            await tx.execute(
                insert(WithdrawalRow)
                .values(subject=subject, at=now, reason="", **given)
                .on_conflict_do_nothing()
            )


async def _changes(
    tx: AsyncSession, **where: str
) -> Sequence[tuple[tuple[str, str], AppliedChange]]:
    """The latest changes with their kind and environment; ways back are no changes of their own."""
    statement = _changes_statement().order_by(ProposalRow.created_at.desc()).limit(MOST_CHANGES)
    for name, value in where.items():
        statement = statement.where(getattr(ProposalRow, name) == value)
    rows = (await tx.execute(statement)).mappings().all()
    return [((row["kind"], row["environment"]), _change(row)) for row in rows]


def _changes_statement() -> Select[Any]:
    back = aliased(ProposalRow)
    taken_back = exists().where(
        back.reverts == ProposalRow.id, back.status == ProposalStatus.APPLIED.value
    )
    return (
        select(
            ProposalRow.kind,
            ProposalRow.environment,
            ProposalRow.change,
            ProposalRow.status,
            ProposalRow.created_at,
            OutcomeRow.status.label("outcome"),
            OutcomeRow.observed_at,
            VerdictRow.observed,
            taken_back.label("taken_back"),
        )
        .outerjoin(OutcomeRow, OutcomeRow.proposal == ProposalRow.id)
        .outerjoin(VerdictRow, VerdictRow.investigation == ProposalRow.investigation)
        .where(or_(_APPLIED, _FAILED_AT_THE_CLUSTER), ProposalRow.reverts.is_(None))
    )


def _change(row: RowMapping) -> AppliedChange:
    seen = [Observed.model_validate(o) for o in row["observed"] or ()]
    against = {o.source for o in seen if o.weight < 0}
    return AppliedChange(
        service=trust.service_of(Change.model_validate(row["change"])),
        applied=row["status"] == ProposalStatus.APPLIED.value,
        at=row["observed_at"] or row["created_at"],
        outcome=OutcomeStatus(row["outcome"]) if row["outcome"] else None,
        taken_back=row["taken_back"],
        relapsed=not against.isdisjoint(_RELAPSES),
        unrelated="metrics" in against,
    )


def _trials(changes: Iterable[AppliedChange], now: datetime) -> list[Trial]:
    found = (trust.trial_of(change, now) for change in changes)
    return [trial for trial in found if trial is not None]


async def _restored(
    tx: AsyncSession, subjects: Sequence[str] = ()
) -> dict[str, tuple[datetime, ...]]:
    statement = select(WithdrawalRow.subject, WithdrawalRow.restored_at).where(
        WithdrawalRow.restored_at.is_not(None)
    )
    if subjects:
        statement = statement.where(WithdrawalRow.subject.in_(subjects))
    found: dict[str, tuple[datetime, ...]] = {}
    for subject, at in await tx.execute(statement):
        if at is not None:
            found[subject] = (*found.get(subject, ()), at)
    return found


async def _standing_of_mode(
    tx: AsyncSession, mode: str, restored: dict[str, tuple[datetime, ...]]
) -> Standing:
    statement = (
        select(VerdictRow.__table__, InvestigationRow.ended_at)
        .join(InvestigationRow, InvestigationRow.id == VerdictRow.investigation)
        .where(VerdictRow.mode == mode)
        .order_by(VerdictRow.graded_at.desc())
        .limit(MOST_FINDINGS)
    )
    rows = (await tx.execute(statement)).mappings().all()
    # A second look at an old finding does not make it a new one.
    found = (
        trust.trial_of_verdict(value_of(Verdict, row), row["ended_at"] or row["graded_at"])
        for row in rows
    )
    trials = [trial for trial in found if trial is not None]
    noun = f"findings of {mode.replace('_', ' ')}"
    return trust.standing(trials, restored.get(subject_of_mode(mode), ()), noun=noun)


async def _against_mode(
    tx: AsyncSession, mode: str, restored: dict[str, tuple[datetime, ...]]
) -> str:
    return trust.sentence(await _standing_of_mode(tx, mode, restored))
