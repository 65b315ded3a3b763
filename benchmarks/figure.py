"""A measured figure, set against what was promised of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    """Such as ``s``, ``MB`` (10^6 bytes), ``x`` for a ratio; empty for a count."""
    bound: float | None = None
    """The most that was promised; None: nothing was."""

    @property
    def ok(self) -> bool:
        """Whether the promise is kept."""
        return self.bound is None or self.value <= self.bound

    def as_json(self) -> dict[str, Any]:
        """All of it, for ``--json``."""
        return {**asdict(self), "ok": self.ok}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest measured value that at least ``share`` (0..1) of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("no value was measured")
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]


def print_table(console: Console, title: str, figures: Sequence[Figure]) -> None:
    """The figures as people read them."""
    table = Table("figure", title=title, title_justify="left")
    for heading in ("measured", "at most", ""):
        table.add_column(heading, justify="right")
    for figure in figures:
        bound = "" if figure.bound is None else f"{figure.bound:g} {figure.unit}"
        mark = "" if figure.bound is None else ("[green]✓[/]" if figure.ok else "[red]✗[/]")
        table.add_row(figure.name, f"{shown(figure.value)} {figure.unit}", bound, mark)
    console.print(table)


def shown(value: float) -> str:
    """Three significant digits, large numbers whole and grouped."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
