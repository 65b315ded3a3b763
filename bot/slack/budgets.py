"""The budget that a person names with a request: ``--budget 5m``, ``--budget=deep``."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.model import Budget, Decision, Triage

_FLAG = re.compile(r"(?:^|\s)(?:--|—|–)budget(?:\s*=\s*|\s+|$)(?P<value>[^\s=]*)", re.I)
"""Slack's clients turn two hyphens into a dash."""


class Wanted(NamedTuple):
    """A request without its budget, and the budget as it was written."""

    text: str
    budget: str = ""
    """Empty: none was named."""
    problem: str = ""
    """Why the budget cannot be understood, as a sentence."""


def wanted_budget(text: str) -> Wanted:
    """The budget named in a request, checked."""
    found = _FLAG.search(text)
    if found is None:
        return Wanted(text.strip())
    from agent.investigation.budget import budget_for

    rest = " ".join(f"{text[: found.start()]} {text[found.end() :]}".split())
    value = found["value"].lower()
    if not value:
        return Wanted(rest, problem="There is no value after --budget.")
    try:
        budget_for(Triage(decision=Decision.INVESTIGATE, reason=""), "", Budget(), value)
    except ValueError as error:
        return Wanted(rest, problem=str(error))
    return Wanted(rest, value)
