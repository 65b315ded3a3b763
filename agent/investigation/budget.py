"""What an investigation may spend, and whether there is any of it left.

Settings bound what is spent unasked; impact and environment decide how much of that an investigation gets. What an
engineer names for one investigation goes before both, up to ``MOST_TIMES`` the bounds.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.model import Budget, Case, Spent, Triage

QUICK_BELOW = 0.4
"""Impact below which the quick budget is enough."""
QUICK = {"seconds": 0.3, "tool_calls": 0.67, "tokens": 0.5, "usd": 0.2}
"""The quick budget's share of the bounds: looking costs the same calls however short the thought is."""
DEEP_TIMES = 2.0
"""``deep`` is this many times the bounds."""
MOST_TIMES = 4.0
"""What an engineer names is cut to this many times the bounds."""
SCARCE = 0.25
"""Share of a budget below which there is not enough left to go on with."""
_LITTLE = frozenset({"development", "dev", "test"})
"""Environments in which nobody's business waits for the answer."""
_AMOUNT = re.compile(r"\$?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z$]*)")
_UNITS = {
    ("s", "sec", "second", "seconds"): ("seconds", 1.0),
    ("m", "min", "mins", "minute", "minutes"): ("seconds", 60.0),
    ("h", "hour", "hours"): ("seconds", 3600.0),
    ("call", "calls"): ("tool_calls", 1.0),
    ("token", "tokens"): ("tokens", 1.0),
    ("ktoken", "ktokens"): ("tokens", 1000.0),
    ("mtoken", "mtokens"): ("tokens", 1_000_000.0),
    ("usd", "$"): ("usd", 1.0),
}
_FIELDS = {name: factor for names, factor in _UNITS.items() for name in names}
_EXPECTED = "quick, deep, or an amount such as 5m, 90s, 40calls, 100ktokens or 2.5usd"


class Remaining(NamedTuple):
    """What is left of a budget; never below zero."""

    seconds: float
    tool_calls: int
    tokens: int
    usd: float


def budget_for(triage: Triage, environment: str, bounds: Budget, asked: str = "") -> Budget:
    """What an investigation may spend.

    Args:
        triage: its impact decides while nobody asks for more or less.
        environment: where the trouble is; empty counts as production.
        bounds: the most that is spent unasked, from the settings.
        asked: what an engineer wants: ``quick``, ``deep``, ``5m``, ``90s``, ``2.5usd``, ``40calls``, ``100ktokens``.

    Raises:
        ValueError: ``asked`` is none of these; the sentence says what is understood.
    """
    wanted = asked.strip().lower()
    if not wanted:
        minor = triage.impact < QUICK_BELOW or environment.lower() in _LITTLE
        return _quick(bounds) if minor else bounds
    if wanted == "quick":
        return _quick(bounds)
    if wanted == "deep":
        return _times(bounds, DEEP_TIMES)
    return _amount(wanted, bounds)


def _quick(bounds: Budget) -> Budget:
    return _filled({n: getattr(bounds, n) * share for n, share in QUICK.items()})


def _times(bounds: Budget, times: float) -> Budget:
    return _filled({n: getattr(bounds, n) * times for n in Budget.model_fields})


def _amount(wanted: str, bounds: Budget) -> Budget:
    """The bounds with one of them named; more of one thing brings more of the others, or they would end it first."""
    match = _AMOUNT.fullmatch(wanted)
    unit = ("$" if wanted.startswith("$") else match["unit"]) if match else ""
    if match is None or unit not in _FIELDS:
        raise ValueError(f"The budget “{wanted[:30]}” is not understood: say {_EXPECTED}.")
    name, factor = _FIELDS[unit]
    amount, bound = float(match["number"]) * factor, float(getattr(bounds, name))
    if amount <= 0.0:
        raise ValueError(f"A budget of “{wanted[:30]}” leaves nothing to look with.")
    amount = min(amount, MOST_TIMES * bound)
    others = _times(bounds, max(1.0, amount / bound if bound else 1.0))
    return _filled({**others.model_dump(), name: amount})


def _filled(values: dict[str, float]) -> Budget:
    return Budget(
        seconds=values["seconds"],
        tool_calls=max(1, round(values["tool_calls"])),
        tokens=max(1, round(values["tokens"])),
        usd=round(values["usd"], 4),
    )


def deepened(budget: Budget, spent: Spent, triage: Triage, asked: str, allowance: Budget) -> Budget:
    """The budget after an engineer wants a running investigation to spend more: never less than before.

    Args:
        budget: as it stands.
        spent: so far.
        triage: the investigation's.
        asked: how much, as ``budget_for`` reads it.
        allowance: what the run began with; ``asked`` is measured by it, so that asking again does not multiply.

    Raises:
        ValueError: ``asked`` is no budget.
    """
    named = budget_for(triage, "", allowance, asked or "deep")
    least = replenished(allowance, spent)
    more = {
        n: max(getattr(budget, n), getattr(least, n), getattr(named, n))
        for n in Budget.model_fields
    }
    return Budget(**more)


def replenished(budget: Budget, spent: Spent) -> Budget:
    """A budget to go on with: what is nearly used up gets a fresh allowance of the same size."""
    left = remaining(budget, spent)
    fresh = {
        name: getattr(spent, name) + getattr(budget, name)
        for name in Budget.model_fields
        if getattr(left, name) < SCARCE * getattr(budget, name)
    }
    return budget.model_copy(update=fresh)


def remaining(budget: Budget, spent: Spent) -> Remaining:
    """What is left of ``budget`` after ``spent``."""
    return Remaining(
        seconds=max(0.0, budget.seconds - spent.seconds),
        tool_calls=max(0, budget.tool_calls - spent.tool_calls),
        tokens=max(0, budget.tokens - spent.tokens),
        usd=max(0.0, budget.usd - spent.usd),
    )


def used_up(budget: Budget, spent: Spent) -> str:
    """The bound that was reached, in words for people; empty while there is some of everything left."""
    bounds = (
        (budget.seconds, spent.seconds, f"{budget.seconds:g} seconds"),
        (budget.tool_calls, spent.tool_calls, f"{budget.tool_calls} tool calls"),
        (budget.tokens, spent.tokens, f"{budget.tokens} tokens"),
        (budget.usd, spent.usd, f"{budget.usd:g} USD"),
    )
    return next((words for bound, used, words in bounds if used >= bound), "")


def left_in_words(case: Case) -> str:
    """What is left of a case's budget: ``3 of 5 min, 29 of 60 calls, $0.98 of $1.00``.

    Tokens and money are told of once a model spent some.
    """
    budget, spent = case.investigation.budget, case.investigation.spent
    left = remaining(budget, spent)
    words = [_time_left(left.seconds, budget.seconds)]
    words.append(f"{left.tool_calls} of {budget.tool_calls} calls")
    if spent.tokens or spent.usd:
        words.append(f"{left.tokens // 1000}k of {budget.tokens // 1000}k tokens")
        words.append(f"${left.usd:.2f} of ${budget.usd:.2f}")
    return ", ".join(words)


def _time_left(left: float, whole: float) -> str:
    if whole < 2 * 60.0 or left < 60.0:
        return f"{left:.0f} of {whole:.0f} s"
    return f"{round(left / 60, 1):g} of {round(whole / 60, 1):g} min"
