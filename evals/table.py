"""The results in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.result import Result, Totals, totals


def show(console: Console, results: Sequence[Result]) -> None:
    """Print every play and the totals."""
    console.print(_plays(results))
    console.print(_totals(totals(results)))
    for result in results:
        name = f"{result.scenario.name}, {result.reasoner}"
        if result.problem:
            console.print(f"[red]{escape(name)}[/]: {escape(result.problem)}")
        for claim in result.score.false_claims:
            console.print(f"[yellow]{escape(name)}[/]: {escape(claim)}")


def line(result: Result) -> str:
    """One play in a line, while others are going on."""
    if result.problem:
        return f"[red]✗[/] {escape(result.scenario.name)} ({result.reasoner}): {escape(result.problem[:200])}"
    mark = ("[green]✓[/]" if result.score.cause else "[red]✗[/]") if result.judged else "·"
    told = result.told
    said = f"{told.mode} at {told.entity}" if told.entity else told.ending or "said nothing"
    fix = f"fix {result.score.fix}, " if result.judged else ""
    name = f"{escape(result.scenario.name)} ({result.reasoner})"
    return f"{mark} {name}: {escape(said)}, {fix}{result.seconds:.1f} s"


def _plays(results: Sequence[Result]) -> Table:
    table = Table(title="Scenarios", title_justify="left")
    for name in ("scenario", "reasoner", "cause", "entity", "kind"):
        table.add_column(name)
    for name in ("fix", "citations", "false", "seconds", "calls", "tokens", "USD"):
        table.add_column(name, justify="right")
    for result in results:
        score, told = result.score, result.told
        invented = len(score.citations.invented)
        table.add_row(
            escape(result.scenario.name),
            result.reasoner,
            *_judgement(result),
            f"{score.citations.total}" + (f" ([red]{invented} invented[/])" if invented else ""),
            str(len(score.false_claims)),
            f"{result.seconds:.1f}",
            str(told.tool_calls),
            f"{told.tokens:,}",
            f"{told.usd:.4f}",
        )
    return table


def _totals(found: Sequence[Totals]) -> Table:
    table = Table(title="Totals", title_justify="left")
    table.add_column("")
    for total in found:
        table.add_column(total.reasoner, justify="right")
    for name, write in _ROWS:
        table.add_row(name, *(write(total) for total in found))
    return table


_ROWS: tuple[tuple[str, Callable[[Totals], str]], ...] = (
    ("scenarios", lambda t: str(t.played)),
    ("not played", lambda t: str(t.failed)),
    ("right in cause", lambda t: f"{t.cause:.1%}"),
    ("right in entity", lambda t: f"{t.entity:.1%}"),
    ("right in kind", lambda t: f"{t.kind:.1%}"),
    ("fix, mean of 0 to 100", lambda t: f"{t.fix:.0f}"),
    ("citations", lambda t: str(t.citations)),
    ("invented citations", lambda t: str(t.invented_citations)),
    ("sentences whose citations do not carry them", lambda t: str(t.uncarried)),
    ("false claims", lambda t: str(t.false_claims)),
    ("proposals on healthy ones", lambda t: str(t.proposed_on_healthy)),
    ("seconds, median", lambda t: f"{t.seconds_median:.1f}"),
    ("seconds, worst", lambda t: f"{t.seconds_worst:.1f}"),
    ("tool calls, mean", lambda t: f"{t.tool_calls:.1f}"),
    ("tokens", lambda t: f"{t.tokens:,}"),
    ("USD", lambda t: f"{t.usd:.4f}"),
)
"""What the totals say, and how it is written."""


def _judgement(result: Result) -> tuple[str, str, str, str]:
    score = result.score
    if not result.judged:
        return ("-", "-", "-", "-")
    return (_mark(score.cause), _mark(score.entity), _mark(score.kind), str(score.fix))


def _mark(right: bool) -> str:
    return "[green]yes[/]" if right else "[red]no[/]"
