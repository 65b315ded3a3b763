"""The numbers behind the metrics, counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent.store.investigations import ENDED
from agent.store.repository import Store
from agent.store.tables import (
    AttentionRow,
    FindingRow,
    InvestigationRow,
    MessageRow,
    ProposalRow,
    StepRow,
)

INVESTIGATION_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
TOOL_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Counts = Sequence[tuple[tuple[str, ...], float]]
"""Labels and the number of rows that bear them."""


@dataclass(frozen=True)
class Distribution:
    """How long things took: cumulative counts per upper bound, how many there are, and seconds in all."""

    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    count: int
    seconds: float


@dataclass(frozen=True)
class Figures:
    """What the database holds at one moment, of all processes together."""

    investigations: Counts
    """By ending and reasoner: those that ended."""
    open_investigations: Counts
    """By status."""
    tool_calls: Counts
    """By vendor and status."""
    proposals: Counts
    """By status."""
    messages: Counts
    """By kind and state."""
    attention: Counts
    """What was said unasked, by channel, kind and score."""
    investigation_seconds: Sequence[Distribution]
    tool_seconds: Sequence[Distribution]
    """By vendor."""
    tokens: dict[str, float]
    """Prompt and completion."""
    usd: float


async def count(store: Store) -> Figures:
    """Count, in one read of the database."""
    async with store.sessions.begin() as tx:
        tokens = (await tx.execute(_spent())).mappings().one()
        return Figures(
            investigations=await _counts(tx, _ended(), 2),
            open_investigations=await _counts(tx, _open(), 1),
            tool_calls=await _counts(tx, _grouped(_vendor(), StepRow.status), 2),
            proposals=await _counts(tx, _grouped(ProposalRow.status), 1),
            messages=await _counts(tx, _grouped(MessageRow.kind, MessageRow.state), 2),
            attention=await _counts(
                tx, _grouped(AttentionRow.channel, AttentionRow.kind, AttentionRow.score), 3
            ),
            investigation_seconds=await _distributions(tx, _investigation_times(), 0),
            tool_seconds=await _distributions(tx, _tool_times(), 1),
            tokens={"prompt": float(tokens["prompt"]), "completion": float(tokens["completion"])},
            usd=float(tokens["usd"]),
        )


def _vendor() -> ColumnElement[str]:
    """A call that failed has no reading, but its tool is named after its vendor."""
    return func.coalesce(StepRow.source, func.split_part(StepRow.check["tool"].astext, "_", 1))


def _spending(name: str) -> ColumnElement[float]:
    number: ColumnElement[float] = InvestigationRow.spent[name].astext.cast(Float)
    return number


def _grouped(*labels: Any) -> Select[Any]:
    columns: list[Any] = [*labels, func.count()]
    return select(*columns).group_by(*_places(len(labels)))


def _places(labels: int) -> list[ColumnElement[Any]]:
    """The first columns by their place: an expression with parameters is not equal to itself for GROUP BY."""
    return [literal_column(str(place + 1)) for place in range(labels)]


def _ended() -> Select[Any]:
    """An investigation that was stopped or failed ended so, whatever it had found."""
    closed = InvestigationRow.status == "closed"
    ending = case(
        (closed, func.coalesce(FindingRow.ending, InvestigationRow.status)),
        else_=InvestigationRow.status,
    )
    return (
        _grouped(ending, InvestigationRow.reasoner)
        .outerjoin(FindingRow, FindingRow.investigation_id == InvestigationRow.id)
        .where(InvestigationRow.status.in_(ENDED))
    )


def _open() -> Select[Any]:
    return _grouped(InvestigationRow.status).where(InvestigationRow.status.not_in(ENDED))


def _spent() -> Select[Any]:
    names = {"prompt": "prompt_tokens", "completion": "completion_tokens", "usd": "usd"}
    sums: list[Any] = [
        func.coalesce(func.sum(_spending(n)), 0).label(label) for label, n in names.items()
    ]
    return select(*sums)


def _investigation_times() -> Select[Any]:
    seconds = _spending("seconds")
    ended = InvestigationRow.status.in_(ENDED)
    return _times(seconds, INVESTIGATION_SECONDS).where(ended)


def _tool_times() -> Select[Any]:
    return _times(StepRow.seconds, TOOL_SECONDS, _vendor()).group_by(*_places(1))


def _times(seconds: Any, bounds: Sequence[float], *labels: Any) -> Select[Any]:
    within = (func.count().filter(seconds <= bound) for bound in bounds)
    columns: list[Any] = [*labels, *within, func.count(), func.coalesce(func.sum(seconds), 0)]
    return select(*columns)


async def _counts(tx: AsyncSession, statement: Select[Any], labels: int) -> Counts:
    rows = await tx.execute(statement)
    return [(tuple(str(v) for v in row[:labels]), float(row[labels])) for row in rows]


async def _distributions(
    tx: AsyncSession, statement: Select[Any], labels: int
) -> Sequence[Distribution]:
    rows = await tx.execute(statement)
    return [
        Distribution(
            tuple(str(v) for v in row[:labels]), tuple(row[labels:-2]), row[-2], float(row[-1])
        )
        for row in rows
    ]
