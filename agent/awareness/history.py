"""What experience says on a combination (an alert's rule, service and environment), and how people's words move it.

The weight is the mean of a Beta posterior on "one like it deserves attention", from a uniform prior and counts that are
discounted by age (A. Jøsang, R. Ismail, "The Beta Reputation System", 2002): fixes and "should have told me" count for it,
recoveries by themselves, investigations that found nothing, and clicks on "right" against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.issues import Decided, Joined, Weight
from agent.house import House
from agent.model import Case, Decision, Ending, ProposalStatus, Signal
from agent.store.decisions import Experience
from agent.store.patterns import ENGINEER
from agent.store.repository import Store

HALF_LIFE = timedelta(days=30)
"""After which an experience counts half."""
LOOK_BACK = timedelta(days=90)
TOLD_FOR = timedelta(days=14)
"""So long "should have told me" keeps a combination loud, and agreement keeps a critical one watched."""
RECOVERS_WITHIN = timedelta(hours=6)
"""A recovery is of triggers no older than this."""
QUICKLY = timedelta(minutes=30)
"""A recovery so soon after the alert, before any fix, counts as one by itself."""
QUIET_BELOW = 0.15
"""Posterior mean up to which a combination may be left alone."""
WATCH_BELOW = 0.25
LEAST_RECOVERIES = 5
"""Recoveries by themselves that are enough without any click."""
LEAST_WITH_CLICKS = 3
LEAST_CLICKS = 2
LEAST_PEOPLE = 2
"""Different people who must agree before a critical combination is only watched."""
CLICKS_AGAINST_TOLD = 3
"""Clicks on "right" that outweigh an earlier "should have told me"."""


class Happened(StrEnum):
    """What may be experienced with a signal."""

    RECOVERED = "recovered"
    """By itself: soon, and before any fix."""
    FIXED = "fixed"
    """Its investigation led to a change that was applied."""
    HARMLESS = "harmless"
    """Its investigation found nothing wrong."""
    RIGHT = "right"
    """A thumb up on its finding."""
    WRONG = "wrong"
    """A thumb down."""
    AGREED = "agreed"
    """A click on "right" at a decision to stay quiet."""
    TOLD = "should_have_told"


_FOR = {Happened.FIXED: 1.0, Happened.RIGHT: 0.5, Happened.TOLD: 3.0}
_AGAINST = {Happened.RECOVERED: 1.0, Happened.HARMLESS: 1.0, Happened.WRONG: 0.5}


def combination_of(signal: Signal) -> str:
    """What signals are alike in: source, rule without its group, service, environment."""
    return "|".join((signal.source, _rule(signal), signal.service, signal.environment))


def _rule(signal: Signal) -> str:
    """The monitor's number or the rule's name; the title without its numbers when there is neither."""
    parts = signal.fingerprint.split(":")
    if len(parts) > 1 and parts[1].isdigit():
        return parts[1]
    if len(parts) > 2:
        return ":".join(parts[1:-1])
    return re.sub(r"\d+", "#", (parts[-1] if len(parts) > 1 else signal.title).lower())


async def weigh(
    store: Store, combination: str, now: datetime, tx: AsyncSession | None = None
) -> Weight:
    """What experience says on a combination (as ``combination_of`` names it)."""
    since = now - LOOK_BACK
    seen = await store.decisions.seen(combination, since, session=tx)
    experiences = await store.experiences.of(combination, since, session=tx)
    return weight_of(combination, seen, experiences, now)


def weight_of(
    combination: str, seen: int, experiences: Sequence[Experience], now: datetime
) -> Weight:
    """The weight of what was experienced, each thing by its age."""
    counts = Counter(e.kind for e in experiences)
    told_at = max((e.at for e in experiences if e.kind == Happened.TOLD), default=None)
    agreed = [e for e in experiences if e.kind == Happened.AGREED]
    weight = Weight(
        combination=combination,
        seen=max(seen, counts[Happened.RECOVERED]),
        recovered_by_itself=counts[Happened.RECOVERED],
        led_to_fix=counts[Happened.FIXED],
        agreed_quiet=counts[Happened.AGREED],
        should_have_told=counts[Happened.TOLD],
        thumbs_down=counts[Happened.WRONG],
        harmless=counts[Happened.HARMLESS],
        people=len({e.user for e in agreed}),
        agreed_at=max((e.at for e in agreed), default=None),
        told_at=told_at,
        agreed_since_told=sum(told_at is None or e.at > told_at for e in agreed),
        attention=_posterior(experiences, now),
    )
    return weight.model_copy(update={"statement": statement_of(weight)})


def _posterior(experiences: Iterable[Experience], now: datetime) -> float:
    good = bad = clicks = 0.0
    for experience in experiences:
        fresh: float = 0.5 ** (max(timedelta(0), now - experience.at) / HALF_LIFE)
        kind = Happened(experience.kind)
        good += fresh * _FOR.get(kind, 0.0)
        bad += fresh * _AGAINST.get(kind, 0.0)
        clicks += fresh * (kind is Happened.AGREED)
    # One click may be a slip: agreement counts from the second on.
    bad += max(0.0, clicks - 1.0)
    return round((1.0 + good) / (2.0 + good + bad), 4)


def statement_of(weight: Weight) -> str:
    """The experience in words: ``9 of 9 like it recovered by themselves, you agreed 4 times``."""
    parts = []
    if weight.recovered_by_itself:
        parts.append(
            f"{weight.recovered_by_itself} of {weight.seen} like it recovered by themselves"
        )
    if weight.harmless:
        parts.append(f"nothing was wrong in {_times(weight.harmless, 'investigation')}")
    if weight.led_to_fix:
        parts.append(f"{weight.led_to_fix} led to a fix")
    if weight.thumbs_down:
        parts.append(f"{_times(weight.thumbs_down, 'finding')} on it called wrong")
    if weight.agreed_quiet:
        parts.append(f"you agreed {_often(weight.agreed_quiet)}")
    if weight.should_have_told:
        parts.append(f"you said {_often(weight.should_have_told)} that I should have told")
    return ", ".join(parts)


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def is_loud(weight: Weight, now: datetime) -> bool:
    """Whether somebody said lately that it should have told, and people have not outweighed that since."""
    if weight.told_at is None or now - weight.told_at > TOLD_FOR:
        return False
    return weight.agreed_since_told < CLICKS_AGAINST_TOLD


def silenced(weight: Weight, *, critical: bool, now: datetime) -> Decision | None:
    """What experience makes of a signal that would be investigated; None: it has no say.

    A critical combination (tier 1 in production) is at most watched, only while several people agree, and for no longer
    than ``TOLD_FOR`` after the last of them did.
    """
    if is_loud(weight, now) or weight.led_to_fix > weight.recovered_by_itself:
        return None
    passed = weight.recovered_by_itself + weight.harmless
    clicked = weight.agreed_quiet >= LEAST_CLICKS
    enough = passed >= LEAST_RECOVERIES or (passed >= LEAST_WITH_CLICKS and clicked)
    if critical:
        agreed = weight.people >= LEAST_PEOPLE and weight.agreed_at is not None
        lately = agreed and weight.agreed_at is not None and now - weight.agreed_at <= TOLD_FOR
        sure = passed >= LEAST_RECOVERIES and weight.attention <= QUIET_BELOW
        return Decision.WATCH if lately and sure else None
    if enough and weight.attention <= QUIET_BELOW:
        return Decision.QUIET
    if passed >= LEAST_WITH_CLICKS and weight.attention <= WATCH_BELOW:
        return Decision.WATCH
    return None


async def learn_of_recovery(
    store: Store, signal: Signal, joined: Joined | None, tx: AsyncSession
) -> None:
    """An alert that passed soon, and before any fix, passed by itself."""
    at = signal.occurred_at
    if not signal.fingerprint:
        return
    over = await store.decisions.recover(signal.fingerprint, at, at - RECOVERS_WITHIN, session=tx)
    if joined is not None and joined.issue.investigation is not None:
        proposals = await store.proposals.of(joined.issue.investigation)
        if any(p.status is ProposalStatus.APPLIED for p in proposals):
            return
    for decided in over:
        if at - decided.at <= QUICKLY:
            subject, kind = f"signal:{decided.signal}", Happened.RECOVERED.value
            experience = Experience(subject, "", decided.combination, kind, at)
            await store.experiences.add(experience, session=tx)


async def learn_from(store: Store, case: Case) -> None:
    """Keep what a closed investigation says on signals like its own: fixed, or nothing wrong."""
    fixed = any(p.status is ProposalStatus.APPLIED and p.reverts is None for p in case.proposals)
    harmless = case.finding is not None and case.finding.ending is Ending.NOTHING_WRONG
    if not fixed and not harmless:
        return
    kind = Happened.FIXED if fixed else Happened.HARMLESS
    subject = f"investigation:{case.investigation.id}"
    combination = combination_of(case.signal)
    await store.experiences.add(Experience(subject, "", combination, kind.value, case.now))


async def learn_word(
    store: Store, investigation: int, user: str, *, right: bool, at: datetime
) -> None:
    """Keep a thumb on a finding, for its alert and for the patterns it taught; the last one of each person counts."""
    kind = Happened.RIGHT if right else Happened.WRONG
    combination = combination_of((await store.investigations.get(investigation)).signal)
    subject = f"finding:{investigation}"
    await store.experiences.add(Experience(subject, user, combination, kind.value, at))
    await store.patterns.judge(investigation, right, ENGINEER)


async def judge(house: House, decision_id: int, user: str, told: bool, at: datetime) -> str:
    """A person's word on a decision to stay quiet; the last one of each person on each decision counts.

    Args:
        house: the store is in it.
        decision_id: number of the decision.
        user: who says it.
        told: it should have told; otherwise staying quiet was right.
        at: when.

    Returns:
        What the word changed, as a sentence.
    """
    store = house.store
    kept = await store.decisions.kept(decision_id)
    if kept is None:
        return "I no longer know that decision, so nothing was changed."
    kind = Happened.TOLD if told else Happened.AGREED
    combination = kept.decided.combination
    subject = f"decision:{decision_id}"
    await store.experiences.add(Experience(subject, user, combination, kind.value, at))
    details = {"combination": combination, "title": kept.decided.title}
    await store.audit.append(user, f"decision_{kind.value}", subject, details, at)
    weight = await weigh(store, combination, at)
    return _changed(kept.decided, weight, critical=kept.critical, now=at)


def _changed(decided: Decided, weight: Weight, *, critical: bool, now: datetime) -> str:
    what = f"“{decided.title}”" + (f" on {decided.service}" if decided.service else "")
    if is_loud(weight, now):
        until = f"{now + TOLD_FOR:%d %B}"
        return f"From now on {what} gets my full attention, until {until} at least: {weight.statement}."
    decision = silenced(weight, critical=critical, now=now)
    if decision is Decision.QUIET:
        return f"Alerts like {what} stay quiet: {weight.statement}."
    if decision is Decision.WATCH:
        return f"Alerts like {what} are only watched: {weight.statement}."
    needs = (
        f"tier 1 in production is watched only when {LEAST_PEOPLE} people agree, and for {TOLD_FOR.days} days"
        if critical
        else f"one click silences nothing: it takes {LEAST_RECOVERIES} that pass by themselves, "
        f"or {LEAST_WITH_CLICKS} and {LEAST_CLICKS} clicks"
    )
    return f"Noted for {what} ({weight.statement}); {needs}."
