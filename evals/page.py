"""The results as a page that stands by itself: no script, no other file; rows open where one wants to know more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_DECIDED_BY = 35
"""From this on a fix at least narrows the search."""


def render(evaluation: Mapping[str, Any]) -> str:
    """The page of an evaluation as ``evals.__main__.as_json`` gives it."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda share: f"{share:.0%}"
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["entity"] = entity
    environment.filters["tone"] = tone
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    by_scenario: dict[str, list[Mapping[str, Any]]] = {}
    for result in evaluation["results"]:
        by_scenario.setdefault(result["scenario"], []).append(result)
    return template.render(totals=evaluation["totals"], scenarios=by_scenario)


def entity(found: Mapping[str, Any] | None) -> str:
    """An entity of the truth in a few words."""
    return f"{found['kind']} {found['namespace']}/{found['name']}" if found else "nothing"


def tone(result: Mapping[str, Any]) -> str:
    """How a result is coloured: good, fair or bad."""
    if not result["judged"]:
        return "fair"
    if result["problem"] or not result["score"]["cause"]:
        return "fair" if result["score"]["fix"] >= _DECIDED_BY else "bad"
    return "good"
