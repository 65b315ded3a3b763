"""The company as data: people, teams, services, channels, monitors, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.world import data
from sandbox.world.durations import duration
from sandbox.world.ports import (
    Change,
    Channel,
    ChatMessage,
    Company,
    Monitor,
    PagerDutyIncident,
    Person,
    Service,
    Team,
)
from sandbox.world.scenario import Report, Rollout
from sandbox.world.script import RolloutNow

_TUPLES = ("members", "depends_on", "tags", "notes")
_WIKI = "https://wiki.sundial.example/runbooks/"
_RUNBOOKS = data.FOLDER / "repository/docs/runbooks"
_GITHUB = "https://github.com/sundial/"


def load_company(
    started_at: datetime, rollouts: Sequence[Rollout] = (), reports: Sequence[Report] = ()
) -> Company:
    """The company at ``started_at``, which is what the files' ``ago`` counts back from.

    ``rollouts`` and ``reports`` come on top of those of the company's own history.
    """
    facts = data.read("company.yaml")
    talk = data.read("talk.yaml")
    reported = [_reported(report, started_at) for report in reports]
    runbooks = {path.stem: path.read_text() for path in _RUNBOOKS.glob("*.md")}
    return Company(
        name=facts["name"],
        people=tuple(Person(**person) for person in facts["people"]),
        teams=tuple(Team(**_frozen(team)) for team in facts["teams"]),
        services=tuple(_service(service, runbooks) for service in facts["services"]),
        channels=tuple(Channel(**_frozen(channel)) for channel in facts["channels"]),
        monitors=tuple(Monitor(**_frozen(monitor)) for monitor in data.read("monitors.yaml")),
        chatter=tuple(_message(message, started_at) for message in talk["chatter"]),
        incidents=tuple(_incident(incident, started_at) for incident in talk["incidents"]),
        changes=_changes(talk, [*past_rollouts(), *rollouts], reported, started_at),
        business_services={k: tuple(v) for k, v in facts["business_services"].items()},
        runbooks=runbooks,
    )


def _frozen(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples, as the dataclasses want them."""
    return {k: tuple(v) if k in _TUPLES else v for k, v in fields.items()}


def _service(fields: Mapping[str, Any], runbooks: Mapping[str, str]) -> Service:
    name = fields["name"]
    runbook = f"{_WIKI}{name}" if name in runbooks else ""
    return Service(**_frozen(fields), repository=f"{_GITHUB}{name}", runbook=runbook)


def _message(
    fields: Mapping[str, Any], started_at: datetime, channel: str | None = None
) -> ChatMessage:
    channel = channel or fields["channel"]
    replies = tuple(_message(reply, started_at, channel) for reply in fields.get("replies", ()))
    at = started_at - duration(fields["ago"])
    return ChatMessage(channel, fields["user"], at, fields["text"], replies)


def _incident(fields: Mapping[str, Any], started_at: datetime) -> PagerDutyIncident:
    rest = {k: v for k, v in _frozen(fields).items() if k not in ("ago", "lasted")}
    created = started_at - duration(fields["ago"])
    resolved = created + duration(fields["lasted"]) if "lasted" in fields else None
    return PagerDutyIncident(**rest, created_at=created, resolved_at=resolved)


def past_rollouts() -> list[Rollout]:
    """The rollouts of the company's own history."""
    return [Rollout(**fields) for fields in data.read("talk.yaml")["rollouts"]]


def _changes(
    talk: Mapping[str, Any],
    rollouts: Sequence[Rollout],
    reported: Sequence[Change],
    started_at: datetime,
) -> tuple[Change, ...]:
    """Rollouts and other changes, oldest first."""
    found = [*reported, *(_rollout_change(rollout, started_at) for rollout in rollouts)]
    for fields in talk["changes"]:
        rest = {k: v for k, v in _frozen(fields).items() if k != "ago"}
        found.append(Change(at=started_at - duration(fields["ago"]), **rest))
    return tuple(sorted(found, key=lambda change: change.at))


def _reported(report: Report, started_at: datetime) -> Change:
    fields = report.model_dump(exclude={"ago"})
    return Change(at=started_at - report.ago, **fields)


def _rollout_change(rollout: Rollout, started_at: datetime) -> Change:
    return _deployed(
        rollout.service,
        "production",
        rollout.after,
        f"{rollout.note} (was {rollout.before})",
        rollout.author,
        started_at - rollout.ago,
    )


def rollout_change(rollout: RolloutNow, before: str, at: datetime) -> Change:
    """A rollout that happens while the sandbox runs, as the delivery tool reports it."""
    text = f"{rollout.note} (was {before})"
    return _deployed(rollout.service, rollout.namespace, rollout.version, text, rollout.author, at)


def _deployed(service: str, env: str, version: str, text: str, author: str, at: datetime) -> Change:
    return Change(
        at=at,
        service=service,
        title=f"Deployed {service} {version} to {env}",
        text=text,
        tags=(f"env:{env}", f"service:{service}", f"version:{version}", "kind:deployment"),
        author=author,
    )
