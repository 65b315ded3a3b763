"""Takes a signal in: remembers it, puts it where it belongs, decides on it, and opens an investigation if it deserves one.

Where it belongs and what becomes of it is one transaction, in which no other signal is taken in: a signal gets its Issue
and its decision, or it is taken in again. It is short, for storms come with many a second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.changes import accept_changes, join_change
from agent.awareness.correlation import SAME_ALERT, Match, find, joined_by, opened
from agent.awareness.history import combination_of, learn_of_recovery, weigh
from agent.awareness.issues import Decided, Issue, Joined, Weight
from agent.awareness.load import coming_load
from agent.awareness.triage import Known, TriageRules, is_critical, judged
from agent.investigation.budget import budget_for
from agent.model import (
    AlertState,
    Budget,
    Decision,
    Investigation,
    InvestigationStatus,
    Severity,
    Signal,
    SignalKind,
    Triage,
    Value,
)
from agent.ports import Clock
from agent.store.investigations import ENDED
from agent.store.repository import Store
from agent.store.surroundings import Surroundings

__all__ = ["CORRELATED", "Accepted", "accept", "accept_changes", "is_recovery", "located"]

_LOOK_BACK = timedelta(hours=6)
_ASLEEP = InvestigationStatus.WAITING_FOR_INPUT
"""Nobody may ever answer: an investigation that waits for input keeps others from starting only for a while."""
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
        bounds: what no investigation may exceed unasked.
        may_speak: whether a new thread may be opened in a channel, by impact and severity; None: always.
    """
    signal, around = await located(store, signal)
    if signal.kind is SignalKind.CHANGE:
        await store.signals.add(signal)
        return _accepted(judged(signal, Known()), await join_change(store, signal), None)
    if signal.kind not in CORRELATED:
        return await _asked(store, signal, clock, bounds)
    fresh = await store.signals.add(signal)
    async with store.issues.in_turn() as tx:
        intake = _Intake(store, signal, around, clock, bounds, may_speak, tx)
        known = None if fresh else await store.decisions.of_signal(signal.key, session=tx)
        accepted = await (intake.take() if known is None else intake.again(known))
    if accepted.triage.decision is not Decision.INVESTIGATE:
        await _audit(store, signal, accepted.triage, clock)
    return accepted


async def located(store: Store, signal: Signal) -> tuple[Signal, Surroundings]:
    """The signal with the entity that its text speaks of, where it does not say so itself, and what lies around that."""
    if not signal.service and signal.kind is not SignalKind.CORRECTION:
        entity = await store.memory.locate(f"{signal.title}\n{signal.text}", signal.environment)
        if entity is not None:
            signal = _at(signal, entity.name, entity.namespace, entity.environment)
    around = await store.surroundings.of(signal.service, signal.namespace or signal.environment)
    if around.environment and not signal.environment:
        # Some senders (PagerDuty) name no environment: the one where such a service is known, production before others.
        namespace = around.entities[0].namespace
        signal = _at(signal, signal.service, namespace, around.environment)
    return signal, around


def _at(signal: Signal, service: str, namespace: str, environment: str) -> Signal:
    place = {
        "service": service,
        "namespace": signal.namespace or namespace,
        "environment": signal.environment or environment,
    }
    return signal.model_copy(update=place)


async def _asked(store: Store, signal: Signal, clock: Clock, bounds: Budget) -> Accepted:
    """What people ask for is its own matter: it joins no Issue."""
    await store.signals.add(signal)
    triage = judged(signal, await _around_asked(store, signal))
    if triage.decision is not Decision.INVESTIGATE:
        return Accepted(triage=triage)
    budget = _budget(triage, signal, bounds)
    found, _ = await store.investigations.open(signal, triage, budget, signal.key, clock.now())
    return _accepted(triage, None, found)


async def _around_asked(store: Store, signal: Signal) -> Known:
    around = await store.surroundings.of(signal.service, signal.namespace or signal.environment)
    return Known(entities=around.entities, dependants=len(around.dependants))


def _accepted(triage: Triage, joined: Joined | None, found: Investigation | None) -> Accepted:
    issue = joined.issue if joined else None
    number = found.id if found else (issue.investigation if issue else None)
    return Accepted(triage=triage, investigation=number, opened=found is not None, joined=joined)


