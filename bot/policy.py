"""The command ``srebot policy``: shows, checks and explains the rules by which changes are proposed and applied."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.policy_question import Question
    from bot.settings import Settings

app = typer.Typer(help="The rules of changes: schema, show, check, explain.", no_args_is_help=True)
_File = Annotated[
    Path | None,
    typer.Argument(help="a policy file; empty: the one that SREBOT_POLICY_FILE names"),
]


_Words = Annotated[list[str] | None, typer.Option(help="name=value; may be repeated")]
_Place = Annotated[str, typer.Option(help="where; empty: as the graph or the settings know it")]
_When = Annotated[
    datetime | None, typer.Option(help="when, UTC; empty: now", formats=["%Y-%m-%dT%H:%M"])
]
_User = Annotated[str, typer.Option(help="a user's id: may they approve it?")]
_Groups = Annotated[list[str] | None, typer.Option(help="a user group that they are in")]
_Asked = Annotated[str, typer.Option(help="the user who asked for it")]
_Undoes = Annotated[str, typer.Option(help="it takes back a change of this kind")]
_Worse = Annotated[bool, typer.Option("--worse", help="after which things got worse")]
_Managed = Annotated[
    bool, typer.Option("--pull-request", help="the target is managed in a repository")
]
_Policy = Annotated[Path | None, typer.Option(help="empty: the policy that holds")]
_Live = Annotated[
    bool | None,
    typer.Option("--live/--no-live", help="read the records; empty: if DATABASE_URL is set"),
]


@app.command()
def schema() -> None:
    """Print the JSON schema of a policy file."""
    import json

    from agent.resolution.policy import Policy

    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Policy.model_json_schema()}
    typer.echo(json.dumps(made, indent=2))


@app.command()
def show() -> None:
    """Print the policy that holds: the file that SREBOT_POLICY_FILE names, or the packaged one."""
    from bot.policy_in_force import text_in_force

    typer.echo(text_in_force(_settings()), nl=False)


@app.command()
def check(file: _File = None) -> None:
    """Say line by line what is wrong in a policy file; exit status 1 if anything is."""
    from agent.resolution.policy import check as wrong
    from agent.resolution.policy.reading import text_of
    from bot.policy_in_force import text_in_force

    text = text_of(file) if file is not None else text_in_force(_settings())
    problems = wrong(text)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(1)
    typer.echo("Nothing is wrong.")


@app.command()
def explain(
    kind: Annotated[str, typer.Argument(help="of change, such as resources or restart")],
    target: Annotated[str, typer.Argument(help="auth, or production/deployment/auth")],
    environment: _Place = "",
    namespace: _Place = "",
    cluster: _Place = "",
    label: _Words = None,
    argument: _Words = None,
    now: _Words = None,
    at: _When = None,
    by: _User = "",
    group: _Groups = None,
    asked_by: _Asked = "",
    undoes: _Undoes = "",
    worse: _Worse = False,
    pull_request: _Managed = False,
    file: _Policy = None,
    live: _Live = None,
) -> None:
    """Which rule decides on a change, who may approve it, when, and why it does not go without asking.

    --argument memory_bytes=24Gi is what it would set, --now memory_bytes=16Gi what is there now, --label tier=1 what the
    target bears.
    """
    from bot.policy_question import Question, answer

    settings = _settings()
    question = Question(
        kind=kind,
        target=target,
        environment=environment,
        namespace=namespace,
        cluster=cluster or settings.kubernetes.cluster,
        labels=label or (),
        arguments=argument or (),
        present=now or (),
        at=at,
        user=by,
        groups=group or (),
        asked_by=asked_by,
        undoes=undoes,
        worse=worse,
        pull_request=pull_request,
        file=file,
    )
    wanted = live if live is not None else bool(settings.database.url.get_secret_value())
    typer.echo(_live(settings, question) if wanted else answer(question, settings), nl=False)


def _live(settings: Settings, question: Question) -> str:
    from bot.log import configure
    from bot.policy_question import live_answer
    from bot.runtime import database

    configure("ERROR", json=False)
    with database(settings) as url:
        return _run(live_answer, question, settings, url)


def _run(work: Callable[..., Coroutine[Any, Any, str]], *arguments: Any) -> str:
    import asyncio

    return asyncio.run(work(*arguments))


def _settings() -> Settings:
    from bot.cli import _settings as read

    return read()
