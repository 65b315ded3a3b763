"""Why srebot may do as much as it may with a kind of change somewhere, in words with numbers, and what is missing to more."""

from __future__ import annotations

from enum import StrEnum

from agent.learning.trust import wilson_lower
from agent.model import ChangeKind, TrackRecord, Value
from agent.resolution.policy import ACKNOWLEDGED, AutoApply, Place, Policy, Rule

_MOST_MISSING = 1000


class Standpoint(StrEnum):
    """How much it may do."""

    UNASKED = "applies without asking"
    EARNING = "asks, and can earn more"
    WITHDRAWN = "asks again: withdrawn"
    ASKS = "always asks"
    SILENT = "does not propose"


class Level(Value):
    """How much it may do with a kind of change at a service in an environment, and why."""

    record: TrackRecord
    standpoint: Standpoint
    why: str
    """In sentences."""
    missing: str = ""
    """What leads to the next level, in a sentence; empty at the highest."""


def level_of(policy: Policy, record: TrackRecord, *, approved_before: bool) -> Level:
    """The level that a record has under the written policy.

    Args:
        policy: as engineers wrote it.
        record: of the kind of change there.
        approved_before: whether people approved the kind in that environment before.
    """
    rule = _rule(policy, record)
    kind, where = record.kind.replace("_", " "), record.environment
    if rule is None or not rule.propose:
        return Level(
            record=record,
            standpoint=Standpoint.SILENT,
            why=f"The policy does not let me propose {kind} in {where}.",
            missing="An engineer would have to write a rule that lets me propose it.",
        )
    known = numbers(record)
    acknowledged = rule.acknowledged == ACKNOWLEDGED or not policy.needs_words(where)
    needed = rule.auto_apply if acknowledged else None
    if needed is None or needed.asks_nothing:
        return Level(
            record=record,
            standpoint=Standpoint.ASKS,
            why=f"{known} The rule “{rule.name}” has every change of {kind} in {where} approved by people.",
            missing="No record changes that; an engineer would have to write it into the policy (auto_apply).",
        )
    missing = missing_to(needed, record, approved_before=approved_before)
    if record.withdrawn:
        return Level(
            record=record,
            standpoint=Standpoint.WITHDRAWN,
            why=f"{known} {record.withdrawn}",
            missing=missing,
        )
    return Level(
        record=record,
        standpoint=Standpoint.EARNING if missing else Standpoint.UNASKED,
        why=f"{known} The rule “{rule.name}” lets changes of {kind} in {where} go without asking once "
        f"{_needs(needed)}.",
        missing=missing,
    )


def numbers(record: TrackRecord) -> str:
    """A record in a sentence."""
    total = record.successes + record.failures
    if not total:
        return "None of my changes of this kind there has an outcome that counts yet."
    back = f" ({record.rollbacks} taken back)" if record.rollbacks else ""
    return (
        f"{record.successes} of {total} went well{back}, which proves a rate of at least "
        f"{record.lower_bound:.0%} (Wilson, 95 %)."
    )


def missing_to(needed: AutoApply, record: TrackRecord, *, approved_before: bool) -> str:
    """What a record lacks, in a sentence; empty when nothing."""
    said = []
    if needed.approved_before and not approved_before:
        said.append("somebody has to approve one first")
    more = more_successes(record, needed.min_successes, needed.min_lower_bound)
    if more is None:
        said.append("no number of successes that I can foresee is enough")
    elif more:
        said.append(f"{more} more in a row {'has' if more == 1 else 'have'} to go well")
    text = " and ".join(said)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def more_successes(record: TrackRecord, wanted: int, bound: float) -> int | None:
    """How many successes in a row bring a record to so many successes and so high a bound; None: over a thousand."""
    total = record.successes + record.failures
    first = max(0, wanted - record.successes)
    for more in range(first, _MOST_MISSING + 1):
        if bound <= 0 or wilson_lower(record.successes + more, total + more) >= bound:
            return more
    return None


def _needs(needed: AutoApply) -> str:
    said = []
    if needed.approved_before:
        said.append("one was approved there before")
    if needed.min_successes:
        said.append(f"{needed.min_successes} went well")
    if needed.min_lower_bound:
        said.append(f"the record proves {needed.min_lower_bound:.0%}")
    return " and ".join(said)


def _rule(policy: Policy, record: TrackRecord) -> Rule | None:
    """The rule for all of the environment, or for the service by its name."""
    known = policy.environments.get(record.environment) or policy.environments.get(policy.elsewhere)
    place = Place(environment=record.environment, name=record.service)
    kind = ChangeKind(record.kind)
    rules = known.rules if known is not None else ()
    return next((r for r in rules if r.fits(kind, place)), None)
