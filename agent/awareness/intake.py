"""Takes a signal in: remembers it, puts it where it belongs, decides on it, and opens an investigation if it deserves one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.changes import accept_changes, join_change
from agent.awareness.correlation import SAME_ALERT, correlate
from agent.awareness.history import Happened, combination_of, weigh
from agent.awareness.issues import Decided, Issue, Joined, Weight
from agent.awareness.load import coming_load
from agent.awareness.triage import Known, TriageRules, budget_for, is_critical, judged
from agent.model import (
    AlertState,
    Budget,
    Decision,
    Investigation,
    InvestigationStatus,
    ProposalStatus,
    Severity,
    Signal,
    SignalKind,
    Triage,
    Value,
)
from agent.ports import Clock
from agent.store.decisions import Experience
from agent.store.investigations import ENDED
from agent.store.repository import Store
from agent.store.surroundings import Surroundings

__all__ = ["Accepted", "accept", "accept_changes", "is_recovery", "located"]

_LOOK_BACK = timedelta(hours=6)
_ASLEEP = InvestigationStatus.WAITING_FOR_INPUT
"""Nobody may ever answer: an investigation that waits for input keeps others from starting only for a while."""
_QUICKLY = timedelta(minutes=30)
"""A recovery within this time of the alert, before any fix, counts as one by itself."""
CORRELATED = frozenset({SignalKind.ALERT, SignalKind.TICKET, SignalKind.EMERGING})
"""Kinds of signal that belong to Issues."""


class Accepted(Value):
    """What became of a signal."""

    triage: Triage
    investigation: int | None = None
    """Opened for it, or the one into its Issue."""
    opened: bool = False
    joined: Joined | None = None
    """The Issue that it belongs to, if it is of a kind that belongs to Issues."""


@dataclass(frozen=True)
class _Taking:
    """A signal on its way in."""

    store: Store
    signal: Signal
    around: Surroundings
    weight: Weight
    triage: Triage
    budget: Budget
    clock: Clock
    held_back: bool = False
    """Whether the channel has had its messages of the day."""


MaySpeak = Callable[[str, float, Severity], Awaitable[bool]]


async def accept(
    store: Store,
    signal: Signal,
    clock: Clock,
    bounds: Budget,
    may_speak: MaySpeak | None = None,
) -> Accepted:
    """Remember a signal and decide on it; accepting it again gives the same investigation.

    Args:
        store: the database.
        signal: what was noticed.
        clock: the time.
        bounds: what no investigation may exceed.
        may_speak: whether a new thread may be opened in a channel, by impact and severity; None: always.
    """
    signal = await located(store, signal)
    await store.signals.add(signal)
    if signal.kind is SignalKind.CHANGE:
        return _accepted(judged(signal, Known()), await join_change(store, signal), None)
    taking = await _considered(store, signal, clock, bounds)
    if signal.kind not in CORRELATED:
        return await _asked(taking)
    taking = replace(taking, held_back=not await _may_speak(taking, may_speak))
    async with store.issues.in_turn() as tx:
        if (known := await store.decisions.of_signal(signal.key, session=tx)) is not None:
            return await _again(taking, known, tx)
        return await _taken(taking, tx)


async def _considered(store: Store, signal: Signal, clock: Clock, bounds: Budget) -> _Taking:
    """All that is known around a signal, and what that makes of it."""
    around = await store.surroundings.of(signal.service, signal.namespace or signal.environment)
    weight = await weigh(store, combination_of(signal), signal.occurred_at)
    rules = TriageRules()
    tickets = 0
    if signal.kind is SignalKind.TICKET:
        since = signal.occurred_at - rules.tickets_within
        tickets = await store.signals.tickets(signal.service, signal.environment, since)
    known = Known(
        entities=around.entities,
        recent=await _earlier(store, signal),
        dependants=len(around.dependants),
        weight=weight,
        load=coming_load(around.entities, signal.occurred_at),
        tickets=tickets,
    )
    triage = judged(signal, known, rules)
    budget = _within(budget_for(triage), bounds)
    return _Taking(store, signal, around, weight, triage, budget, clock)


async def _asked(taking: _Taking) -> Accepted:
    """What people ask for is its own matter: it joins no Issue."""
    if taking.triage.decision is not Decision.INVESTIGATE:
        return Accepted(triage=taking.triage)
    opened, _ = await taking.store.investigations.open(
        taking.signal, taking.triage, taking.budget, taking.signal.key, taking.clock.now()
    )
    return Accepted(triage=taking.triage, investigation=opened.id, opened=True)


async def _taken(taking: _Taking, tx: AsyncSession) -> Accepted:
    """A signal put in its Issue, decided on and investigated, all or nothing."""
    store, signal = taking.store, taking.signal
    joined = await correlate(store, signal, taking.around, taking.triage, tx)
    if signal.state is AlertState.RECOVERED:
        await _learn_of_recovery(store, signal, joined, tx)
    under_way = await _looked_into(store, joined)
    triage = _within_attention(taking, _beside(taking, under_way, joined))
    opened = None
    if triage.decision is Decision.INVESTIGATE:
        opened, _ = await store.investigations.open(
            signal, triage, taking.budget, signal.key, taking.clock.now(), session=tx
        )
    if joined is not None and (opened is not None or _is_graver(triage, joined.issue)):
        joined = joined.model_copy(update={"issue": _with(joined.issue, triage, opened)})
        await store.issues.save(joined.issue, session=tx)
    await _remember(taking, triage, joined, tx)
    return _accepted(triage, joined, opened)


def _accepted(triage: Triage, joined: Joined | None, opened: Investigation | None) -> Accepted:
    issue = joined.issue if joined else None
    number = opened.id if opened else (issue.investigation if issue else None)
    return Accepted(triage=triage, investigation=number, opened=opened is not None, joined=joined)


async def _again(taking: _Taking, known: Decided, tx: AsyncSession) -> Accepted:
    """What was made of a signal that was accepted before."""
    store, signal = taking.store, taking.signal
    triage = Triage(decision=known.decision, reason=known.reason, impact=known.impact)
    opened = None
    if triage.decision is Decision.INVESTIGATE:
        opened, _ = await store.investigations.open(
            signal, triage, taking.budget, signal.key, taking.clock.now(), session=tx
        )
    return _accepted(triage, await store.issues.of_signal(signal.key, session=tx), opened)


async def _looked_into(store: Store, joined: Joined | None) -> Investigation | None:
    if joined is None or joined.issue.investigation is None:
        return None
    return await store.investigations.get(joined.issue.investigation)


def _beside(taking: _Taking, under_way: Investigation | None, joined: Joined | None) -> Triage:
    """The decision in view of the Issue: what is looked into, or was just now, is not looked into again."""
    triage, at = taking.triage, taking.signal.occurred_at
    if triage.decision is not Decision.INVESTIGATE or under_way is None or joined is None:
        return triage
    why = joined.reason or SAME_ALERT
    ended = under_way.status in ENDED or under_way.status is _ASLEEP
    since = at - (under_way.ended_at or under_way.started_at)
    if ended and since > TriageRules().same_alert_within:
        return triage
    verb = "looked into it just now" if ended else "is looking into it"
    reason = f"Not investigated anew: investigation {under_way.id} {verb} ({why})."
    return triage.model_copy(update={"decision": Decision.WATCH, "reason": reason})


async def _may_speak(taking: _Taking, may_speak: MaySpeak | None) -> bool:
    signal, triage = taking.signal, taking.triage
    if may_speak is None or signal.conversation is None:
        return True
    if triage.decision is not Decision.INVESTIGATE:
        return True
    return await may_speak(signal.conversation.channel, triage.impact, signal.severity)


def _within_attention(taking: _Taking, triage: Triage) -> Triage:
    """The decision in view of what people can take: what is past a channel's budget waits for the digest."""
    if not taking.held_back or triage.decision is not Decision.INVESTIGATE:
        return triage
    reason = "Held back for the digest: I have said enough in this channel today."
    return triage.model_copy(update={"decision": Decision.WATCH, "reason": reason})


