"""What became of a sequence, in the terminal and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.sequence import IncidentSequence, Lived, compared

TOKENS_AT_MOST, CALLS_AT_MOST = 0.10, 0.50
"""What a known incident may cost of what the first one did."""


def show(
    console: Console, sequence: IncidentSequence, reasoner: str, lived: Sequence[Lived]
) -> None:
    """Print every incident, and what it cost against the one that it is like."""
    table = Table(title=f"{escape(sequence.title)} ({reasoner})", title_justify="left")
    for name in ("#", "incident", "is", "right", "found"):
        table.add_column(name)
    for name in ("tokens", "of first", "calls", "of first", "seconds"):
        table.add_column(name, justify="right")
    for one, like in compared(lived):
        table.add_row(*_row(one, like))
    console.print(table)
    console.print(_summary(lived))
    for one in lived:
        if one.result.problem:
            console.print(f"[red]{one.place}[/]: {escape(one.result.problem[:1_000])}")


def line(one: Lived) -> str:
    """One incident in a line, while others are still to come."""
    result = one.result
    if result.problem:
        return f"[red]✗[/] {one.place} {escape(result.scenario.name)}: {escape(result.problem[:2_000])}"
    mark = "[green]✓[/]" if result.score.cause else "[red]✗[/]"
    how = "known" if one.recalled else "whole"
    return (
        f"{mark} {one.place} {escape(result.scenario.name)} ({result.reasoner}): "
        f"{escape(result.told.mode)} at {escape(result.told.entity)}, {how}, {result.told.tool_calls} calls"
    )


def _row(one: Lived, like: Lived | None) -> list[str]:
    told = one.result.told
    of = f" {one.incident.of}" if one.incident.of else ""
    return [
        str(one.place),
        escape(one.result.scenario.name),
        f"{one.incident.kind}{of}",
        "[green]yes[/]" if one.result.score.cause else "[red]no[/]",
        "as a known one" if one.recalled else "from the start",
        f"{told.tokens:,}",
        _share(told.tokens, like.result.told.tokens if like else 0),
        str(told.tool_calls),
        _share(told.tool_calls, like.result.told.tool_calls if like else 0),
        f"{one.result.seconds:.1f}",
    ]


def _share(value: int, whole: int) -> str:
    return f"{value / whole:.0%}" if whole else "-"


def _summary(lived: Sequence[Lived]) -> str:
    right = sum(one.result.score.cause for one in lived)
    again = [(o, like) for o, like in compared(lived) if like and o.incident.kind == "again"]
    cheap = sum(_is_cheap(one, like) for one, like in again)
    return (
        f"{right} of {len(lived)} right; {cheap} of {len(again)} known incidents cost at most"
        f" {TOKENS_AT_MOST:.0%} of the first one's tokens and {CALLS_AT_MOST:.0%} of its tool calls."
    )


def _is_cheap(one: Lived, like: Lived) -> bool:
    told, first = one.result.told, like.result.told
    tokens = told.tokens <= TOKENS_AT_MOST * first.tokens
    return tokens and told.tool_calls <= CALLS_AT_MOST * first.tool_calls


def as_json(sequence: IncidentSequence, reasoner: str, lived: Sequence[Lived]) -> dict[str, Any]:
    """The whole sequence as data."""
    return {
        "sequence": sequence.name,
        "reasoner": reasoner,
        "incidents": [
            {
                **one.result.as_json(),
                "place": one.place,
                "is": one.incident.kind,
                "of": one.incident.of,
                "recalled": one.recalled,
                "cheap": _is_cheap(one, like) if like else None,
            }
            for one, like in compared(lived)
        ],
    }


def all_right(lived: Sequence[Lived]) -> bool:
    """Whether every cause was right, and every known incident as cheap as it has to be."""
    return all(one.result.score.cause for one in lived) and all(
        _is_cheap(one, like)
        for one, like in compared(lived)
        if like and one.incident.kind == "again"
    )
