"""Proposals, the decisions on them, and their outcomes, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.errors import Refused
from agent.model import (
    Approval,
    ChangeKind,
    Outcome,
    Proposal,
    ProposalStatus,
    standing_of,
)
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import ApprovalRow, OutcomeRow, ProposalRow

_WENT_THROUGH = ("approved", "applied", "failed")
"""What enough people approved; in dry-run mode they approve with less care."""


class Proposals(Repository):
    """Planned changes put before people.

    What they hold is not redacted: an approval is bound to a hash over it. Whoever plans a change shows no secrets.
    """

    async def add(self, proposal: Proposal) -> bool:
        """Keep a proposal; an open one of the same kind for the same target in the investigation is superseded.

        False when its id was known (then nothing changes).
        """
        change = proposal.change
        row = {
            **row_of(proposal),
            "kind": change.kind.value,
            "target_key": change.target.key,
            "digest": proposal.digest,
        }
        async with self._transaction() as tx:
            if await tx.get(ProposalRow, proposal.id) is not None:
                return False
            await tx.execute(
                update(ProposalRow)
                .where(
                    ProposalRow.investigation == proposal.investigation,
                    ProposalRow.kind == row["kind"],
                    ProposalRow.target_key == row["target_key"],
                    ProposalRow.status == ProposalStatus.OPEN.value,
                )
                .values(status=ProposalStatus.SUPERSEDED.value)
            )
            added = await tx.execute(
                insert(ProposalRow)
                .values(row)
                .on_conflict_do_nothing(index_elements=["id"])
                .returning(ProposalRow.id)
            )
            return added.first() is not None

    async def get(self, proposal: UUID) -> Proposal | None:
        """The proposal of that id."""
        statement = select(ProposalRow.__table__).where(ProposalRow.id == proposal)
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Proposal, row)

    async def set_status(self, proposal: UUID, status: ProposalStatus) -> None:
        """Where it stands now."""
        async with self._transaction() as tx:
            await tx.execute(
                update(ProposalRow).where(ProposalRow.id == proposal).values(status=status.value)
            )

    async def set_link(self, proposal: UUID, link: str) -> None:
        """Where its pull request is."""
        async with self._transaction() as tx:
            await tx.execute(
                update(ProposalRow).where(ProposalRow.id == proposal).values(link=link)
            )

    async def end(self, proposal: UUID, status: ProposalStatus) -> bool:
        """End an open proposal that nobody decided on; False when it is no longer open (then nothing changes)."""
        ended = (
            update(ProposalRow)
            .where(ProposalRow.id == proposal, ProposalRow.status == ProposalStatus.OPEN.value)
            .values(status=status.value)
            .returning(ProposalRow.id)
        )
        async with self._transaction() as tx:
            return (await tx.execute(ended)).first() is not None

    async def of(self, investigation: int) -> tuple[Proposal, ...]:
        """The proposals of an investigation, oldest first."""
        statement = (
            select(ProposalRow.__table__)
            .where(ProposalRow.investigation == investigation)
            .order_by(ProposalRow.created_at)
        )
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return tuple(value_of(Proposal, row) for row in rows)

    async def kinds_approved(self, environment: str) -> frozenset[ChangeKind]:
        """The kinds of change that people approved in an environment before."""
        statement = (
            select(ProposalRow.kind)
            .join(ApprovalRow, ApprovalRow.proposal == ProposalRow.id)
            .where(
                ProposalRow.environment == environment,
                ApprovalRow.approved,
                ProposalRow.status.in_(_WENT_THROUGH),
            )
            .distinct()
        )
        async with self._transaction() as tx:
            return frozenset(map(ChangeKind, (await tx.execute(statement)).scalars()))


class Approvals(Repository):
    """People's decisions: each person has one on a proposal, and it is decided once, whatever is clicked."""

    async def record(self, approval: Approval, *, session: AsyncSession | None = None) -> bool:
        """Keep a person's decision, and decide the proposal once enough approved, or one rejected.

        Whoever approved may still reject while others are waited for; nobody can take a rejection back.

        Returns:
            False when the proposal was decided, or this person had decided the same, before; then nothing changes.

        Raises:
            Refused: the proposal is unknown, no longer open, expired, or not the one that was shown.
        """
        async with self._transaction(session) as tx:
            found = await tx.execute(
                select(ProposalRow.__table__)
                .where(ProposalRow.id == approval.proposal)
                .with_for_update()
            )
            row = found.mappings().first()
            if row is None:
                raise Refused(
                    "This proposal is not known here; look in the thread for a newer one."
                )
            proposal, given = value_of(Proposal, row), await _given(tx, approval.proposal)
            if proposal.status in _DECIDED or _said(given, approval):
                return False
            _check_decidable(proposal, row["digest"], approval)
            await _keep(tx, approval)
            others = [a for a in given if a.user != approval.user]
            standing = standing_of(proposal, [*others, approval])
            await tx.execute(
                update(ProposalRow)
                .where(ProposalRow.id == approval.proposal)
                .values(status=standing.status.value)
            )
            return True

    async def of(
        self, proposal: UUID, *, session: AsyncSession | None = None
    ) -> tuple[Approval, ...]:
        """The decisions on a proposal, in their order."""
        async with self._transaction(session) as tx:
            return await _given(tx, proposal)


_DECIDED = frozenset({ProposalStatus.APPROVED, ProposalStatus.REJECTED})


async def _given(tx: AsyncSession, proposal: UUID) -> tuple[Approval, ...]:
    statement = (
        select(ApprovalRow.__table__)
        .where(ApprovalRow.proposal == proposal)
        .order_by(ApprovalRow.decided_at, ApprovalRow.user)
    )
    rows = (await tx.execute(statement)).mappings().all()
    return tuple(value_of(Approval, row) for row in rows)


async def _keep(tx: AsyncSession, approval: Approval) -> None:
    row = row_of(approval, clean=True)
    statement = insert(ApprovalRow).values(row)
    key = ("proposal", "user")
    later = {name: statement.excluded[name] for name in row if name not in key}
    await tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=later))


def _said(given: Sequence[Approval], approval: Approval) -> bool:
    return any((a.user, a.approved) == (approval.user, approval.approved) for a in given)


def _check_decidable(proposal: Proposal, digest: str, approval: Approval) -> None:
    if proposal.status is not ProposalStatus.OPEN:
        raise Refused(f"This proposal is {proposal.status.value}; it can no longer be decided.")
    if approval.decided_at >= proposal.expires_at:
        raise Refused(
            f"This proposal expired at {proposal.expires_at:%Y-%m-%d %H:%M} UTC; ask for a fresh one."
        )
    if approval.digest != digest:
        raise Refused(
            "The change is no longer the one that was shown; look at it and decide again."
        )


class Outcomes(Repository):
    """What was seen after changes."""

    async def add(self, outcome: Outcome) -> None:
        """Keep what was seen; a later look at the same proposal takes the place of an earlier one."""
        row = row_of(outcome, clean=True)
        statement = insert(OutcomeRow).values(row)
        async with self._transaction() as tx:
            await tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["proposal"],
                    set_={name: statement.excluded[name] for name in row if name != "proposal"},
                )
            )

    async def of(self, proposal: UUID) -> Outcome | None:
        """What was seen after a proposal was applied."""
        statement = select(OutcomeRow.__table__).where(OutcomeRow.proposal == proposal)
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Outcome, row)
