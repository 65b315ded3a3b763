"""What an investigation saves after every round, for all investigations of the process in few transactions.

Statements take all rows as one JSON parameter, so that their text is always the same: statements of many parameters are
compiled and parsed anew each time, which costs more than the database's own work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from agent.store.batches import GroupCommit
from agent.store.engine import Sessions

Row = Mapping[str, Any]

_HEADS = text("""
UPDATE investigations AS kept
SET status = t.status, reasoner = t.reasoner, budget = t.budget, spent = t.spent, ended_at = t.ended_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    id bigint, status text, reasoner text, budget jsonb, spent jsonb, ended_at timestamptz)
WHERE kept.id = t.id
""")
_LOCATED = text("""
UPDATE signals AS kept
SET service = t.service, namespace = t.namespace, environment = t.environment
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    key text, service text, namespace text, environment text)
WHERE kept.key = t.key AND kept.service = '' AND t.service <> ''
""")
_ROUNDS = text("""
UPDATE investigations AS kept
SET round = t.round
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(investigation_id bigint, round int)
WHERE kept.id = t.investigation_id AND kept.round < t.round
""")
_BOARDS = text("""
INSERT INTO boards (investigation_id, round, hypotheses)
SELECT investigation_id, round, hypotheses FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    investigation_id bigint, round int, hypotheses jsonb)
ON CONFLICT (investigation_id, round) DO UPDATE SET hypotheses = excluded.hypotheses
""")
_HYPOTHESES = text("""
INSERT INTO hypotheses (
    investigation_id, id, mode, statement, entity, entity_kind, namespace, parent, prior, reasons, log_odds, status)
SELECT b.investigation_id, t.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS b(
    investigation_id bigint, hypotheses jsonb),
jsonb_to_recordset(b.hypotheses) AS t(
    id text, mode text, statement text, entity text, entity_kind text, namespace text, parent text,
    prior float8, reasons jsonb, log_odds float8, status text)
ON CONFLICT (investigation_id, id) DO UPDATE SET
    mode = excluded.mode, statement = excluded.statement, entity = excluded.entity,
    entity_kind = excluded.entity_kind, namespace = excluded.namespace, parent = excluded.parent,
    prior = excluded.prior, reasons = excluded.reasons, log_odds = excluded.log_odds, status = excluded.status
""")
_EVIDENCE = text("""
INSERT INTO evidence (
    investigation_id, number, step, statement, weights, source, query, "window", link, read_at)
SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    investigation_id bigint, number int, step int, statement text, weights jsonb, source text, query text,
    "window" jsonb, link text, read_at timestamptz)
ON CONFLICT (investigation_id, number) DO UPDATE SET
    step = excluded.step, statement = excluded.statement, source = excluded.source, query = excluded.query,
    "window" = excluded."window", link = excluded.link, read_at = excluded.read_at,
    weights = CASE WHEN evidence.statement = excluded.statement THEN evidence.weights || excluded.weights
        ELSE excluded.weights END
""")


class Kind(NamedTuple):
    """What is saved by the same statements, in their order."""

    name: str
    statements: tuple[TextClause, ...]
    key: tuple[str, ...]
    """Of rows that are equal in these, the last is meant."""


HEADS = Kind("heads", (_HEADS,), ("id",))
"""Rows: id, status, reasoner, budget, spent, ended_at."""
LOCATED = Kind("located", (_LOCATED,), ("key",))
"""What a signal was found to concern, if it did not say. Rows: key, service, namespace, environment."""
ROUNDS = Kind("rounds", (_ROUNDS,), ("investigation_id",))
"""How far an investigation without hypotheses came. Rows: investigation_id, round."""
BOARDS = Kind("boards", (_ROUNDS, _HYPOTHESES, _BOARDS), ("investigation_id", "round"))
"""The board after a round. Rows: investigation_id, round, hypotheses."""
EVIDENCE = Kind("evidence", (_EVIDENCE,), ("investigation_id", "number"))
"""A known number gains the new weights; another statement takes its number's place. Rows: the fields of evidence, with investigation_id."""


class Saving:
    """Saves rows of each kind; those that come while a transaction is under way share the next one."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._commits: GroupCommit[tuple[Kind, Sequence[Row]]] = GroupCommit(self._write)

    async def save(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Return when the rows are stored."""
        if rows:
            await self._commits.add((kind, rows))

    async def _write(self, batch: Sequence[tuple[Kind, Sequence[Row]]]) -> None:
        by_kind: dict[Kind, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        for kind, rows in batch:
            by_kind[kind] |= {tuple(row[name] for name in kind.key): row for row in rows}
        async with self._sessions.begin() as tx:
            for kind in (HEADS, LOCATED, ROUNDS, BOARDS, EVIDENCE):
                if kind in by_kind:
                    parameters = {"rows": to_json([*by_kind[kind].values()]).decode()}
                    for statement in kind.statements:
                        await tx.execute(statement, parameters)
