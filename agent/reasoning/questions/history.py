"""What changed around something, and its incidents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.knowledge.wording import moment
from agent.model import Case, Check, Json, Step
from agent.reasoning.questions.kinds import Asked
from agent.reasoning.questions.looking import (
    Topic,
    exact_name,
    found,
    graph_check,
    place_of,
    problem,
)

_DAY_HOURS = 24
_MOST_HOURS = 720
_MOST_CHANGES = 12
_SAME = timedelta(minutes=5)
"""Within it, two sources that tell of the same thing tell of the same change."""
_MOST_INCIDENTS = 5


class _Change(NamedTuple):
    at: datetime
    name: str
    words: str


def _start(asked: Asked, case: Case) -> datetime:
    return asked.since.start if asked.since else case.now - timedelta(hours=_DAY_HOURS)


def _checks_changes(asked: Asked, case: Case) -> tuple[Check, ...]:
    start = _start(asked, case)
    hours = math.ceil(max(1.0, (case.now - start).total_seconds() / 3600))
    place = {"namespace": place_of(asked, case), "hours": min(hours, _MOST_HOURS)}
    live = (
        Check(tool="kubernetes_rollouts", arguments=place, reason="what was rolled out"),
        Check(tool="kubernetes_changes", arguments=place, reason="what was changed"),
    )
    if not asked.a:
        return live
    since = start.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return (
        graph_check("graph_changes", "what is known to have changed", asked, case, since=since),
        *live,
    )


def _say_changes(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    journal = found(steps, "graph_changes")
    if asked.a and not journal.number and (said := problem(steps, "graph_changes")):
        yield said
        return
    start = _start(asked, case)
    end = asked.since.until if asked.since else None
    words = asked.since.words if asked.since else "in the last 24 h"
    name = journal.data.get("entity", {}).get("name") or asked.a
    changes = [c for c in _changes(asked, steps) if c.at >= start and (end is None or c.at < end)]
    around = f" around {name}" if name else f" in {place_of(asked, case)}"
    if changes:
        yield f"Changed{around} {words}, the latest first:"
    for change in changes[:_MOST_CHANGES]:
        yield f"• {moment(change.at, case.now)}: {change.words}"
    if len(changes) > _MOST_CHANGES:
        yield f"{len(changes) - _MOST_CHANGES} more changes are in the record."
    tools = ("graph_changes", "kubernetes_rollouts", "kubernetes_changes")
    cites = "".join(found(steps, t).cite for t in tools)
    if not changes and cites:
        yield f"Nothing changed{around} {words}{cites}."


def _changes(asked: Asked, steps: Sequence[Step]) -> list[_Change]:
    """The journal's changes, and what the cluster shows beyond them; the latest first."""
    journal = found(steps, "graph_changes")
    known = [
        _Change(
            datetime.fromisoformat(row["at"]),
            row["name"],
            f"{row['what']} ({row['source']}){journal.cite}",
        )
        for row in journal.data.get("changes") or []
    ]
    near = set(journal.data.get("near") or ()) or ({asked.a} if asked.a else set())
    for change in (*_rollouts(steps, near), *_writes(steps, near)):
        told = any(k.name == change.name and abs(k.at - change.at) < _SAME for k in known)
        if not told:
            known.append(change)
    return sorted(known, key=lambda c: (c.at, c.name), reverse=True)


def _rollouts(steps: Sequence[Step], near: set[str]) -> Iterator[_Change]:
    answer = found(steps, "kubernetes_rollouts")
    for rollout in answer.data.get("rollouts") or []:
        at = _time(rollout.get("at"))
        if at is not None and (not near or rollout["workload"] in near):
            words = f"rollout of {rollout['workload']}, revision {rollout['revision']}"
            yield _Change(at, str(rollout["workload"]), f"{words}{answer.cite}")


def _writes(steps: Sequence[Step], near: set[str]) -> Iterator[_Change]:
    answer = found(steps, "kubernetes_changes")
    for change in answer.data.get("changes") or []:
        at, name = _time(change.get("at")), str(change["name"])
        mine = not near or any(name == n or name.startswith(f"{n}-") for n in near)
        if at is not None and mine and "rolled out" not in str(change["what"]):
            yield _Change(at, name, f"{change['kind']} {name} {change['what']}{answer.cite}")


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None


def _checks_incidents(asked: Asked, case: Case) -> tuple[Check, ...]:
    arguments = {"service": exact_name(asked, case)}
    return (Check(tool="pagerduty_incidents", arguments=arguments, reason="what happened before"),)


def _say_incidents(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "pagerduty_incidents")
    incidents: Sequence[Json] = answer.data.get("incidents") or []
    if said := problem(steps, "pagerduty_incidents"):
        yield f"{said}."
    if answer.number and not incidents:
        yield f"{exact_name(asked, case)} had no incident in the last 30 days{answer.cite}."
    for incident in incidents[:_MOST_INCIDENTS]:
        notes = f" - {incident['notes'][-1]}" if incident.get("notes") else ""
        yield (
            f"#{incident['number']} {incident['title']}, {incident['status']},"
            f" {incident['created_at']}{notes}{answer.cite}"
        )


CHANGES = Topic(_checks_changes, _say_changes)
INCIDENTS = Topic(_checks_incidents, _say_incidents)