@dataclass(frozen=True)
class _Intake:
    """One signal taken in, in its turn."""

    store: Store
    signal: Signal
    around: Surroundings
    clock: Clock
    bounds: Budget
    may_speak: MaySpeak | None
    tx: AsyncSession

    async def take(self) -> Accepted:
        """Put it in its Issue, decide, open an investigation if it deserves one, remember."""
        match = await find(self.store, self.signal, self.around, self.tx)
        looking = await self._looked_into(match)
        triage, weight = await self._decide(match, looking)
        triage = await self._within_attention(triage)
        found = await self._open(triage) if triage.decision is Decision.INVESTIGATE else None
        joined = await self._place(match, triage, found)
        if self.signal.state is AlertState.RECOVERED:
            await learn_of_recovery(self.store, self.signal, joined, self.tx)
        await self._remember(triage, weight, joined)
        return _accepted(triage, joined, found)

    async def again(self, known: Decided) -> Accepted:
        """What was made of it when it was taken in before."""
        triage = Triage(decision=known.decision, reason=known.reason, impact=known.impact)
        found = await self._open(triage) if triage.decision is Decision.INVESTIGATE else None
        joined = await self.store.issues.of_signal(self.signal.key, session=self.tx)
        return _accepted(triage, joined, found)

    async def _open(self, triage: Triage) -> Investigation:
        budget, now = _budget(triage, self.signal, self.bounds), self.clock.now()
        opening = self.store.investigations.open(
            self.signal, triage, budget, self.signal.key, now, session=self.tx
        )
        return (await opening)[0]

    async def _looked_into(self, match: Match | None) -> Investigation | None:
        if match is None or match.issue.investigation is None:
            return None
        return await self.store.investigations.get(match.issue.investigation, session=self.tx)

    async def _decide(
        self, match: Match | None, looking: Investigation | None
    ) -> tuple[Triage, Weight | None]:
        """The decision; experience is asked only when it has a say."""
        known = await self._known(match)
        triage = judged(self.signal, known)
        if match is not None and looking is not None:
            triage = beside(triage, self.signal, match, looking)
        if looking is not None and triage.decision is not Decision.INVESTIGATE:
            return triage, None
        weight = await weigh(
            self.store, combination_of(self.signal), self.signal.occurred_at, self.tx
        )
        return judged(self.signal, replace(known, weight=weight)), weight

    async def _within_attention(self, triage: Triage) -> Triage:
        """The decision in view of what people can take: what is past a channel's budget waits for the digest."""
        place, severity = self.signal.conversation, self.signal.severity
        if self.may_speak is None or place is None or triage.decision is not Decision.INVESTIGATE:
            return triage
        if await self.may_speak(place.channel, triage.impact, severity):
            return triage
        reason = "Held back for the digest: I have said enough in this channel today."
        return triage.model_copy(update={"decision": Decision.WATCH, "reason": reason})

    async def _known(self, match: Match | None) -> Known:
        signal, rules, tickets = self.signal, TriageRules(), 0
        if signal.kind is SignalKind.TICKET:
            since = signal.occurred_at - rules.tickets_within
            tickets = await self.store.signals.tickets(
                signal.service, signal.environment, since, session=self.tx
            )
        return Known(
            entities=self.around.entities,
            recent=await self._earlier() if match and match.reason == SAME_ALERT else (),
            dependants=len(self.around.dependants),
            load=coming_load(self.around.entities, signal.occurred_at),
            tickets=tickets,
        )

    async def _earlier(self) -> list[Signal]:
        """The signals on the same alert before this one; of two at the same moment one is the earlier."""
        signal = self.signal
        since = signal.occurred_at - _LOOK_BACK
        known = await self.store.signals.recent(signal.fingerprint, since, session=self.tx)
        moment = (signal.occurred_at, signal.key)
        return [s for s in known if (s.occurred_at, s.key) < moment]

    async def _place(
        self, match: Match | None, triage: Triage, found: Investigation | None
    ) -> Joined | None:
        """Keep the Issue as the signal leaves it; None for a recovery of what is not known."""
        issues = self.store.issues
        if match is not None:
            joined = await joined_by(self.store, match, self.signal, self.around, self.tx)
            issue = _with(joined.issue, triage, found)
            await issues.save(issue, session=self.tx)
            joined = joined.model_copy(update={"issue": issue})
        elif self.signal.state is AlertState.RECOVERED:
            return None
        else:
            issue = _with(opened(self.signal, self.around, triage), triage, found)
            joined = Joined(issue=await issues.add(issue, session=self.tx), opened=True)
        await issues.add_signal(joined, self.signal, session=self.tx)
        return joined

    async def _remember(self, triage: Triage, weight: Weight | None, joined: Joined | None) -> None:
        signal = self.signal
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
            combination=combination_of(signal),
            weight=weight,
            at=signal.occurred_at,
        )
        await self.store.decisions.add(
            decided,
            signal,
            critical=is_critical(signal, self.around.entities),
            duplicate=joined.duplicate if joined else False,
            session=self.tx,
        )


async def _audit(store: Store, signal: Signal, triage: Triage, clock: Clock) -> None:
    """After the turn, so that nobody waits for it; after a crash the same may stand there twice."""
    await store.audit.append(
        "srebot",
        f"triage_{triage.decision.value}",
        f"signal:{signal.key}",
        {"signal": signal.key, "title": signal.title, "reason": triage.reason},
        clock.now(),
    )


def beside(triage: Triage, signal: Signal, match: Match, looking: Investigation) -> Triage:
    """The decision in view of the Issue: what is looked into, or was just now, is not looked into again."""
    if triage.decision is not Decision.INVESTIGATE:
        return triage
    ended = looking.status in ENDED or looking.status is _ASLEEP
    since = signal.occurred_at - (looking.ended_at or looking.started_at)
    if ended and since > TriageRules().same_alert_within:
        return triage
    verb = "looked into it just now" if ended else "is looking into it"
    reason = f"Not investigated anew: investigation {looking.id} {verb} ({match.reason})."
    return triage.model_copy(update={"decision": Decision.WATCH, "reason": reason})


_GRAVITY = {Decision.QUIET: 0, Decision.WATCH: 1, Decision.INVESTIGATE: 2}


def _with(issue: Issue, triage: Triage, found: Investigation | None) -> Issue:
    """An Issue as its gravest signal makes it, talked about where it is investigated."""
    grave = max(triage, issue.triage, key=lambda t: _GRAVITY[t.decision])
    if found is None:
        return issue.model_copy(update={"triage": grave})
    place = found.conversation or issue.conversation
    return issue.model_copy(
        update={"triage": triage, "investigation": found.id, "conversation": place}
    )


def _budget(triage: Triage, signal: Signal, bounds: Budget) -> Budget:
    return budget_for(triage, signal.environment, bounds, signal.budget)


def is_recovery(signal: Signal) -> bool:
    """Whether it says that an alert is over."""
    return signal.state is AlertState.RECOVERED and signal.kind in CORRELATED
