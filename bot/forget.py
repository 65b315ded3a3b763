"""``srebot forget``: what is kept of an entity, of a person, or of before a time, goes for good."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from agent.errors import SrebotError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.store.repository import Store

_STAYS = (
    "The audit log and the decisions on proposals stay, as they have to: they name people by Slack's ids alone. "
    "Backups of the database, Slack and the vendors keep what they have."
)
_JUST_NOW = timedelta(hours=1)
"""Workflows that ended later are kept: by them a repeated event is known to have been handled."""
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


@dataclass(frozen=True)
class Wanted:
    """What is to be forgotten: exactly one of them."""

    entity: str = ""
    """The key of a thing of the graph, such as ``production/service/checkout``."""
    user: str = ""
    """A person's id at Slack."""
    older_than_days: float | None = None

    @property
    def in_words(self) -> str:
        """For people."""
        if self.entity:
            return f"entity {self.entity}"
        if self.user:
            return f"user {self.user}"
        return f"what is older than {self.older_than_days:g} days"


def forget(
    entity: Annotated[
        str, typer.Option(metavar="KEY", help="such as production/service/checkout")
    ] = "",
    user: Annotated[str, typer.Option(metavar="ID", help="a person's id at Slack")] = "",
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", help="ended investigations, signals, changes")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would go")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget for good what is kept of a thing, of a person, or of long ago; docs/privacy.md says what that is."""
    from rich.console import Console

    from bot.cli import _run, _with_database

    wanted = Wanted(entity, user, older_than)
    with _with_database() as (_, url):
        sure = (lambda _: True) if yes else typer.confirm
        _run(let_go, url, wanted, Console(), sure, dry_run)


async def let_go(
    url: str,
    wanted: Wanted,
    console: Console,
    sure: Callable[[str], bool],
    dry_run: bool,
) -> None:
    """Show what would go, ask, and let it go; it is entered in the audit log what was forgotten, not its content.

    Args:
        url: the migrated database.
        wanted: what is to go.
        console: where it is shown.
        sure: asks a person.
        dry_run: only show.

    Raises:
        SrebotError: nothing, or more than one thing, was named.
    """
    from agent.store.engine import create_engine
    from agent.store.repository import Store

    store = Store(create_engine(url))
    try:
        work = _work(store, wanted)
        counts = await work(True)
        _show(console, wanted, counts)
        if dry_run or not sum(counts.values()):
            return
        if not sure(f"Forget {wanted.in_words} for good?"):
            console.print("Nothing was forgotten.")
            return
        done = await work(False)
        details = {"what": wanted.in_words, "rows": dict(done)}
        now = datetime.now(UTC)
        await store.audit.append(f"terminal:{getpass.getuser()}", "forgot", "data", details, now)
        workflows = 0
        if await store.forgetting.has_run():
            workflows = _forget_workflows(url, now - _JUST_NOW)
        console.print(f"Forgotten. {workflows} records of finished workflows went as well.")
        console.print(_STAYS)
    finally:
        await store.close()


def _work(store: Store, wanted: Wanted) -> Callable[[bool], Awaitable[Mapping[str, int]]]:
    forgetting, days = store.forgetting, wanted.older_than_days
    given = [bool(wanted.entity), bool(wanted.user), days is not None]
    if sum(given) != 1:
        raise SrebotError("Name one of --entity, --user and --older-than.")
    if wanted.entity:
        return lambda rehearse: forgetting.entity(wanted.entity, rehearse=rehearse)
    if wanted.user:
        return lambda rehearse: forgetting.user(wanted.user, rehearse=rehearse)
    before = datetime.now(UTC) - timedelta(days=days or 0.0)
    return lambda rehearse: forgetting.older_than(before, rehearse=rehearse)


def _show(console: Console, wanted: Wanted, counts: Mapping[str, int]) -> None:
    from rich.table import Table

    if not sum(counts.values()):
        console.print(f"Nothing is kept of {wanted.in_words}.")
        return
    table = Table("table", "rows", title=f"Of {wanted.in_words}", title_justify="left")
    for name, count in sorted(counts.items()):
        table.add_row(name, str(count))
    console.print(table)


def _forget_workflows(url: str, before: datetime) -> int:
    """The records of finished workflows hold what they were given: words of people among it."""
    from dbos import DBOSClient

    from agent.store.engine import normalise

    client = DBOSClient(
        system_database_url=normalise(url).render_as_string(hide_password=False), lazy=True
    )
    try:
        over = client.list_workflows(
            status=_OVER, completed_before=before.isoformat(), load_input=False, load_output=False
        )
        if over:
            client.delete_workflows([w.workflow_id for w in over])
        return len(over)
    finally:
        client.destroy()
