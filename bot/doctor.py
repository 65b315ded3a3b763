"""``srebot doctor``: tries each connection and permission, and says what to do about each that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from bot import probes
from bot.settings import Settings
from integrations.probes import Probe

if TYPE_CHECKING:
    from rich.console import Console

EACH_SECONDS = 10.0
"""How long each connection is given."""
_NAME_WIDTH = 34


def run(settings: Settings, console: Console | None = None) -> int:
    """Examine everything and show it; 0 when all that is needed works, 1 otherwise."""
    from rich.console import Console

    found = asyncio.run(examine(settings))
    show(found, console or Console())
    return exit_code(found)


async def examine(settings: Settings) -> Sequence[Probe]:
    """Try everything at once; never raises."""
    parts = {
        "database": probes.database(settings),
        "slack": probes.slack(settings.slack),
        "model": probes.model(settings.model),
        "kubernetes": probes.kubernetes(settings.kubernetes),
        "kubernetes write credential": probes.kubernetes_writes(settings.kubernetes),
        "github": probes.github(settings.github),
        "datadog": probes.datadog(settings.datadog),
        "pagerduty": probes.pagerduty(settings.pagerduty),
        "repositories": probes.repositories(settings.knowledge),
        "sources": probes.sources(settings),
    }
    found = await asyncio.gather(*(_bounded(name, part) for name, part in parts.items()))
    return [probe for part in found for probe in part]


def exit_code(found: Iterable[Probe]) -> int:
    """0 when all that is needed works; warnings do not count."""
    return 0 if all(probe.ok for probe in found) else 1


def show(found: Sequence[Probe], console: Console) -> None:
    """A line for each probe, those that went equally well in one; what to do stands below the line."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column()
    table.add_column(max_width=_NAME_WIDTH)
    table.add_column()
    for probe in _condensed(found):
        mark = "[red]✗[/]" if not probe.ok else "[yellow]![/]" if probe.warning else "[green]✓[/]"
        remedy = f"\n[bold]→ {escape(probe.remedy)}[/]" if probe.remedy else ""
        table.add_row(mark, escape(probe.name), escape(probe.detail) + remedy)
    console.print(table)
    failed = sum(not probe.ok for probe in found)
    warned = sum(probe.ok and probe.warning for probe in found)
    console.print(_verdict(failed, warned))


def _verdict(failed: int, warned: int) -> str:
    warnings = f"; {warned} warning{'s' if warned != 1 else ''}" if warned else ""
    if failed:
        return f"[red]{failed} check{'s' if failed != 1 else ''} failed{warnings}.[/]"
    return f"[green]All that is needed works{warnings}.[/]"


def _condensed(found: Iterable[Probe]) -> Iterator[Probe]:
    """Neighbours of one vendor that went well in the same words are one line."""
    for (vendor, detail, plain), group in groupby(found, _likeness):
        like = list(group)
        if not plain or len(like) == 1:
            yield from like
            continue
        names = ", ".join(probe.name.removeprefix(vendor).strip() for probe in like)
        yield Probe(name=vendor, ok=True, detail=f"{detail}: {names}")


def _likeness(probe: Probe) -> tuple[str, str, bool]:
    return probe.name.partition(" ")[0], probe.detail, probe.ok and not probe.warning


async def _bounded(name: str, part: Awaitable[list[Probe]]) -> list[Probe]:
    try:
        return await asyncio.wait_for(part, EACH_SECONDS)
    except TimeoutError:
        detail = f"no answer within {EACH_SECONDS:g} s"
        remedy = "check its address, and that the network lets this machine reach it"
    except Exception as error:  # the doctor reports whatever is wrong and goes on with the rest
        detail = f"{type(error).__name__}: {probes.first_line(error)}"
        remedy = "check its settings against .env.example"
    return [Probe(name=name, ok=False, detail=detail, remedy=remedy)]
