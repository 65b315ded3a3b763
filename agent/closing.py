"""The end of an investigation: what it taught is kept, and the summary says where it ended."""

from __future__ import annotations

import structlog

from agent.awareness.history import learn_from
from agent.house import House
from agent.knowledge.confirming import keep
from agent.learning.patterns import pattern_of
from agent.learning.taking import take
from agent.model import InvestigationStatus, Outcome, SignalKind
from agent.replies import UNDER_WAY
from agent.resolution.carrying_out import withdraw

_log = structlog.get_logger(__name__)


async def close(house: House, number: int, outcome: Outcome | None, *, stopped: bool) -> None:
    """An investigation came to its end; repeating it changes nothing."""
    case = await house.store.cases.load(number)
    if case.investigation.status in UNDER_WAY:
        status = InvestigationStatus.STOPPED if stopped else InvestigationStatus.CLOSED
        await house.store.investigations.set_status(number, status, house.clock.now())
    case = await house.store.cases.load(number)
    if (pattern := pattern_of(case, outcome)) is not None:
        refused = await take(house.store, pattern, house.clock.now())
        if refused:
            await house.notifier.update(case, "not-learnt", refused)
    await learn_from(house.store, case)
    await house.notifier.summary(case)


async def learn_relations(house: House, number: int) -> None:
    """The graph learns which relations the look-ups confirmed, weakened or showed."""
    case = await house.store.cases.load(number)
    signal = case.signal
    entities, relations = await house.store.memory.around(signal.service, signal.namespace)
    known = {"entities": entities, "relations": relations}
    learned = await keep(house.store.graph, case.model_copy(update=known))
    _log.info(
        "graph_learned",
        investigation=number,
        confirmed=len(learned.confirmed),
        weakened=len(learned.weakened),
        added=len(learned.added),
    )


async def fail(house: House, number: int, what: str) -> None:
    """An investigation failed inside for good: people are told."""
    now = house.clock.now()
    await house.store.investigations.set_status(number, InvestigationStatus.FAILED, now)
    await withdraw(house, number)
    case = await house.store.cases.load(number)
    text = (
        f"I failed inside ({what}) and stop here; what was found so far is in the record. "
        "Ask me again to start anew."
    )
    if case.signal.kind is not SignalKind.QUESTION:
        await house.notifier.update(case, "failed", text)
        await house.notifier.summary(case)
    elif case.signal.conversation is not None:
        await house.notifier.say(case.signal.conversation, f"failed-{number}", text)
