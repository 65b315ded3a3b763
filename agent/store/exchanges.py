"""What models were shown and said, in the database: each text once, under its hash, since prompts share their beginnings."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import zstandard
from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Json, Utc, Value
from agent.ports import Exchange
from agent.store.repositories import Repository
from agent.store.tables import ExchangeRow, InvestigationRow, ModelTextRow

USED_TO_THE = timedelta(days=1)
"""How exactly the latest use of a text is known: the system prompt is not written to with every call."""


class KeptExchanges(Value):
    """How many calls of models there were, and of how many the texts are kept."""

    calls: int = 0
    kept: int = 0
    let_go_at: Utc | None = None
    """When texts were last let go, their age having reached the retention's end; None: all are kept."""


class Exchanges(Repository):
    """Keeps the calls of models (``agent.ports.ModelLog``)."""

    async def record(self, exchange: Exchange) -> None:
        """Keep it under the investigation's next number.

        What was asked before in just the same words, for the same purpose, round and attempt, is the same call made again
        after a crash: it keeps its number, and the later reply takes the earlier one's place.
        """
        texts = await asyncio.to_thread(_Texts, exchange)
        row = {
            **exchange.model_dump(include={"purpose", "round", "attempt", "model", "at"}),
            "messages": texts.messages,
            "tools": texts.tools,
            "reply": texts.reply,
            "spent": exchange.spent.model_dump(mode="json"),
            "emptied_at": None,
        }
        async with self._transaction() as tx:
            await _keep(tx, texts.compressed, exchange.at)
            # Calls of one investigation take their numbers one after another.
            of = InvestigationRow.id == exchange.investigation
            await tx.execute(select(InvestigationRow.id).where(of).with_for_update())
            number = await _number_of(tx, exchange.investigation, row)
            statement = insert(ExchangeRow).values(
                investigation_id=exchange.investigation, number=number, **row
            )
            key = ["investigation_id", "number"]
            await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=row))

    async def of(self, investigation: int) -> tuple[Exchange, ...]:
        """The calls whose texts are still kept, in order, with the exact messages."""
        row = ExchangeRow
        async with self._transaction() as tx:
            found = await tx.execute(
                select(row.__table__)
                .where(row.investigation_id == investigation, row.emptied_at.is_(None))
                .order_by(row.number)
            )
            rows = found.mappings().all()
            wanted = {h for r in rows for h in (*r["messages"], r["tools"], r["reply"])}
            texts = await _read(tx, wanted)
        return tuple(_exchange_of(r, texts) for r in rows)

    async def kept(self, investigation: int) -> KeptExchanges:
        """How much of an investigation's calls is kept."""
        row = ExchangeRow
        statement = select(
            func.count().label("calls"),
            func.count().filter(row.emptied_at.is_(None)).label("kept"),
            func.max(row.emptied_at).label("let_go_at"),
        ).where(row.investigation_id == investigation)
        async with self._transaction() as tx:
            found = (await tx.execute(statement)).mappings().one()
        return KeptExchanges.model_validate(dict(found))


class _Texts:
    """The texts of an exchange under their hashes."""

    def __init__(self, exchange: Exchange) -> None:
        self.compressed: dict[str, bytes] = {}
        self.messages = [self._take(m) for m in exchange.messages]
        self.tools = self._take(list(exchange.tools))
        self.reply = self._take(exchange.reply)

    def _take(self, data: Any) -> str:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        exact = text.encode("utf-8", "surrogatepass")
        name = hashlib.sha256(exact).hexdigest()
        if name not in self.compressed:
            self.compressed[name] = zstandard.compress(exact, 3)
        return name


async def _keep(tx: AsyncSession, texts: Mapping[str, bytes], at: datetime) -> None:
    """Add what is new, and note the use of what is known. In one order, so that calls do not wait for each other."""
    rows = [{"hash": name, "text": texts[name], "used_at": at} for name in sorted(texts)]
    statement = insert(ModelTextRow).values(rows)
    later = statement.excluded.used_at
    statement = statement.on_conflict_do_update(
        index_elements=["hash"],
        set_={"used_at": later},
        where=ModelTextRow.used_at < later - USED_TO_THE,
    )
    await tx.execute(statement)


async def _number_of(tx: AsyncSession, investigation: int, row: Json) -> int:
    kept = ExchangeRow
    same = await tx.scalar(
        select(kept.number).where(
            kept.investigation_id == investigation,
            kept.purpose == row["purpose"],
            kept.round == row["round"],
            kept.attempt == row["attempt"],
            kept.messages == row["messages"],
        )
    )
    if same is not None:
        return same
    highest = func.coalesce(func.max(kept.number), 0)
    last = await tx.scalar(select(highest).where(kept.investigation_id == investigation))
    return int(last or 0) + 1


async def _read(tx: AsyncSession, names: Collection[str]) -> dict[str, Any]:
    if not names:
        return {}
    found = await tx.execute(
        select(ModelTextRow.hash, ModelTextRow.text).where(ModelTextRow.hash.in_(sorted(names)))
    )
    return {
        name: json.loads(zstandard.decompress(text).decode("utf-8", "surrogatepass"))
        for name, text in found
    }


def _exchange_of(row: RowMapping, texts: Mapping[str, Any]) -> Exchange:
    shown: Sequence[str] = row["messages"]
    return Exchange(
        investigation=row["investigation_id"],
        **{n: row[n] for n in ("number", "purpose", "round", "attempt", "model", "spent", "at")},
        messages=tuple(texts[name] for name in shown),
        tools=tuple(texts[row["tools"]]),
        reply=texts[row["reply"]],
    )
