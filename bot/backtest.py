"""``srebot backtest [--pattern N]``: what closed investigations would come out as without what was learnt, and with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.learning.backtest import Backtest
    from agent.store.repository import Store


def backtest(
    pattern: Annotated[
        int, typer.Option(metavar="N", help="only this pattern; 0: each of them")
    ] = 0,
) -> None:
    """Try what was learnt on closed investigations; exit status 1 when a pattern in use makes findings worse."""
    import asyncio

    from agent.errors import SrebotError
    from agent.store.engine import create_engine
    from agent.store.repository import Store
    from bot.runtime import database
    from bot.settings import Settings

    async def work(url: str) -> bool:
        store = Store(create_engine(url))
        try:
            return await _all(store, pattern)
        finally:
            await store.close()

    try:
        with database(Settings()) as url:
            good = asyncio.run(work(url))
    except SrebotError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not good:
        raise typer.Exit(1)


async def _all(store: Store, number: int) -> bool:
    from agent.learning.backtest import backtested_against_nothing

    patterns = [await store.patterns.get(number)] if number else await store.patterns.list()
    good = True
    for one in patterns:
        report = await backtested_against_nothing(store, one)
        typer.echo(f"#{one.id} {one.mode} at {one.entity} ({one.state.value}): {_line(report)}")
        good = good and not report.is_worse
    if not patterns:
        typer.echo("Nothing has been learnt yet.")
    return good


def _line(report: Backtest) -> str:
    mark = "WORSE" if report.is_worse else "ok"
    return f"{mark}. {report.sentence}"
