"""What several sources together make of one relation, and how that changes with time.

Method: each source's word counts as its confidence, halved for each half-life that has passed since it last said so
(exponential ageing, as in Dong et al., "Knowledge Vault", KDD 2014, and the truth-discovery survey of Li et al., SIGKDD
Explorations 2016); what agrees is combined by noisy-or, as for independent sources; what denies it lowers it by its own
noisy-or. Confirmations by investigations count as one more source each. An engineer's word outranks the others: the latest
of them decides, and fades slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import prod
from types import MappingProxyType

from agent.knowledge.facts import Belief
from agent.model import Relation

ENGINEER = "engineer"
_DAY = 86_400.0
HALF_LIFE_DAYS = MappingProxyType(
    {
        "kubernetes": 2.0,
        "inferred": 2.0,
        "datadog": 3.0,
        "pagerduty": 14.0,
        "repository": 30.0,
        "investigation": 30.0,
        "slack": 60.0,
        ENGINEER: 365.0,
    }
)
"""How long after a source last said so its word is worth half: short for those that are asked every few minutes."""
_DEFAULT_HALF_LIFE_DAYS = 14.0
_CONFIRMATION = 0.3
"""What one investigation that found it so is worth; at most ``_MOST_CONFIRMATIONS`` of them."""
_MOST_CONFIRMATIONS = 5
_MISSING = 0.1
"""What is left of a source's word once it looks everywhere and no longer shows it."""
SUREST = 0.99
"""What sources may make of it together at most: they may all repeat one mistake."""
TENTATIVE_BELOW = 0.7
STANDS_FROM = 0.2
"""Below, a relation is not walked any more."""
_PRUNED_BELOW = 0.02

_Weighed = tuple[Relation, float]
"""A source's word, and what it is worth now."""


def weight(relation: Relation, now: datetime) -> float:
    """What one source's word is worth now, 0..1."""
    age_days = max(0.0, (now - relation.last_confirmed).total_seconds() / _DAY)
    half_life = HALF_LIFE_DAYS.get(relation.origin, _DEFAULT_HALF_LIFE_DAYS)
    worth = _unit(relation.confidence) * float(0.5 ** (age_days / half_life))
    return worth * _MISSING if relation.missing_since is not None else worth


def believe(relations: Sequence[Relation], now: datetime) -> Belief:
    """What the sources of one relation (same ends, same kind; at least one) make of it now."""
    ranked = sorted(
        ((relation, weight(relation, now)) for relation in relations),
        key=lambda word: (word[0].origin == ENGINEER, word[1], word[0].origin),
        reverse=True,
    )
    confidence, disputed = _engineers(ranked) or _sources(ranked)
    first = ranked[0][0]
    lone = first.confidence < TENTATIVE_BELOW and sum(r.holds for r, _ in ranked) <= 1
    return Belief(
        source=first.source,
        target=first.target,
        kind=first.kind,
        confidence=confidence,
        tentative=disputed or confidence < TENTATIVE_BELOW or lone,
        contradicted=disputed,
        said_by=tuple(relation for relation, _ in ranked),
    )


def stands(belief: Belief) -> bool:
    """Whether it is believed enough to be walked."""
    return belief.confidence >= STANDS_FROM


def forgotten(relation: Relation, now: datetime) -> bool:
    """Whether a source's word is worth so little that it need not be kept."""
    return weight(relation, now) < _PRUNED_BELOW and relation.origin != ENGINEER


def oldest_kept(origin: str, confidence: float) -> timedelta:
    """The age from which a word of that confidence is forgotten."""
    half_life = HALF_LIFE_DAYS.get(origin, _DEFAULT_HALF_LIFE_DAYS)
    worth, days = _unit(confidence), 0.0
    while worth >= _PRUNED_BELOW:
        worth, days = worth / 2, days + half_life
    return timedelta(days=days)


def _engineers(ranked: Sequence[_Weighed]) -> tuple[float, bool] | None:
    """By the latest word of an engineer; disputed while others still say otherwise."""
    if ranked[0][0].origin != ENGINEER:
        return None
    words = [word for word in ranked if word[0].origin == ENGINEER]
    last, worth = max(words, key=lambda word: word[0].last_confirmed)
    against = any(
        r.holds != last.holds and r.missing_since is None and r.origin != ENGINEER
        for r, _ in ranked
    )
    return (max(worth, 0.5) if last.holds else 1.0 - max(worth, 0.9)), against


def _sources(ranked: Sequence[_Weighed]) -> tuple[float, bool]:
    if len(ranked) == 1 and not ranked[0][0].confirmations:  # most are: spares a walk half its time
        return (min(SUREST, ranked[0][1]) if ranked[0][0].holds else 0.0), False
    saying, denying = _strongest(ranked, holds=True), _strongest(ranked, holds=False)
    found = sum(r.confirmations for r, _ in ranked if r.holds)
    helping = min(max(found, 0), _MOST_CONFIRMATIONS)
    hurting = min(max(-found, 0), _MOST_CONFIRMATIONS)
    yes = 1.0 - prod(1.0 - w for w in saying)
    if helping and saying:  # they strengthen what somebody says; they are no source by themselves
        yes = 1.0 - (1.0 - yes) * (1.0 - _CONFIRMATION * max(saying)) ** helping
    no = 1.0 - prod(1.0 - w for w in denying) * (1.0 - _CONFIRMATION) ** hurting
    return min(SUREST, _unit(yes * (1.0 - no))), bool(saying) and no >= STANDS_FROM


def _strongest(ranked: Sequence[_Weighed], *, holds: bool) -> list[float]:
    """Each source's strongest word: what one source says twice is not said by two."""
    words: dict[str, float] = {}
    for relation, worth in ranked:
        if relation.holds is holds:
            words.setdefault(relation.origin, worth)
    return list(words.values())


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
