"""The short sentences that the loop itself says in a thread."""

from __future__ import annotations

from collections.abc import Sequence

from agent.investigation.hypotheses import Movement

_ORDER = ("new", "strengthened", "weakened", "ruled out")
_MOST = 3


def movements_text(movements: Sequence[Movement]) -> str:
    """One merged line on a round; empty when nothing moved."""
    parts = []
    for kind in _ORDER:
        told = [m.hypothesis for m in movements if m.kind == kind]
        told.sort(key=lambda h: -abs(h.log_odds))
        if not told:
            continue
        if kind == "ruled out":
            words = [h.statement for h in told]
        else:
            words = [f"{h.statement} ({h.confidence:.0%})" for h in told]
        more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
        parts.append(f"*{kind.capitalize()}:* {'; '.join(words[:_MOST])}{more}")
    return "\n".join(parts)
