"""Names in the graph that resemble what somebody typed."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from sqlalchemy import or_, select

from agent.store.repositories import Repository
from agent.store.tables import EntityRow

_PART = re.compile(r"[a-z0-9]{3,}")
_PIECE = 3
_CONSIDERED = 400
_ALIKE = 0.55
"""Ratio of matching characters from which a name is worth offering."""
_UNASKED = ("configmap", "secret", "pod", "replicaset", "node", "monitor", "networkpolicy")
"""Kinds that nobody asks about by a half-remembered name."""


class Names(Repository):
    """Finds close names; for when a name is unknown, so its cost (a scan of the names) is paid seldom."""

    async def near(self, text: str, most: int = 3) -> tuple[str, ...]:
        """The names most alike, the closest first; none when nothing is alike."""
        said = text.lower()
        pieces = {p[:_PIECE] for p in _PART.findall(said)} | {
            p[-_PIECE:] for p in _PART.findall(said)
        }
        if not pieces:
            return ()
        statement = (
            select(EntityRow.name)
            .where(or_(*(EntityRow.name.icontains(p, autoescape=True) for p in sorted(pieces))))
            .where(EntityRow.kind.not_in(_UNASKED))
            .distinct()
            .order_by(EntityRow.name)
            .limit(_CONSIDERED)
        )
        async with self._transaction() as tx:
            names = list((await tx.execute(statement)).scalars())
        scored = [(_likeness(said, name.lower()), name) for name in names]
        best = sorted((s for s in scored if s[0] >= _ALIKE), key=lambda s: (-s[0], s[1]))
        return tuple(name for _, name in best[:most])


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b).ratio()
