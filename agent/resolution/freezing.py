"""The global stop: nothing is applied while a freeze is in force, whoever approved it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agent.errors import ToolError
from agent.house import House
from agent.model import Freeze
from agent.ports import Person
from agent.resolution.entitling import id_of
from agent.resolution.policy import ON_CALL, Policy
from agent.store.repository import Store

MOST_REASON = 300
"""Characters of a reason that are kept."""
FREEZES = "freezes"
"""What the audit log calls the subject."""
_NOT_FROZEN = "Nothing is frozen: approved changes are applied."


def in_words(freeze: Freeze | None) -> str:
    """A freeze without names, for a sentence on a change; empty where there is none."""
    if freeze is None:
        return ""
    why = f" ({freeze.reason})" if freeze.reason else ""
    return f"changes are frozen since {freeze.since:%Y-%m-%d %H:%M} UTC{why}"


async def freeze(house: House, user: str, reason: str) -> str:
    """Stop all applying at once; returns what to tell the person. Anybody who may approve anything may."""
    if why := await _why_not(house, user, anywhere=True):
        return await _refused(house, user, "freeze_refused", why)
    return await begin(house.store, user, reason, house.clock.now())


async def begin(store: Store, by: str, reason: str, now: datetime) -> str:
    """Stop all applying for somebody who may; returns what to tell them."""
    begun = Freeze(by=by, reason=reason.strip()[:MOST_REASON], since=now)
    async with store.sessions.begin() as session:
        if not await store.freezes.begin(begun, session=session):
            return "Changes are frozen already; nothing is applied."
        details = {"reason": begun.reason}
        await store.audit.append(by, "frozen", FREEZES, details, now, session=session)
    return (
        "Frozen: nothing is applied from now on, in no environment. I go on investigating and proposing. "
        "`/investigate unfreeze` ends it."
    )


async def unfreeze(house: House, user: str) -> str:
    """Let changes be applied again; returns what to tell the person. Who may approve in production may."""
    if why := await _why_not(house, user, anywhere=False):
        return await _refused(house, user, "unfreeze_refused", why)
    return await lift(house.store, user, house.clock.now())


async def lift(store: Store, by: str, now: datetime) -> str:
    """Let changes be applied again for somebody who may; returns what to tell them."""
    async with store.sessions.begin() as session:
        if not await store.freezes.lift(by, now, session=session):
            return _NOT_FROZEN
        await store.audit.append(by, "unfrozen", FREEZES, {}, now, session=session)
    return "No longer frozen: approved changes are applied again."


async def _why_not(house: House, user: str, *, anywhere: bool) -> str:
    person = await house.directory.person(user)
    if person.why_not:
        return f"You may not do that: {person.why_not}."
    wanted = frozenset(_approvers(house.policy, anywhere=anywhere))
    if wanted & await _principals(house, person, wanted):
        return ""
    where = "anywhere" if anywhere else "in production"
    return f"You may not do that; whoever may approve changes {where} may: {', '.join(sorted(wanted)) or 'nobody is named'}."


async def _principals(house: House, person: Person, wanted: frozenset[str]) -> frozenset[str]:
    known = person.groups | {id_of(person.id)} - {""}
    if ON_CALL not in wanted or house.on_call is None or not person.email:
        return known
    try:
        on_call = person.email in await house.on_call.emails("")
    except ToolError:
        return known
    return known | {ON_CALL} if on_call else known


def _approvers(policy: Policy, *, anywhere: bool) -> Iterator[str]:
    for name, environment in policy.environments.items():
        if anywhere or policy.needs_words(name):
            for rule in environment.rules:
                yield from rule.approvers


async def _refused(house: House, user: str, action: str, why: str) -> str:
    await house.store.audit.append(user, action, FREEZES, {"reason": why}, house.clock.now())
    return why
