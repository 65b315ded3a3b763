"""What an investigation may spend, and whether there is any of it left."""

from __future__ import annotations

from typing import NamedTuple

from agent.model import Budget, Spent


class Remaining(NamedTuple):
    """What is left of a budget; never below zero."""

    seconds: float
    tool_calls: int
    tokens: int
    usd: float


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
