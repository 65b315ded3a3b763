"""Changes of the company as context: kept, and told where trouble followed or is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from agent.awareness.correlation import Windows, nearest
from agent.awareness.issues import Issue, Joined
from agent.knowledge.facts import ChangeType, EntityChange
from agent.knowledge.graph import name_of
from agent.model import Signal, SignalKind
from agent.ports import Clock
from agent.store.repository import Store
from agent.store.surroundings import Surroundings

BEFORE = timedelta(minutes=15)
"""A change so long before the trouble, or after its beginning, belongs to it."""
_MOST_TOLD = 3
_MINUTE = timedelta(minutes=1)
_VERBS = {
    ChangeType.ROLLOUT: "was rolled out",
    ChangeType.DEPLOY: "was deployed",
    ChangeType.CONFIG: "got a new configuration",
    ChangeType.SCALE: "was scaled",
    ChangeType.REMOVED: "was removed",
}


async def accept_changes(
    store: Store,
    changes: Sequence[EntityChange],
    clock: Clock,
    tell: Callable[[Signal], Awaitable[None]] | None = None,
) -> list[Signal]:
    """Keep changes as context; those near an open Issue belong to it.

    Args:
        store: the database.
        changes: rollouts, config and scale changes, deploys of other systems.
        clock: the time.
        tell: passes on those that belong to an open Issue, so that its thread is told (``Answering.receive``).

    Returns:
        The changes that belong to an open Issue, as signals.
    """
    near = []
    for change in changes:
        users = await _users_of(store, change.entity)
        signal = change_signal(change, clock, users[0] if len(users) == 1 else change.entity)
        if not await store.signals.add(signal):
            continue
        if await join_change(store, signal) is not None:
            near.append(signal)
            if tell is not None:
                await tell(signal)
    return near


async def _users_of(store: Store, entity: str) -> list[str]:
    """Keys of the workloads that a ConfigMap configures; none for anything else."""
    if "/configmap/" not in entity:
        return []
    near = await store.graph.neighbourhood(entity, hops=1)
    return [b.source for b in near.beliefs if b.kind == "configured_by" and b.target == entity]


def change_signal(change: EntityChange, clock: Clock, felt_at: str = "") -> Signal:
    """A change as a signal; ``felt_at`` is the key of the entity that it concerns, if not the changed one."""
    namespace = change.entity.partition("/")[0].removeprefix("-")
    key = change.key or "|".join((change.origin, change.entity, change.what, str(change.at)))
    return Signal(
        key=f"change:{key}",
        kind=SignalKind.CHANGE,
        source=change.origin,
        title=change.what,
        text=" → ".join(filter(None, (change.before, change.after))),
        service=name_of(felt_at or change.entity),
        namespace=namespace,
        environment=namespace,
        tags={"entity": change.entity, "type": change.type.value},
        occurred_at=min(change.at, clock.now()),
        link=change.evidence if change.evidence.startswith("http") else "",
    )


async def join_change(store: Store, signal: Signal) -> Joined | None:
    """Put a change in the open Issue near it, which it neither narrows down nor keeps open; None when there is none."""
    around = await store.surroundings.of(signal.service, signal.namespace or signal.environment)
    if not around.key:
        return None
    users = await _users_of(store, signal.tags.get("entity", ""))
    async with store.issues.in_turn() as tx:
        if (known := await store.issues.of_signal(signal.key, session=tx)) is not None:
            return known
        since = signal.occurred_at - BEFORE
        found = await store.issues.candidates(signal.environment, since, session=tx)
        itself = Surroundings(key=around.key, causes=dict.fromkeys(users or [around.key], 0))
        windows = Windows(near=BEFORE, same_entity=BEFORE)
        if (match := nearest(itself, found, signal.occurred_at, windows)) is None:
            return None
        joined = Joined(issue=match.issue, opened=False, reason=match.reason)
        await store.issues.add_signal(joined, signal, session=tx)
        return joined


async def changes_before(store: Store, issue: Issue) -> list[Signal]:
    """The last changes of an Issue's suspects shortly before it began, oldest first."""
    names = {name_of(key) for key in (*issue.entities, *issue.suspects)}
    began = issue.opened_at
    found = await store.signals.changes(names, issue.environment, began - BEFORE, began)
    return found[-_MOST_TOLD:]


def change_line(signal: Signal, began: datetime) -> str:
    """``recommendation was rolled out 4 minutes before (4.1.8 → 4.2.0).``"""
    when = _when(began - signal.occurred_at)
    verb = _VERBS.get(ChangeType(signal.tags.get("type", ChangeType.PROPERTY)))
    if verb is None:
        return f"{when[0].upper()}{when[1:]}: {signal.title}."
    # Of several values that changed at once, the title says which is which.
    values = signal.title.partition(": ")[2] if "; " in signal.text else signal.text
    what = f" ({values})" if values else f": {signal.title}"
    return f"{signal.service} {verb} {when}{what}."


def _when(ahead: timedelta) -> str:
    """``4 minutes before``, ``20 seconds after it began``"""
    seconds = round(ahead.total_seconds())
    side = "before" if seconds >= 0 else "after it began"
    number, unit = (
        (abs(seconds), "second") if abs(seconds) < 60 else (abs(round(ahead / _MINUTE)), "minute")
    )
    return f"{number} {unit if number == 1 else unit + 's'} {side}"
