"""What a check is worth: the information that it is expected to give on the live hypotheses, per second that it takes.

The value of an experiment before it is made is the expected fall of the uncertainty about what one wants to know
(D. V. Lindley, "On a Measure of the Information Provided by an Experiment", 1956). Here that is which hypothesis holds:

- The rivals and "none of these" share the probability; a hypothesis with log-odds l has the weight exp(l), "none" has 1.
  A refinement is no rival of what it explains; those that explain the same share in the same way among themselves.
- A check's answer is, for each hypothesis that it tells of, a sign for or against with the likelihood ratio that a fair
  sign carries. Such a sign is a binary symmetric channel, of which the information is known in closed form
  (T. M. Cover, J. A. Thomas, *Elements of Information Theory*, 7.1.4).
- One answer serves all hypotheses that it tells of, so that its information is the sum over them. Signs on the same
  hypothesis largely agree, so that each further one adds less.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from agent.model import Check, Hypothesis, HypothesisStatus
from agent.tools import Registry

TYPICAL_WEIGHT = 1.2
"""Log-likelihood ratio of a fair sign, as the failure modes weigh them."""
LEAST_SECONDS = 0.05
"""No look-up is cheaper than this."""
_WRONG = 1.0 / (1.0 + math.exp(TYPICAL_WEIGHT))
"""How often such a sign points the wrong way."""

FURTHER = 0.75
"""What a further check on the same hypothesis tells, as a share of what the one before it does."""
LEAST_SHARE = 0.1
"""A check that tells less than this share of what the most telling one does waits for the answers of the others."""

_MOST_REMEMBERED = 10_000
_CANONICAL: WeakKeyDictionary[Registry, dict[tuple[object, ...], str]] = WeakKeyDictionary()
"""What was found canonical before: the same checks are weighed again and again."""

Cost = Callable[[str], float]
"""Tool -> what a call of it usually takes, seconds."""
Key = Callable[[Check], str]
"""What makes two checks the same question."""


def by_arguments(check: Check) -> str:
    """The same tool with the same arguments."""
    return check.key


def canonical(check: Check, registry: Registry) -> str:
    """Equal for calls that ask the same, whether or not they spell out a default, and 60 is 60.0."""
    known = _CANONICAL.setdefault(registry, {})
    asked = (check.tool, tuple((k, type(v), v) for k, v in check.arguments.items()))
    try:
        found = known.get(asked)
    except TypeError:  # an argument that cannot be looked up, such as a list
        return _canonical(check, registry)
    if found is None:
        if len(known) >= _MOST_REMEMBERED:
            known.clear()
        found = known[asked] = _canonical(check, registry)
    return found


def _canonical(check: Check, registry: Registry) -> str:
    fields = registry[check.tool].arguments.model_fields if check.tool in registry else {}
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    whole = {name: _plain(value) for name, value in {**defaults, **check.arguments}.items()}
    return f"{check.tool} {json.dumps(whole, sort_keys=True, default=str)}"


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def probabilities(board: Sequence[Hypothesis]) -> dict[str, float]:
    """How likely each live hypothesis is: rivals share with "none of these", and so do those that explain the same."""
    live = {h.id: h for h in board if h.status is not HypothesisStatus.RULED_OUT}
    groups: dict[str, list[Hypothesis]] = {}
    for hypothesis in live.values():
        groups.setdefault(explained_by(hypothesis, live), []).append(hypothesis)
    return {i: p for group in groups.values() for i, p in _shares(group).items()}


def explained_by(hypothesis: Hypothesis, board: Mapping[str, Hypothesis]) -> str:
    """The id of the likely hypothesis that this one refines; empty when it stands by itself."""
    parent = board.get(hypothesis.parent)
    likely = parent is not None and parent.id != hypothesis.id and parent.log_odds > 0.0
    return hypothesis.parent if likely else ""


def _shares(rivals: Sequence[Hypothesis]) -> dict[str, float]:
    scale = max(0.0, *(h.log_odds for h in rivals))
    weights = {h.id: math.exp(h.log_odds - scale) for h in rivals}
    whole = math.exp(-scale) + sum(weights.values())
    return {i: w / whole for i, w in weights.items()}


def entropy(probability: float) -> float:
    """The uncertainty of a yes or no, bits."""
    if not 0.0 < probability < 1.0:
        return 0.0
    other = 1.0 - probability
    return -probability * math.log2(probability) - other * math.log2(other)


def of_a_sign(probability: float) -> float:
    """What a fair sign on something so likely is expected to tell, bits; most at even odds, nothing on what is known."""
    seen = probability * (1.0 - _WRONG) + (1.0 - probability) * _WRONG
    return max(0.0, entropy(seen) - entropy(_WRONG))


class Valued(NamedTuple):
    """A check with what it is expected to tell, bits."""

    check: Check
    bits: float


def valued(
    checks: Iterable[Check],
    board: Sequence[Hypothesis],
    asked: frozenset[str],
    cost_seconds: Cost,
    key: Key = by_arguments,
) -> tuple[Valued, ...]:
    """What was not asked yet, each question once, those first that tell most per second.

    Args:
        checks: what the reasoner would ask, for each hypothesis the most telling first; of equal ones each hypothesis
            is told by the one call. One that names no hypothesis may tell of anything: it counts like one on something
            at even odds.
        board: all hypotheses.
        asked: the keys of what was asked before.
        cost_seconds: what a call usually takes.
        key: what makes two checks the same.
    """
    likely, rank = probabilities(board), Counter[str]()
    asking: dict[str, Check] = {}
    bits: dict[str, float] = defaultdict(float)
    tells: dict[str, dict[str, None]] = defaultdict(dict)
    for check in checks:
        identity = key(check)
        if identity in asked:
            continue
        asking.setdefault(identity, check)
        if not check.tells:
            bits[identity] = max(bits[identity], of_a_sign(0.5))
        for told in check.tells:
            if told not in tells[identity]:
                tells[identity][told] = None
                bits[identity] += of_a_sign(likely.get(told, 0.0)) * FURTHER ** rank[told]
                rank[told] += 1
    found = [Valued(_telling(c, tuple(tells[i])), bits[i]) for i, c in asking.items()]
    return tuple(sorted(found, key=lambda v: -v.bits / _seconds(v.check, cost_seconds)))


def _telling(check: Check, hypotheses: tuple[str, ...]) -> Check:
    return check if check.tells == hypotheses else check.model_copy(update={"tells": hypotheses})


def _seconds(check: Check, cost_seconds: Cost) -> float:
    return max(cost_seconds(check.tool), LEAST_SECONDS)


def worthwhile(found: Sequence[Valued], affordable: int) -> tuple[Check, ...]:
    """The checks to make at once, at most ``affordable``.

    What tells little beside the others waits: once these have answered, it may no longer be worth a call, or worth more.
    """
    most = max((v.bits for v in found), default=0.0)
    now = [v.check for v in found if v.bits >= LEAST_SHARE * most]
    return tuple(now[: max(0, affordable)])
