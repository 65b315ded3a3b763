"""What is known of how far srebot can be trusted, gathered for people; and an engineer's word that gives trust back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.house import House
from agent.learning.calibration import Curve, Quality, fit, quality
from agent.learning.levels import Level, level_of
from agent.learning.trust import sentence
from agent.learning.verdicts import spoken
from agent.model import ChangeKind, Verdict
from agent.resolution.policy import Policy
from agent.store.repository import Store

MOST_DISPUTED = 20


@dataclass(frozen=True)
class ModeRecord:
    """How findings of a mode turned out."""

    mode: str
    quality: Quality
    """Of the confidence as it was said, before recalibration."""
    curve: Curve
    withdrawn: str = ""


@dataclass(frozen=True)
class Overview:
    """All of it."""

    whole: Quality = field(default_factory=lambda: quality([]))
    curve: Curve = field(default_factory=Curve)
    modes: Sequence[ModeRecord] = ()
    """Of the most verdicts first."""
    levels: Sequence[Level] = ()
    """By place, those of the most changes first."""
    disputed: Sequence[Verdict] = ()
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    """What automation is entered as withdrawn from, in words, and why."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not (self.whole.number or self.levels or self.disputed)


class Trusting:
    """Reads it, and takes an engineer's word.

    Args:
        house: the parts.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    async def overview(self, service: str = "") -> Overview:
        """What is known; the levels of one service if it is given."""
        house = self._house
        return await overview(house.store, house.policy, house.clock.now(), service)

    async def restore(self, subject: str, user: str) -> str:
        """Give automation back, if the person may decide on such changes; returns what to tell them.

        Args:
            subject: as ``agent.store.trust.subject_of_record`` or ``subject_of_mode`` name it.
            user: who wants it.
        """
        house = self._house
        withdrawn = await house.store.trust.withdrawn()
        if subject not in withdrawn:
            return "Nothing is withdrawn there."
        person = await house.directory.person(user)
        if person.why_not or not self._may(subject, {user, *person.groups}):
            return "Only people who may approve such changes can give automation back."
        now = house.clock.now()
        await house.store.trust.restore(subject, user, now)
        details = {"text": f"was withdrawn: {withdrawn[subject]}"}
        await house.store.audit.append(user, "automation_restored", subject, details, now)
        return f"Done: the policy alone decides again on each {spoken(subject)}."

    def _may(self, subject: str, called: Collection[str]) -> bool:
        """Whether somebody is an approver where it counts: there, or, for a mode, in the strictest environment."""
        policy, kinds = self._house.policy, list(ChangeKind)
        environment = policy.elsewhere
        if subject.startswith("record:"):
            _, kind, environment = subject.removeprefix("record:").split("/", 2)
            kinds = [ChangeKind(kind)]
        known = policy.environments.get(environment) or policy.environments.get(policy.elsewhere)
        rules = known.rules if known is not None else ()
        approvers = {a for r in rules if set(r.kinds) & set(kinds) for a in r.approvers}
        return bool(approvers & set(called))


async def overview(store: Store, policy: Policy, now: datetime, service: str = "") -> Overview:
    """What is known by now.

    Args:
        store: the database.
        policy: what decides on levels.
        now: the present.
        service: whose levels; empty: all.
    """
    judged = list(await store.verdicts.judged())
    calibration = fit(judged)
    modes = []
    for mode in sorted({j.mode for j in judged}):
        own = [j for j in judged if j.mode == mode]
        standing = await store.trust.standing_of_mode(mode)
        modes.append(ModeRecord(mode, quality(own), calibration.of(mode), sentence(standing)))
    verdicts = await store.verdicts.disputed(MOST_DISPUTED)
    withdrawn = await store.trust.withdrawn()
    return Overview(
        whole=quality(judged),
        curve=calibration.whole,
        modes=sorted(modes, key=lambda m: (-m.quality.number, m.mode)),
        levels=await _levels(store, policy, now, service),
        disputed=verdicts,
        withdrawn={spoken(subject): why for subject, why in withdrawn.items()},
    )


async def _levels(store: Store, policy: Policy, now: datetime, service: str) -> Sequence[Level]:
    records = await store.trust.records(now, service)
    environments = {r.environment for r in records}
    approved = {e: await store.proposals.kinds_approved(e) for e in environments}
    return [
        level_of(policy, r, approved_before=ChangeKind(r.kind) in approved[r.environment])
        for r in records
    ]
