"""A report that was written before its evidence had its final numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.model import Case, Claim, Evidence
from agent.ports import Concluded


def settled(draft: Concluded, found: Sequence[Evidence], case: Case) -> Concluded:
    """The draft, citing ``case``'s evidence.

    A reasoner that hands in facts and a report at once cites the facts by the numbers that it gave them in ``found``;
    what was not admitted has no number then, so that sentences on it are struck.
    """
    numbers = {e.statement: e.number for e in case.evidence}
    return renumbered(draft, {e.number: numbers.get(e.statement, 0) for e in found})


def renumbered(draft: Concluded, numbers: Mapping[int, int]) -> Concluded:
    """The draft with its citations replaced where ``numbers`` has them."""

    def cited(claims: Sequence[Claim]) -> tuple[Claim, ...]:
        return tuple(
            c.model_copy(update={"citations": tuple(numbers.get(n, n) for n in c.citations)})
            for c in claims
        )

    finding = draft.finding
    parts = {p: cited(getattr(finding, p)) for p in ("chain", "impact", "forecast", "ruled_out")}
    changes = tuple(c.model_copy(update={"why": cited(c.why)}) for c in draft.changes)
    return draft.model_copy(
        update={"finding": finding.model_copy(update=parts), "changes": changes}
    )
