"""Pages in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import InstrumentedAttribute

from agent.model.base import Utc
from agent.model.pages import Page, PageStatus
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables.pages import PageRow


class Pages(Repository):
    """Whom srebot woke, and what became of it."""

    async def claim(self, page: Page) -> Page:
        """Take a page in hand before it is sent; returns what is known of its key, which may be an earlier one."""
        statement = insert(PageRow).values(row_of(page)).on_conflict_do_nothing()
        async with self._transaction() as tx:
            await tx.execute(statement)
        found = await self.get(page.key)
        return found or page

    async def sent(self, key: str, incident: str, link: str, *, opened: bool) -> None:
        """It is out: by this incident, which srebot ``opened`` or found open."""
        async with self._transaction() as tx:
            await tx.execute(
                update(PageRow)
                .where(PageRow.key == key)
                .values(incident=incident, link=link, opened=opened)
            )

    async def stands(self, key: str, status: PageStatus, acknowledged_by: str = "") -> None:
        """Where it stands now."""
        values = {"status": status.value}
        if acknowledged_by:
            values["acknowledged_by"] = acknowledged_by
        async with self._transaction() as tx:
            await tx.execute(update(PageRow).where(PageRow.key == key).values(values))

    async def wrote(self, key: str, digest: str) -> None:
        """Remember a note before it is written, so that it is known again when it comes back."""
        await self._append(key, PageRow.notes, digest)

    async def told(self, key: str, what: str) -> None:
        """The thread was told of this."""
        await self._append(key, PageRow.told, what)

    async def _append(self, key: str, column: InstrumentedAttribute[list[Any]], item: str) -> None:
        more = func.jsonb_build_array(literal(item), type_=JSONB)
        statement = update(PageRow).where(PageRow.key == key, ~column.contains([item]))
        async with self._transaction() as tx:
            await tx.execute(statement.values({column: column.op("||")(more)}))

    async def get(self, key: str) -> Page | None:
        """The page of that key."""
        return await self._one(PageRow.key == key)

    async def of_investigation(self, investigation: int) -> Page | None:
        """The page that an investigation sent."""
        return await self._one(PageRow.investigation == investigation)

    async def of_incident(self, incident: str, key: str = "") -> Page | None:
        """The page behind an incident, by its id or its key."""
        found = await self._one(PageRow.incident == incident) if incident else None
        return found or (await self.get(key) if key else None)

    async def open(self, since: Utc) -> tuple[Page, ...]:
        """Those that were sent since then and are not resolved, oldest first."""
        statement = (
            select(PageRow.__table__)
            .where(PageRow.status != PageStatus.RESOLVED.value, PageRow.paged_at >= since)
            .order_by(PageRow.paged_at)
        )
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return tuple(value_of(Page, row) for row in rows)

    async def _one(self, condition: object) -> Page | None:
        statement = (
            select(PageRow.__table__)
            .where(condition)  # type: ignore[arg-type]
            .order_by(PageRow.paged_at.desc())
            .limit(1)
        )
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Page, row)
