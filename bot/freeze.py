"""``srebot freeze``: the global stop for whoever has the database, when Slack is away."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Annotated, Any

import typer

freeze = typer.Typer(
    help="Stop all applying, in every environment: on, off, status.", no_args_is_help=True
)


@freeze.command()
def on(reason: Annotated[str, typer.Argument(help="why")] = "") -> None:
    """Apply nothing any more, in no process."""
    from agent.resolution.freezing import begin

    typer.echo(_with_store(lambda store, now: begin(store, _actor(), reason, now)))


@freeze.command()
def off() -> None:
    """Let approved changes be applied again."""
    from agent.resolution.freezing import lift

    typer.echo(_with_store(lambda store, now: lift(store, _actor(), now)))


@freeze.command()
def status() -> None:
    """Whether changes are frozen; exit status 1 if they are."""
    current = _with_store(lambda store, _: store.freezes.current())
    if current is None:
        typer.echo("Nothing is frozen: approved changes are applied.")
        return
    why = f": {current.reason}" if current.reason else ""
    typer.echo(f"Frozen since {current.since:%Y-%m-%d %H:%M} UTC by {current.by}{why}")
    raise typer.Exit(1)


def _actor() -> str:
    """Who the audit log names: whoever has the database may, as they could write to it anyway."""
    return f"terminal:{getpass.getuser()}"


def _with_store(work: Callable[[Any, Any], Any]) -> Any:
    import asyncio
    from datetime import UTC, datetime

    from agent.store.engine import create_engine
    from agent.store.repository import Store
    from bot.cli import _with_database

    async def run(url: str) -> Any:
        store = Store(create_engine(url))
        try:
            return await work(store, datetime.now(UTC))
        finally:
            await store.close()

    with _with_database() as (_, url):
        return asyncio.run(run(url))