_GRAVITY = {Decision.QUIET: 0, Decision.WATCH: 1, Decision.INVESTIGATE: 2}


def _is_graver(triage: Triage, issue: Issue) -> bool:
    return _GRAVITY[triage.decision] > _GRAVITY[issue.triage.decision]


def _with(issue: Issue, triage: Triage, opened: Investigation | None) -> Issue:
    """An Issue as its gravest signal makes it, talked about where it is investigated."""
    if opened is None:
        return issue.model_copy(update={"triage": triage})
    return issue.model_copy(
        update={
            "triage": triage,
            "investigation": opened.id,
            "conversation": opened.conversation or issue.conversation,
        }
    )


async def _remember(
    taking: _Taking, triage: Triage, joined: Joined | None, tx: AsyncSession
) -> None:
    signal = taking.signal
    decided = Decided(
        id=0,
        signal=signal.key,
        title=signal.title,
        service=signal.service,
        environment=signal.environment,
        issue=joined.issue.id if joined else None,
        decision=triage.decision,
        reason=triage.reason,
        impact=triage.impact,
        combination=taking.weight.combination,
        weight=taking.weight,
        at=signal.occurred_at,
    )
    await taking.store.decisions.add(
        decided,
        signal,
        critical=is_critical(signal, taking.around.entities),
        duplicate=joined.duplicate if joined else False,
        session=tx,
    )


async def _learn_of_recovery(
    store: Store, signal: Signal, joined: Joined | None, tx: AsyncSession
) -> None:
    """An alert that passed soon, and before any fix, passed by itself."""
    at = signal.occurred_at
    over = await store.decisions.recover(signal.fingerprint, at, at - _LOOK_BACK, session=tx)
    if not signal.fingerprint or await _was_fixed(store, joined):
        return
    for decided in over:
        if at - decided.at <= _QUICKLY:
            await store.experiences.add(
                Experience(
                    subject=f"signal:{decided.signal}",
                    user="",
                    combination=decided.combination,
                    kind=Happened.RECOVERED.value,
                    at=at,
                ),
                session=tx,
            )


async def _was_fixed(store: Store, joined: Joined | None) -> bool:
    if joined is None or joined.issue.investigation is None:
        return False
    proposals = await store.proposals.of(joined.issue.investigation)
    return any(p.status is ProposalStatus.APPLIED for p in proposals)


async def _earlier(store: Store, signal: Signal) -> list[Signal]:
    """The signals on the same alert before this one; of two at the same moment one is the earlier."""
    if not signal.fingerprint:
        return []
    known = await store.signals.recent(signal.fingerprint, signal.occurred_at - _LOOK_BACK)
    moment = (signal.occurred_at, signal.key)
    return [s for s in known if (s.occurred_at, s.key) < moment]


def _within(budget: Budget, bounds: Budget) -> Budget:
    return Budget(**{n: min(getattr(budget, n), getattr(bounds, n)) for n in Budget.model_fields})


async def located(store: Store, signal: Signal) -> Signal:
    """The signal with the entity that its text speaks of, where it does not say so itself."""
    if signal.service or signal.kind is SignalKind.CORRECTION:
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
    return signal.state is AlertState.RECOVERED and signal.kind in CORRELATED
