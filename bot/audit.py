"""``srebot audit verify`` and ``srebot audit export``: whether the audit log is whole, and all of it for others to read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agent.store.audit import Audit, AuditEntry, Which

audit = typer.Typer(help="The audit log: verify, export.", no_args_is_help=True)
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
_COLUMNS = ("id", "at", "actor", "action", "subject", "details", "previous_hash", "hash")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula when a cell begins with it."""


class Format(StrEnum):
    """How entries are written."""

    JSONL = "jsonl"
    CSV = "csv"


@audit.command()
def verify(
    expect: Annotated[
        str, typer.Option(metavar="HASH", help="a head noted before: it has to be in the log still")
    ] = "",
) -> None:
    """Recompute the hash chain; exit status 1 names the first entry that does not fit."""
    chain = _with_audit(lambda log: log.chain(expect))
    if chain.broken is not None:
        typer.echo(
            f"Entry {chain.broken} does not fit: it, or one before it, was changed or removed. "
            f"{chain.entries} entries before it fit."
        )
        raise typer.Exit(1)
    typer.echo(f"{chain.entries} entries, all fit. Head: {chain.head or 'none'}")
    if not chain.expected_met:
        typer.echo(f"{expect} is not among them: entries were removed from the end.")
        raise typer.Exit(1)


@audit.command()
def export(
    since: Annotated[datetime | None, typer.Option(formats=_TIMES, help="UTC")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_TIMES, help="UTC; not itself")] = None,
    investigation: Annotated[int | None, typer.Option(help="only what belongs to it")] = None,
    form: Annotated[Format, typer.Option("--format")] = Format.JSONL,
) -> None:
    """Write entries to standard output, oldest first; secrets are struck."""
    from agent.store.audit import Which

    which = Which(_utc(since), _utc(until), investigation)
    _with_audit(lambda log: _export(log, which, form))


async def _export(log: Audit, which: Which, form: Format) -> None:
    write = typer.get_text_stream("stdout").write
    async for line in lines(log, which, form):
        write(line)


async def lines(log: Audit, which: Which, form: Format) -> AsyncIterator[str]:
    """The export, line by line."""
    if form is Format.CSV:
        yield _row(_COLUMNS)
    async for entry in log.read(which):
        struck = _struck(entry)
        if form is Format.JSONL:
            yield f"{json.dumps(struck, ensure_ascii=False)}\n"
        else:
            yield _row(_cell(struck[name]) for name in _COLUMNS)


def _struck(entry: AuditEntry) -> Mapping[str, Any]:
    """An entry without what looks like a secret: what is known of secrets may have grown since it was written."""
    from agent.redaction import redact_data

    struck: dict[str, Any] = redact_data({**entry._asdict(), "at": entry.at.isoformat()})
    return {**struck, "previous_hash": entry.previous_hash, "hash": entry.hash}


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def _with_audit(work: Callable[[Audit], Any]) -> Any:
    import asyncio

    from agent.store.engine import create_engine
    from agent.store.repository import Store
    from bot.cli import _settings
    from bot.log import configure, secrets_of
    from bot.runtime import reachable, usable

    async def run(url: str) -> Any:
        store = Store(create_engine(url))
        try:
            return await work(store.audit)
        finally:
            await store.close()

    settings = _settings()
    configure("ERROR", json=False, secrets=secrets_of(settings))
    with reachable(settings.database, settings.bot) as url, usable(url):
        return asyncio.run(run(url))
