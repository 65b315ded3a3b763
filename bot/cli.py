"""The command ``srebot``. Heavy parts are imported by the command that needs them, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.audit import audit
from bot.backtest import backtest
from bot.forget import forget
from bot.freeze import freeze
from bot.policy import app as policy

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    help="An AI SRE in Slack: investigates alerts, shows its evidence, proposes the fix, applies it once approved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help takes longer to import than all the rest
)
db = typer.Typer(help="The database: upgrade, status, reset.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(policy, name="policy")
app.add_typer(audit, name="audit")
app.add_typer(freeze, name="freeze")
app.command()(backtest)
app.command()(forget)


def main() -> None:
    """Run the command; what srebot itself refuses is one sentence on standard error and exit status 1."""
    from agent.errors import SrebotError

    try:
        app()
    except SrebotError as error:
        sys.stderr.write(f"srebot: {error}\n")
        sys.exit(1)


def _settings() -> Settings:
    from pydantic import ValidationError

    from agent.errors import SrebotError
    from bot.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SrebotError(f"A setting is wrong: {problems}. See .env.example.") from error


@contextmanager
def _with_database(*, quiet_log: bool = True) -> Iterator[tuple[Settings, str]]:
    from bot.log import configure, secrets_of
    from bot.runtime import database

    settings = _settings()
    configure(
        "ERROR" if quiet_log else settings.bot.log_level,
        json=settings.bot.log_json and not quiet_log,
        secrets=secrets_of(settings),
    )
    with database(settings) as url:
        yield settings, url


@app.command()
def demo(
    scenario: Annotated[str, typer.Option(help="which story to play")] = "redis-memory-pressure",
    port: Annotated[int, typer.Option(help="of the Slack page; 0 takes a free one")] = 8765,
    headless: Annotated[bool, typer.Option(help="play it in the terminal, without a page")] = False,
    approve: Annotated[
        bool, typer.Option(help="with --headless: approve the fix as the engineer on call")
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="open the page in a browser")
    ] = True,
) -> None:
    """See srebot at work on a simulated company: a 3 AM alert, the investigation, the fix, the recovery."""
    from bot.demo import play

    raise typer.Exit(play(scenario, port, headless=headless, approve=approve, open_page=open_page))


@app.command()
def serve() -> None:
    """Run the bot: Slack by Socket Mode (or HTTP), the web pages, the background scans."""
    from bot.serving import serve as run

    with _with_database(quiet_log=False) as (settings, url):
        _run(run, settings, url)


@app.command()
def investigate(
    text: Annotated[str, typer.Argument(help="what is wrong, such as 'logins fail in production'")],
) -> None:
    """Investigate from the terminal, without Slack; proposes, changes nothing."""
    from rich.console import Console

    from bot.terminal import investigate as run

    with _with_database() as (settings, url):
        _run(run, settings, url, text, Console())


@app.command()
def ask(
    question: Annotated[
        str, typer.Argument(help="such as 'who owns checkout and who is on call?'")
    ],
) -> None:
    """Answer a question about the company's systems."""
    from rich.console import Console

    from bot.terminal import ask as run

    with _with_database() as (settings, url):
        _run(run, settings, url, question, Console())


@app.command()
def replay(
    number: Annotated[int, typer.Argument(help="of the investigation")],
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="STEP", help="fork it here: 7 (a step), r2 (a round) or 0 (the start)"
        ),
    ] = "",
    hint: Annotated[str, typer.Option(help="fork it: what it is told at that point")] = "",
    model: Annotated[
        str, typer.Option(help="fork it: the model that thinks from there on, or 'rules'")
    ] = "",
    live: Annotated[
        bool, typer.Option("--live", help="fork it: ask the vendors what the record does not hold")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Play an investigation again from its record, or fork it and compare the verdicts; changes nothing."""
    from rich.console import Console

    from bot.replay import Wanted
    from bot.replay import replay as run

    wanted = Wanted(number, start, hint, model, live, as_json)
    with _with_database() as (settings, url):
        status = _run(run, settings, url, wanted, Console())
    raise typer.Exit(status)


@app.command()
def scan() -> None:
    """Scan the company into the graph once."""
    from rich.console import Console

    from bot.terminal import scan as run

    with _with_database() as (settings, url):
        failed = _run(run, settings, url, Console())
    raise typer.Exit(1 if failed else 0)


@app.command()
def rca(
    case: Annotated[Path, typer.Option(help="case.json: window, symptom, entities")],
    metrics: Annotated[Path, typer.Option(help="CSV, may be gzipped: unix_s, entity|metric, ...")],
    graph: Annotated[Path | None, typer.Option(help="JSON list of [caller, callee]")] = None,
    logs: Annotated[Path | None, typer.Option(help="CSV: unix_s, entity, line")] = None,
    traces: Annotated[Path | None, typer.Option(help="CSV: spans, normal and incident")] = None,
    explain: Annotated[bool, typer.Option(help="a table for people in place of JSON")] = False,
) -> None:
    """Rank the likely causes of a recorded incident from its files."""
    from bot.rca import run

    raise typer.Exit(run(case, metrics, graph, logs, traces, explain=explain))


@app.command()
def doctor() -> None:
    """Check each connection and permission, and say what to do about each that fails."""
    from bot.doctor import run
    from bot.log import configure

    configure("ERROR", json=False)
    raise typer.Exit(run(_settings()))


@app.command(
    "eval",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def evaluate(context: typer.Context) -> None:
    """Play scenarios against a running bot and judge what it finds; `srebot eval --help` tells how."""
    import os

    model = _settings().model
    given = {
        "OPENAI_API_KEY": model.api_key.get_secret_value(),
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_MODEL": model.model,
        "OPENAI_TIMEOUT_SECONDS": str(model.timeout_seconds),
        "OPENAI_USD_PER_MILLION_PROMPT_TOKENS": str(model.usd_per_million_prompt_tokens),
        "OPENAI_USD_PER_MILLION_COMPLETION_TOKENS": str(model.usd_per_million_completion_tokens),
    }
    command = [sys.executable, "-m", "evals", *context.args]
    os.execve(command[0], command, {**os.environ, **given})  # noqa: S606 (our own module)


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version's tables."""
    with _with_database():
        typer.echo("The database is up to date.")


@db.command("status")
def db_status() -> None:
    """Which version the database's tables have."""
    from agent.store import migrate
    from bot.runtime import reachable, usable

    settings = _settings()
    with reachable(settings.database, settings.bot) as url, usable(url):
        current, head = migrate.status(url)
    typer.echo(f"revision {current or 'none'}, newest {head}")
    if current != head:
        typer.echo("Run `srebot db upgrade`.")
        raise typer.Exit(1)


@db.command("reset")
def db_reset(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Delete everything that srebot remembers and make the tables anew."""
    from agent.store import migrate
    from bot.runtime import reachable, usable

    if not yes:
        typer.confirm(
            "Delete all investigations, approvals, patterns and the audit log?", abort=True
        )
    settings = _settings()
    with reachable(settings.database, settings.bot) as url, usable(url):
        migrate.reset(url)
    typer.echo("The database is empty and up to date.")


def _run(work: Callable[..., Any], *arguments: Any) -> Any:
    import asyncio

    try:
        return asyncio.run(work(*arguments))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


if __name__ == "__main__":
    main()
