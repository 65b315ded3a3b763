"""What a check is worth: the information that it is expected to give on the live hypotheses, per second that it takes.

The value of an experiment before it is made is the expected fall of the uncertainty about what one wants to know
(D. V. Lindley, "On a Measure of the Information Provided by an Experiment", 1956). Here that is which hypothesis holds:

- The rivals and "none of these" share the probability; a hypothesis with log-odds l has the weight exp(l), "none" has 1.
  A refinement is no rival of what it explains: whether it holds is a question of its own, with its own odds.
- A check's answer is, for each hypothesis that it tells of, a sign for or against with the likelihood ratio that a fair
  sign carries. Such a sign is a binary symmetric channel, of which the information is known in closed form
  (T. M. Cover, J. A. Thomas, *Elements of Information Theory*, 7.1.4).
- One answer serves all hypotheses that it tells of, so that its information is the sum over them, at most the
  uncertainty that there is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence

from agent.model import Check, Hypothesis, HypothesisStatus
from agent.tools import Registry

TYPICAL_WEIGHT = 1.2
"""Log-likelihood ratio of a fair sign, as the failure modes weigh them."""
LEAST_SECONDS = 0.05
"""No look-up is cheaper than this."""
_WRONG = 1.0 / (1.0 + math.exp(TYPICAL_WEIGHT))
"""How often such a sign points the wrong way."""

Cost = Callable[[str], float]
"""Tool -> what a call of it usually takes, seconds."""


def canonical(check: Check, registry: Registry) -> str:
    """Equal for calls that ask the same, whether or not they spell out a default, and 60 is 60.0."""
    fields = registry[check.tool].arguments.model_fields if check.tool in registry else {}
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    whole = {name: _plain(value) for name, value in {**defaults, **check.arguments}.items()}
    return f"{check.tool} {json.dumps(whole, sort_keys=True, default=str)}"


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def probabilities(board: Sequence[Hypothesis]) -> dict[str, float]:
    """How likely each live hypothesis is: rivals share with "none of these", a live refinement has odds of its own."""
    live = {h.id: h for h in board if h.status is not HypothesisStatus.RULED_OUT}
    refining = {h.id for h in live.values() if _explains_a_likely_one(h, live)}
    rivals = [h for h in live.values() if h.id not in refining]
    highest = max((h.log_odds for h in rivals), default=0.0)
    scale = max(0.0, highest)
    weights = {h.id: math.exp(h.log_odds - scale) for h in rivals}
    whole = math.exp(-scale) + sum(weights.values())
    shares = {i: w / whole for i, w in weights.items()}
    return {h.id: shares.get(h.id, h.confidence) for h in live.values()}


def _explains_a_likely_one(hypothesis: Hypothesis, live: dict[str, Hypothesis]) -> bool:
    parent = live.get(hypothesis.parent)
    return parent is not None and parent.id != hypothesis.id and parent.log_odds > 0.0


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


def expected(check: Check, likely: dict[str, float]) -> float:
    """What a check is expected to tell, bits, given the ``probabilities`` of the board.

    One that names no hypothesis may tell of anything: it counts like one on something at even odds.
    """
    if not check.tells:
        return of_a_sign(0.5)
    told = [likely[h] for h in dict.fromkeys(check.tells) if h in likely]
    return min(sum(map(of_a_sign, told)), sum(map(entropy, told)))


def chosen(
    checks: Iterable[Check],
    board: Sequence[Hypothesis],
    asked: frozenset[str],
    affordable: int,
    cost_seconds: Cost,
    key: Callable[[Check], str] = lambda check: check.key,
) -> tuple[Check, ...]:
    """The checks worth asking, those that tell most per second first: nothing that was asked, at most ``affordable``.

    Args:
        checks: what the reasoner would ask; of equal ones each hypothesis is told by the one call.
        board: all hypotheses.
        asked: the keys of what was asked before.
        affordable: how many calls the budget still bears.
        cost_seconds: what a call usually takes.
        key: what makes two checks the same.
    """
    likely = probabilities(board)

    def worth(check: Check) -> float:
        return expected(check, likely) / max(cost_seconds(check.tool), LEAST_SECONDS)

    unique = shared(checks, asked, key)
    return tuple(sorted(unique, key=lambda c: -worth(c))[: max(0, affordable)])


def shared(
    checks: Iterable[Check],
    asked: frozenset[str],
    key: Callable[[Check], str] = lambda check: check.key,
) -> tuple[Check, ...]:
    """Each question that is not in ``asked`` once, telling of all hypotheses that any of its askers named."""
    unique: dict[str, Check] = {}
    for check in checks:
        identity = key(check)
        if identity in asked:
            continue
        known = unique.get(identity)
        tells = tuple(dict.fromkeys((known.tells if known else ()) + check.tells))
        unique[identity] = (known or check).model_copy(update={"tells": tells})
    return tuple(unique.values())
