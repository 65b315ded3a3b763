"""Forgetting: what is kept of an entity or a person, or is older than a time, goes for good.

The audit log is append-only and stays, as do the decisions on proposals: both name people by Slack's ids alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    String,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Delete, Update

from agent.store.repositories import Repository
from agent.store.tables import (
    AliasRow,
    AttentionRow,
    Base,
    EntityNoteRow,
    EntityRow,
    ExchangeRow,
    ExperienceRow,
    FeedbackRow,
    FindingRow,
    FreezeRow,
    GraphChangeRow,
    IdentityRow,
    InvestigationRow,
    IssueRow,
    IssueSignalRow,
    JournalRow,
    ModelTextRow,
    NoteRow,
    PatternRow,
    PatternSightingRow,
    RelationRow,
    SightingRow,
    SignalRow,
    StepRow,
    TriageDecisionRow,
)

FORGOTTEN = "[forgotten]"
"""In the place of words and names that are gone."""
_ENDED = ("closed", "stopped", "failed")
_TALK = ("request", "question", "ticket", "correction")
"""Signals whose words are a person's own."""

Counts = Mapping[str, int]
"""Rows that went or were emptied, by table."""


class Forgetting(Repository):
    """Deletes for good. Each call is one transaction; a rehearsal takes it back, so that its counts are the true ones."""

    async def entity(self, key: str, *, rehearse: bool = False) -> Counts:
        """Forget a thing of the graph: its relations and notes, the patterns of it, and the investigations into it.

        Investigations into other things that only mention it keep their records. A source that still shows the thing
        brings it back to the graph with its next scan.
        """
        namespace, _, name = [*key.split("/", 2), "", ""][:3]
        async with self._rehearsable(rehearse) as (tx, gone):
            found = union(
                select(InvestigationRow.id)
                .join(SignalRow, SignalRow.key == InvestigationRow.signal_key)
                .where(SignalRow.service == name, SignalRow.namespace.in_((namespace, ""))),
                select(FindingRow.investigation_id).where(
                    FindingRow.entity == name, FindingRow.namespace.in_((namespace, ""))
                ),
            )
            numbers = list((await tx.execute(found)).scalars())
            taught = or_(PatternRow.entity == name, PatternRow.alerted == name)
            await _run(tx, gone, delete(PatternRow).where(taught))
            await _investigations(tx, gone, numbers)
            about = (SignalRow.service == name, SignalRow.namespace.in_((namespace, "")))
            await _signals(tx, gone, about)
            await _run(tx, gone, delete(EntityNoteRow).where(EntityNoteRow.entity == key))
            await _graph(tx, gone, key)
        return gone

    async def user(self, user: str, *, rehearse: bool = False) -> Counts:
        """Forget what a person said and judged. The journals and model texts of the investigations that they took part
        in go with it, so that these can no longer be played again."""
        async with self._rehearsable(rehearse) as (tx, gone):
            asked = (SignalRow.requested_by == user, SignalRow.kind.in_(_TALK))
            spoke = union(
                select(NoteRow.investigation_id).where(NoteRow.user == user),
                select(InvestigationRow.id)
                .join(SignalRow, SignalRow.key == InvestigationRow.signal_key)
                .where(SignalRow.requested_by == user),
                select(StepRow.investigation_id).where(_names_in_talk(user)),
            )
            numbers = list((await tx.execute(spoke)).scalars())
            for row in (JournalRow, ExchangeRow):
                await _run(tx, gone, delete(row).where(row.investigation_id.in_(numbers)))
            await _unused_texts(tx, gone)
            emptied: dict[str, Any] = {
                "raw": None,
                "series": None,
                "data": {},
                "observation": FORGOTTEN,
            }
            await _run(tx, gone, update(StepRow).where(_names_in_talk(user)).values(emptied))
            await _run(tx, gone, delete(NoteRow).where(NoteRow.user == user))
            await _run(tx, gone, delete(FeedbackRow).where(FeedbackRow.user == user))
            await _run(tx, gone, delete(ExperienceRow).where(ExperienceRow.user == user))
            mine = or_(EntityNoteRow.author == user, EntityNoteRow.kept_by == user)
            await _run(tx, gone, delete(EntityNoteRow).where(mine))
            struck = {"title": FORGOTTEN, "text": FORGOTTEN}
            titles = select(SignalRow.key).where(*asked)
            told = update(TriageDecisionRow).where(TriageDecisionRow.signal.in_(titles))
            await _run(tx, gone, told.values(title=FORGOTTEN))
            await _run(tx, gone, update(SignalRow).where(*asked).values(struck))
            by = update(SignalRow).where(SignalRow.requested_by == user)
            await _run(tx, gone, by.values(requested_by=FORGOTTEN))
            edited = update(PatternRow).where(PatternRow.edited_by == user)
            await _run(tx, gone, edited.values(edited_by=FORGOTTEN))
            froze = update(FreezeRow).where(FreezeRow.by == user)
            await _run(tx, gone, froze.values(by=FORGOTTEN, reason=FORGOTTEN))
        return gone

    async def older_than(self, before: datetime, *, rehearse: bool = False) -> Counts:
        """Forget the investigations that ended before a time, and the signals and changes of before it."""
        async with self._rehearsable(rehearse) as (tx, gone):
            ended = select(InvestigationRow.id).where(
                InvestigationRow.status.in_(_ENDED), InvestigationRow.ended_at < before
            )
            await _investigations(tx, gone, list((await tx.execute(ended)).scalars()))
            await _signals(tx, gone, (SignalRow.occurred_at < before,))
            over = (
                IssueRow.closed_at < before,
                ~exists().where(IssueSignalRow.issue_id == IssueRow.id),
            )
            await _run(tx, gone, delete(IssueRow).where(*over))
            await _run(tx, gone, delete(GraphChangeRow).where(GraphChangeRow.at < before))
            await _run(tx, gone, delete(AttentionRow).where(AttentionRow.posted_at < before))
        return gone

    async def has_run(self) -> bool:
        """Whether a bot ever worked on this database, so that there are records of workflows (DBOS)."""
        async with self._transaction() as tx:
            found = await tx.execute(select(func.to_regclass("dbos.workflow_status")))
            return found.scalar_one() is not None

    @asynccontextmanager
    async def _rehearsable(
        self, rehearse: bool
    ) -> AsyncIterator[tuple[AsyncSession, Counter[str]]]:
        gone: Counter[str] = Counter()
        async with self._transaction() as tx:
            yield tx, gone
            if rehearse:
                await tx.rollback()


