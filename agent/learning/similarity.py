"""How alike symptoms are, and several rankings made one.

Features are compared by Jaccard's index with each feature weighted by its inverse document frequency, so that what all
patterns share says little (K. Spärck Jones, "A statistical interpretation of term specificity", 1972). Rankings that
measure different things (words, features, vectors) are fused by rank, not by score: each gives 1 / (60 + rank)
(G. V. Cormack, C. L. A. Clarke, S. Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)

RRF_CONSTANT = 60
"""As in the paper: large enough that no single ranking decides."""


def rarity(documents: Iterable[Collection[str]]) -> dict[str, float]:
    """Inverse document frequency of each feature, smoothed so that none is worth nothing."""
    counts, total = Counter[str](), 0
    for document in documents:
        total += 1
        counts.update(set(document))
    return {f: math.log(1.0 + total / n) for f, n in counts.items()}


def alike(asked: Collection[str], known: Collection[str], weights: Mapping[str, float]) -> float:
    """Weighted Jaccard index 0..1 over the groups of features that ``asked`` has at all.

    A pattern knows more than an alert says before anything was looked up; what could not be known yet tells nothing.
    """
    groups = {group_of(f) for f in asked}
    one, other = set(asked), {f for f in known if group_of(f) in groups}
    either = math.fsum(_weight(f, weights) for f in one | other)
    return math.fsum(_weight(f, weights) for f in one & other) / either if either else 0.0


def group_of(feature: str) -> str:
    """``signal`` of ``signal:alerted redis.mem.used up``."""
    return feature.partition(":")[0]


def _weight(feature: str, weights: Mapping[str, float]) -> float:
    # What no pattern has is as rare as can be.
    return weights.get(feature, max(weights.values(), default=1.0))


def fused(rankings: Iterable[Sequence[K]]) -> dict[K, float]:
    """Reciprocal rank fusion: the sum over the rankings of 1 / (60 + rank), the highest first."""
    scores: dict[K, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] += 1.0 / (RRF_CONSTANT + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of two vectors, -1..1; 0 when either is nothing."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size and a.shape == b.shape else 0.0


_WORDS = {
    "alert": "the alert speaks of {}",
    "alerted": "a {} alerted",
    "uses": "it uses a {}",
    "monitor": "its monitor watches {}",
    "signal": "{}",
    "log": 'logs of {0}: "{1}"',
    "event": "Kubernetes warns of {1} at {0}",
    "change": "{1} at {0} shortly before",
}
_ROLES = {"alerted": "the alerted service", "caller": "a caller", "job": "a job"}
_MOST_WHY = 5
_TELLING_FIRST = ("signal", "log", "event", "change", "monitor", "alert", "uses", "alerted")


def why_alike(
    asked: Collection[str], known: Collection[str], weights: Mapping[str, float]
) -> tuple[str, ...]:
    """What two have in common, in words, the most telling first."""
    shared = sorted(
        set(asked) & set(known),
        key=lambda f: (
            (_TELLING_FIRST.index(group_of(f)), -weights.get(f, 0.0), f)
            if group_of(f) in _TELLING_FIRST
            else (len(_TELLING_FIRST), 0.0, f)
        ),
    )
    return tuple(map(in_words, shared[:_MOST_WHY]))


def in_words(feature: str) -> str:
    """A feature as people read it."""
    group, _, rest = feature.partition(":")
    role, _, what = rest.partition(" ")
    if group == "signal":
        metric, _, way = what.rpartition(" ")
        return f"{metric} of {role_in_words(role)} went {way}"
    if group in ("log", "event", "change"):
        return _WORDS[group].format(role_in_words(role), what)
    return _WORDS.get(group, "{}").format(rest)


def role_in_words(role: str) -> str:
    """``the database that the alerted service uses`` for ``dependency:database``."""
    kind, _, flavour = role.partition(":")
    if kind == "dependency":
        return f"the {flavour} that the alerted service uses"
    if kind == "deeper":
        return f"a {flavour} further down"
    if kind == "beside":
        return f"a {flavour} beside it"
    if kind == "job" and flavour:
        return f"a job on the {flavour}"
    return _ROLES.get(kind, role or "something else")
