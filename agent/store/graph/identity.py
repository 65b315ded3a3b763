"""Which keys mean one thing: merging, undoing, and following a key to its entity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge import identity
from agent.knowledge.facts import ChangeType, EntityChange, SameAs
from agent.knowledge.truth import ENGINEER
from agent.model import Entity
from agent.store.graph.journal import record
from agent.store.graph.merging import rebuild
from agent.store.graph.rows import keys_parameter, read_entities
from agent.store.mapping import row_of, value_of
from agent.store.tables import EntityRow, IdentityRow, SightingRow

_LONGEST_CHAIN = 8
_MOVE = (
    text("UPDATE sightings SET entity = :to WHERE key = ANY(:keys)").bindparams(
        keys_parameter("keys")
    ),
    text("UPDATE relations SET source = :to WHERE seen_source = ANY(:keys)").bindparams(
        keys_parameter("keys")
    ),
    text("UPDATE relations SET target = :to WHERE seen_target = ANY(:keys)").bindparams(
        keys_parameter("keys")
    ),
)
_RESOLVE = text("""
WITH RECURSIVE known (key, place) AS (
    SELECT CAST(:key AS text), 0
    UNION
    SELECT i.canonical, known.place + 1 FROM known JOIN identities i ON i.alias = known.key
    WHERE i.undone_by = '' AND known.place < :most
)
SELECT key FROM known ORDER BY place DESC LIMIT 1
""")


class Aliases:
    """Alias -> the key that it stands for, as they are in force."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = dict(pairs)

    def resolve(self, key: str) -> str:
        """The entity's own key; chains are followed, and a circle ends where it began."""
        met = {key}
        for _ in range(_LONGEST_CHAIN):
            further = self._pairs.get(key)
            if further is None or further in met:
                break
            met.add(further)
            key = further
        return key

    def of(self, *canonical: str) -> list[str]:
        """All keys that stand for some entities, their own first."""
        own = dict.fromkeys(canonical)
        return [*own, *(a for a in self._pairs if self.resolve(a) in own and a not in own)]


async def aliases(tx: AsyncSession) -> Aliases:
    """What is in force."""
    rows = await tx.execute(
        select(IdentityRow.alias, IdentityRow.canonical).where(IdentityRow.undone_by == "")
    )
    return Aliases({row.alias: row.canonical for row in rows})


async def resolve(tx: AsyncSession, key: str) -> str:
    """As ``Aliases.resolve``, of one key."""
    found = await tx.execute(_RESOLVE, {"key": key, "most": _LONGEST_CHAIN})
    return str(found.scalar_one())


async def merges_of(tx: AsyncSession, key: str) -> tuple[SameAs, ...]:
    """Every claim on an entity, the undone ones too, the oldest first."""
    statement = (
        select(IdentityRow.__table__)
        .where(or_(IdentityRow.canonical == key, IdentityRow.alias == key))
        .order_by(IdentityRow.at, IdentityRow.alias)
    )
    return tuple(value_of(SameAs, row) for row in (await tx.execute(statement)).mappings())


async def merge(tx: AsyncSession, claim: SameAs) -> bool:
    """Take two keys for one thing; False when an engineer undid it, or it is so already.

    Only an engineer's claim revives one that was undone.
    """
    known = await aliases(tx)
    alias, canonical = known.resolve(claim.alias), known.resolve(claim.canonical)
    if alias == canonical or await _undone(tx, {claim.alias, claim.canonical}, claim):
        return False
    said = claim.model_copy(update={"alias": alias, "canonical": canonical})
    statement = insert(IdentityRow).values(row_of(said, clean=True))
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["alias", "canonical"],
            set_={n: statement.excluded[n] for n in ("origin", "reason", "at", "undone_by")},
        )
    )
    await _move(tx, known.of(alias), canonical)
    what = f"{alias} and {canonical} are one thing: {said.reason}"
    await record(tx, [_change(said, ChangeType.MERGED, what)])
    return True


async def split(tx: AsyncSession, alias: str, canonical: str, user: str, at: datetime) -> bool:
    """Undo a merge, for good unless an engineer makes it again; False when there was none."""
    statement = (
        update(IdentityRow)
        .where(
            IdentityRow.alias == alias,
            IdentityRow.canonical == canonical,
            IdentityRow.undone_by == "",
        )
        .values(undone_by=user)
        .returning(IdentityRow.__table__)
    )
    row = (await tx.execute(statement)).mappings().first()
    if row is None:
        return False
    await _move(tx, (await aliases(tx)).of(alias), alias)
    await rebuild(tx, [canonical])
    said = value_of(SameAs, row).model_copy(update={"origin": ENGINEER, "at": at})
    what = f"{alias} and {canonical} are not one thing, {user} says"
    await record(tx, [_change(said, ChangeType.SPLIT, what)])
    return True


async def merge_by_names(tx: AsyncSession, new: Collection[Entity], now: datetime) -> int:
    """Merge what names and labels show to be one thing; returns how many."""
    wanted = {
        identity.normalised(n)
        for e in new
        if e.kind in identity.KINDS
        for n in identity.names_of(e)
    }
    if not wanted:
        return 0
    known = await _alike(tx, wanted)
    made = 0
    for claim in identity.proposals(new, known, now):
        if not await _told_apart(tx, claim):
            made += await merge(tx, claim)
    return made


async def _told_apart(tx: AsyncSession, claim: SameAs) -> bool:
    """Whether one source knows both keys: then it knows them as two things, whatever their names."""
    statement = (
        select(SightingRow.origin)
        .where(SightingRow.entity.in_((claim.alias, claim.canonical)))
        .where(SightingRow.missing_since.is_(None))
        .group_by(SightingRow.origin)
        .having(func.count(SightingRow.entity.distinct()) > 1)
    )
    return (await tx.execute(statement)).first() is not None


async def _alike(tx: AsyncSession, wanted: set[str]) -> Iterable[Entity]:
    """The entities that services and teams may be: few kinds, so they are read whole and compared here."""
    kind = EntityRow.kind.in_(sorted(identity.KINDS))
    found = await read_entities(tx, kind, EntityRow.missing_since.is_(None))
    return [e for e in found if wanted & {identity.normalised(n) for n in identity.names_of(e)}]


async def _undone(tx: AsyncSession, keys: set[str], claim: SameAs) -> bool:
    if claim.origin == ENGINEER:
        return False
    a, b = sorted(keys) if len(keys) == 2 else (claim.alias, claim.canonical)
    pair = or_(
        and_(IdentityRow.alias == a, IdentityRow.canonical == b),
        and_(IdentityRow.alias == b, IdentityRow.canonical == a),
    )
    statement = select(IdentityRow.alias).where(pair, IdentityRow.undone_by != "")
    return (await tx.execute(statement)).first() is not None


async def _move(tx: AsyncSession, keys: list[str], to: str) -> None:
    for statement in _MOVE:
        await tx.execute(statement, {"to": to, "keys": keys})
    await rebuild(tx, list(dict.fromkeys([*keys, to])))


def _change(claim: SameAs, kind: ChangeType, what: str) -> EntityChange:
    return EntityChange(
        at=claim.at,
        entity=claim.canonical,
        type=kind,
        what=what,
        origin=claim.origin,
        other=claim.alias,
        evidence=claim.reason,
        key=f"{kind.value}/{claim.alias}/{claim.canonical}/{claim.at.isoformat()}",
    )
