"""When to look no further: nothing that is left to ask could change the finding, or it is not worth asking.

A check could change the finding when its answer could put another hypothesis first, make or break the claim of the leading
one, or settle a refinement of it. How far answers can move a hypothesis is bounded by what signs weigh: the first of the
answers that are still to come may hold a decisive sign, each further one a fair sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.investigation.hypotheses import leading
from agent.investigation.information import explained_by, of_a_sign, probabilities
from agent.model import Check, Hypothesis

FIRST_ANSWER, FURTHER_ANSWER = 3.0, 1.2
"""How far the most telling of the answers to come may move a hypothesis, and each other one, log-odds."""
SURE_ABOVE = 2.9
"""Log-odds of a leader (about 95 %) from which looking has to be worth it."""
LEAST_BITS = 0.05
"""Less than this is not worth a call once a leader is sure."""
CLAIMED_FROM = 0.405
"""Log-odds (60 %) from which a cause may be claimed."""
SETTLED_FROM = 0.847
"""Log-odds (70 %) from which a refinement of the leader counts as settled."""


class Outlook(NamedTuple):
    """What the checks that are left could still do."""

    leader: Hypothesis | None
    left: tuple[Check, ...]
    mattering: tuple[Check, ...]
    """Those of ``left`` that could change the finding."""
    most_bits: float
    """What the most telling of them is expected to tell."""

    @property
    def is_sure(self) -> bool:
        """Whether the leader is sure and nothing that is left is worth a call."""
        sure = self.leader is not None and self.leader.log_odds >= SURE_ABOVE
        return sure and self.most_bits < LEAST_BITS

    @property
    def is_decided(self) -> bool:
        """Whether looking further is waste."""
        return not self.mattering or self.is_sure


def outlook(board: Sequence[Hypothesis], left: Sequence[Check]) -> Outlook:
    """What ``left``, the affordable checks that were not asked, could still do to the board."""
    likely = probabilities(board)
    return Outlook(
        leader=leading(board),
        left=tuple(left),
        mattering=mattering(board, left),
        most_bits=max((_bits(c, likely) for c in left), default=0.0),
    )


def _bits(check: Check, likely: Mapping[str, float]) -> float:
    if not check.tells:
        return of_a_sign(0.5)
    return sum(of_a_sign(likely.get(h, 0.0)) for h in set(check.tells))


def mattering(board: Sequence[Hypothesis], left: Sequence[Check]) -> tuple[Check, ...]:
    """The checks whose answers could change the finding."""
    leader = leading(board)
    if leader is None:
        return tuple(left)
    reach = {h.id: _reach(h, left) for h in board}
    family = family_of(leader, board)
    rivals = [h for h in board if h.id not in family]
    open_ones = _open_among(leader, rivals, reach, CLAIMED_FROM)
    by_id = {h.id: h for h in board}
    for parent in family:
        below = [
            h
            for h in board
            if explained_by(h, by_id) == parent and h.log_odds + reach[h.id] >= SETTLED_FROM
        ]
        if below:
            best = max(below, key=lambda h: h.log_odds)
            open_ones |= _open_among(best, below, reach, SETTLED_FROM)
    return tuple(c for c in left if not c.tells or open_ones & set(c.tells))


def _open_among(
    best: Hypothesis, rivals: Sequence[Hypothesis], reach: Mapping[str, float], line: float
) -> set[str]:
    """Those that could come first where ``best`` stands, and that one itself if it could fall behind or cross the line."""
    coming = {
        h.id
        for h in rivals
        if h.id != best.id and h.log_odds + reach[h.id] > best.log_odds - reach[best.id]
    }
    far = reach[best.id]
    if coming or best.log_odds - far < line <= best.log_odds + far:
        coming.add(best.id)
    return coming


def family_of(leader: Hypothesis, board: Sequence[Hypothesis]) -> frozenset[str]:
    """The ids of a hypothesis and of all that refines it, however deep."""
    family, grown = {leader.id}, True
    while grown:
        more = {h.id for h in board if h.parent in family} - family
        family |= more
        grown = bool(more)
    return frozenset(family)


def _reach(hypothesis: Hypothesis, left: Sequence[Check]) -> float:
    """How far the checks that are left can move a hypothesis, either way."""
    count = sum(1 for c in left if not c.tells or hypothesis.id in c.tells)
    return FIRST_ANSWER + FURTHER_ANSWER * (count - 1) if count else 0.0


def why_no_further(board: Sequence[Hypothesis], left: Sequence[Check]) -> str:
    """Why it is enough, in a sentence with its numbers."""
    seen = outlook(board, left)
    leader, many = seen.leader, len(seen.left)
    if leader is not None and leader.log_odds >= SURE_ABOVE and not many:
        return "One cause stands out, and what could have spoken against it did not."
    if not many or leader is None:
        return "Nothing else that could be asked tells the possible causes apart."
    if not seen.mattering:
        return _out_of_reach(leader, board, seen.left)
    if seen.is_sure:
        which = "the check left is" if many == 1 else f"none of the {many} checks left is"
        return (
            f"One cause stands out ({leader.confidence:.0%}), and {which} expected to tell more than"
            f" {max(seen.most_bits, 0.01):.2f} bits."
        )
    return "Nothing else that could be asked tells the possible causes apart."


def _out_of_reach(leader: Hypothesis, board: Sequence[Hypothesis], left: Sequence[Check]) -> str:
    """That no rival can come first, with the numbers of the one that could come closest."""
    which = (
        "The check left could not"
        if len(left) == 1
        else f"None of the {len(left)} checks left could"
    )
    family = family_of(leader, board)
    lowest = leader.log_odds - _reach(leader, left)
    rivals = [h for h in board if h.id not in family]
    if not rivals:
        return f"{which} put another cause first: there is no other."
    closest = max(rivals, key=lambda h: h.log_odds + _reach(h, left))
    behind, reach = (
        leader.log_odds - closest.log_odds,
        leader.log_odds - lowest + _reach(closest, left),
    )
    return (
        f'{which} put another cause first: the closest, "{closest.statement}", is {behind:.1f} log-odds behind, and'
        f" they could move it by {reach:.1f} at most."
    )
