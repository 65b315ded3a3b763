"""How far down the dependencies it is worth looking: at what is depended on directly, and below what is in trouble."""

from __future__ import annotations

from agent.model import HypothesisStatus
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

MOST_DIRECT = 6
"""Direct dependencies that are looked at."""
MOST_DEEPER = 3
"""Dependencies of dependencies that are looked at, all together."""
MOST_HOPS = 3
"""How far from the subject."""
MOST_CLOSELY = 2
"""Dependencies in trouble that are looked at as closely as the subject."""
SHOWS_FROM = 1.0
"""By how much the evidence must have raised a hypothesis at an entity for it to show trouble, log-odds."""


def looked_at(view: View) -> tuple[Target, ...]:
    """The dependencies that come into question: the direct ones, then those below the ones that show trouble."""
    direct = view.dependencies(view.subject.name)[:MOST_DIRECT]
    found, seen = list(direct), {view.subject.name, *(d.name for d in direct)}
    level, ill = list(direct), trouble(view)
    for _ in range(MOST_HOPS - 1):
        below = [d for upper in level if upper.name in ill for d in view.dependencies(upper.name)]
        level = []
        for dependency in below:
            if dependency.name not in seen and len(found) < len(direct) + MOST_DEEPER:
                seen.add(dependency.name)
                level.append(dependency)
        found += level
    return tuple(found)


def closely(view: View) -> tuple[Target, ...]:
    """The dependencies that show most trouble, at which anything may be wrong that can be wrong at the subject."""
    ill = trouble(view)
    shown = [d for d in looked_at(view) if d.name in ill]
    return tuple(sorted(shown, key=lambda d: -ill[d.name])[:MOST_CLOSELY])


def trouble(view: View) -> dict[str, float]:
    """Entities beside the subject for which the evidence speaks -> by how much it raised the likeliest thing there."""
    raised: dict[str, float] = {}
    for h in view.case.hypotheses:
        by = h.log_odds - h.prior
        if h.status is not HypothesisStatus.RULED_OUT and by >= SHOWS_FROM:
            raised[h.entity] = max(by, raised.get(h.entity, 0.0))
    raised.pop(view.subject.name, None)
    return raised