def _names_in_talk(user: str) -> ColumnElement[bool]:
    """Look-ups in Slack that show a person's messages."""
    shown = or_(
        StepRow.observation.contains(user, autoescape=True),
        cast(StepRow.data, String).contains(user, autoescape=True),
    )
    return (StepRow.source == "slack") & shown


async def _run(tx: AsyncSession, gone: Counter[str], statement: Delete | Update) -> None:
    done = await tx.execute(statement)
    assert isinstance(done, CursorResult)
    if done.rowcount:
        gone[str(statement.table)] += done.rowcount


async def _investigations(tx: AsyncSession, gone: Counter[str], numbers: list[int]) -> None:
    """Investigations with all that hangs on them; their signals are ``_signals``' to take."""
    sightings = delete(PatternSightingRow).where(PatternSightingRow.investigation.in_(numbers))
    await _run(tx, gone, sightings)
    said = delete(EntityNoteRow).where(EntityNoteRow.investigation.in_(numbers))
    await _run(tx, gone, said)
    await _run(tx, gone, delete(AttentionRow).where(AttentionRow.investigation.in_(numbers)))
    judged = FeedbackRow.subject_id.in_([str(n) for n in numbers])
    await _run(tx, gone, delete(FeedbackRow).where(FeedbackRow.subject_kind == "finding", judged))
    await _cascaded(tx, gone, numbers)
    await _run(tx, gone, delete(InvestigationRow).where(InvestigationRow.id.in_(numbers)))
    await _unused_texts(tx, gone)


async def _cascaded(tx: AsyncSession, gone: Counter[str], numbers: list[int]) -> None:
    """Count what the database deletes along with investigations."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is InvestigationRow.__table__ and key.ondelete == "CASCADE":
                counted = select(func.count()).select_from(table).where(key.parent.in_(numbers))
                if found := (await tx.execute(counted)).scalar_one():
                    gone[table.name] += found


async def _signals(
    tx: AsyncSession, gone: Counter[str], which: tuple[ColumnElement[bool], ...]
) -> None:
    """Signals that no investigation is left of, with what was decided on them."""
    free = ~exists().where(InvestigationRow.signal_key == SignalRow.key)
    keys = list((await tx.execute(select(SignalRow.key).where(*which, free))).scalars())
    for part in (IssueSignalRow.signal_key, TriageDecisionRow.signal):
        await _run(tx, gone, delete(part.class_).where(part.in_(keys)))
    await _run(tx, gone, delete(SignalRow).where(SignalRow.key.in_(keys)))


async def _unused_texts(tx: AsyncSession, gone: Counter[str]) -> None:
    """What models were shown goes when no exchange is left that shows it."""
    shown = exists().where(
        or_(
            ExchangeRow.tools == ModelTextRow.hash,
            ExchangeRow.reply == ModelTextRow.hash,
            ExchangeRow.messages.contains(func.to_jsonb(ModelTextRow.hash)),
        )
    )
    await _run(tx, gone, delete(ModelTextRow).where(~shown))


async def _graph(tx: AsyncSession, gone: Counter[str], key: str) -> None:
    ends = (
        RelationRow.source == key,
        RelationRow.target == key,
        RelationRow.seen_source == key,
        RelationRow.seen_target == key,
    )
    await _run(tx, gone, delete(RelationRow).where(or_(*ends)))
    seen = or_(SightingRow.entity == key, SightingRow.key == key)
    await _run(tx, gone, delete(SightingRow).where(seen))
    await _run(tx, gone, delete(AliasRow).where(AliasRow.entity == key))
    same = or_(IdentityRow.alias == key, IdentityRow.canonical == key)
    await _run(tx, gone, delete(IdentityRow).where(same))
    changed = or_(GraphChangeRow.entity == key, GraphChangeRow.other == key)
    await _run(tx, gone, delete(GraphChangeRow).where(changed))
    await _run(tx, gone, delete(EntityRow).where(EntityRow.key == key))
