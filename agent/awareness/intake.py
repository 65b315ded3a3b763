"""Takes a signal in: remembers it, decides on it, and opens an investigation where it deserves one."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.awareness.triage import budget_for, decide
from agent.knowledge.graph import dependants, dependency_graph
from agent.model import (
    AlertState,
    Budget,
    Decision,
    Investigation,
    InvestigationStatus,
    Signal,
    SignalKind,
    Triage,
    Value,
)
from agent.ports import Clock
from agent.store.repository import Store

_LOOK_BACK = timedelta(hours=6)
_ASLEEP = InvestigationStatus.WAITING_FOR_INPUT
"""Nobody may ever answer: an investigation that waits for input does not keep its alert from being looked into again."""


class Accepted(Value):
    """What became of a signal."""

    triage: Triage
    investigation: int | None = None
    """Opened for it, or the open one into the same alert."""
    opened: bool = False


async def accept(store: Store, signal: Signal, clock: Clock, bounds: Budget) -> Accepted:
    """Remember a signal and decide on it; accepting it again gives the same investigation.

    Args:
        store: the database.
        signal: what was noticed.
        clock: the time.
        bounds: what no investigation may exceed.
    """
    signal = await _located(store, signal)
    await store.signals.add(signal)
    since = clock.now() - _LOOK_BACK
    recent = await _earlier(store, signal, since)
    entities, relations = await store.memory.around(signal.service, signal.namespace)
    graph = dependency_graph(entities, relations)
    triage = decide(signal, entities, recent, len(dependants(graph, signal.service)))
    known = await _known(store, signal)
    if triage.decision is not Decision.INVESTIGATE:
        return Accepted(triage=triage, investigation=known.id if known else None)
    if known is not None and known.status is not _ASLEEP:
        reason = f"Not investigated anew: investigation {known.id} is looking into the same alert."
        same = triage.model_copy(update={"decision": Decision.WATCH, "reason": reason})
        return Accepted(triage=same, investigation=known.id)
    opened, _ = await store.investigations.open(
        signal, triage, _within(budget_for(triage), bounds), signal.key, clock.now()
    )
    return Accepted(triage=triage, investigation=opened.id, opened=True)


async def _earlier(store: Store, signal: Signal, since: datetime) -> list[Signal]:
    """The signals on the same alert before this one; of two at the same moment one is the earlier."""
    if not signal.fingerprint:
        return []
    known = await store.signals.recent(signal.fingerprint, since)
    moment = (signal.occurred_at, signal.key)
    return [s for s in known if (s.occurred_at, s.key) < moment]


async def _known(store: Store, signal: Signal) -> Investigation | None:
    """The open investigation into the same alert, other than one opened for this very signal."""
    if signal.kind is not SignalKind.ALERT or not signal.fingerprint:
        return None
    known = await store.investigations.by_fingerprint_open(signal.fingerprint)
    return None if known is None or known.signal.key == signal.key else known


def _within(budget: Budget, bounds: Budget) -> Budget:
    return Budget(**{n: min(getattr(budget, n), getattr(bounds, n)) for n in Budget.model_fields})


async def _located(store: Store, signal: Signal) -> Signal:
    """The signal with the entity that its text speaks of, where it does not say so itself."""
    if signal.service:
        return signal
    entity = await store.memory.locate(f"{signal.title}\n{signal.text}", signal.environment)
    if entity is None:
        return signal
    return signal.model_copy(
        update={
            "service": entity.name,
            "namespace": signal.namespace or entity.namespace,
            "environment": signal.environment or entity.environment,
        }
    )


def is_recovery(signal: Signal) -> bool:
    """Whether it says that an alert is over."""
    return signal.kind is SignalKind.ALERT and signal.state is AlertState.RECOVERED
