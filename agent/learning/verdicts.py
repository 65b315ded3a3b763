"""Looks back on closed investigations, keeps the verdicts, and says what they change: seldom, and once."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from agent.house import House
from agent.learning.grading import Graded, verdict_of
from agent.learning.looking_back import look_back
from agent.learning.trust import WRONG_BELOW, service_of
from agent.model import Case, Proposal, ProposalStatus, Verdict
from agent.resolution.facts import facts_of
from agent.store.trust import subject_of_mode, subject_of_record

LOOK_BACK = timedelta(days=30)
"""Investigations that ended longer ago are let rest, whatever is said of them."""
ACTOR = "srebot"
_EVEN = 0.5

_log = structlog.get_logger(__name__)


async def grade_due(house: House, now: datetime) -> int:
    """Grade the closed investigations whose time has come; repeating it gives and says nothing twice.

    Returns:
        How many were graded.
    """
    verdicts = house.store.verdicts
    due = await verdicts.due(now, house.terms.grade_after_seconds, now - LOOK_BACK)
    for number, looks in due:
        case = await house.store.cases.load(number)
        before = await verdicts.of(number)
        verdict = verdict_of(graded(case), await look_back(house, case, now))
        # Told before it is kept: after a crash in between it is graded again, and the same key is not shown twice.
        await _tell(house, case, before, verdict)
        await verdicts.save(verdict, looks)
        await house.store.patterns.judge(number, rightness(verdict))
        await _withdraw(house, case, now)
        _log.info(
            "graded", investigation=number, mode=verdict.mode, probability=verdict.probability
        )
    return len(due)


def rightness(verdict: Verdict) -> bool | None:
    """What a verdict makes of the patterns that the finding taught; None: nothing, at even odds or where it is disputed."""
    if verdict.disputed or verdict.probability == _EVEN:
        return None
    return verdict.probability > _EVEN


def graded(case: Case) -> Graded:
    """The finding of a case, as it is graded.

    Raises:
        ValueError: the case has none.
    """
    finding = case.finding
    if finding is None:
        raise ValueError(f"investigation {case.investigation.id} has no finding to be graded")
    said = finding.confidence if finding.raw_confidence is None else finding.raw_confidence
    return Graded(
        investigation=case.investigation.id,
        mode=finding.mode,
        entity=finding.entity,
        environment=case.signal.environment,
        confidence=said,
    )


async def _tell(house: House, case: Case, before: Verdict | None, verdict: Verdict) -> None:
    """Say in the thread that a finding was probably wrong, or is disputed; not what people there said themselves."""
    state = state_of(verdict)
    if not state or (before is not None and state_of(before) == state):
        return
    against = [o for o in verdict.observed if o.weight < 0]
    if state == "wrong" and any(o.what.endswith("said that it was wrong") for o in against):
        return
    await house.notifier.update(case, f"verdict-{state}", words_of(verdict))


def state_of(verdict: Verdict) -> str:
    """What has to be said of a verdict: ``disputed``, ``wrong``, or nothing."""
    if verdict.disputed:
        return "disputed"
    return "wrong" if verdict.probability <= WRONG_BELOW else ""


def words_of(verdict: Verdict) -> str:
    """A verdict in a sentence or two for people."""
    share = f"{verdict.probability:.0%}"
    against = "; ".join(o.what for o in verdict.observed if o.weight < 0)
    if verdict.disputed:
        told = "; ".join(o.what for o in verdict.observed)
        return (
            f"My finding is disputed (right with {share}): {told}. It does not count in my record."
        )
    return f"Looking back, my finding was probably wrong (right with {share}): {against}."


async def _withdraw(house: House, case: Case, now: datetime) -> None:
    """Enter what the verdict and the outcome withdraw, and what has come back by itself."""
    trust, mode = house.store.trust, case.finding.mode if case.finding else ""
    stands = await trust.standing_of_mode(mode)
    await _enter(house, case, subject_of_mode(mode), stands.reason, now)
    done = [p for p in case.proposals if not p.reverts and p.status in _ENDED]
    for proposal in done:
        place = (
            service_of(proposal.change),
            proposal.change.kind.value,
            proposal.environment,
        )
        record = await trust.record_of(*place, now=now)
        await _enter(house, case, subject_of_record(*place), record.withdrawn, now, proposal)


_ENDED = frozenset({ProposalStatus.APPLIED, ProposalStatus.FAILED})


async def _enter(
    house: House,
    case: Case,
    subject: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> None:
    trust = house.store.trust
    details = {"investigation": case.investigation.id, "text": reason}
    if reason and await trust.withdraw(subject, now, reason):
        await house.store.audit.append(ACTOR, "automation_withdrawn", subject, details, now)
        if await _would_go_unasked(house, case, proposal):
            text = f"From now on I ask before each {spoken(subject)}: {reason.rstrip('.')}."
            await house.notifier.update(case, f"withdrawn-{subject}-{now:%Y%m%d%H%M}", text)
    elif not reason and subject in await trust.withdrawn():
        await trust.restore(subject, ACTOR, now)
        details["text"] = "enough in a row went well"
        await house.store.audit.append(ACTOR, "automation_returned", subject, details, now)


async def _would_go_unasked(house: House, case: Case, proposal: Proposal | None) -> bool:
    """Whether the policy lets anything of the kind go without asking there; else there is nothing to say."""
    known = proposal or next((p for p in case.proposals if not p.reverts), None)
    if known is None:
        return False
    rule = house.policy.rule_of(await facts_of(house, case, known.change))
    return rule is not None and rule.auto_apply is not None


def spoken(subject: str) -> str:
    """A subject of trust for people: ``change of resources at checkout in production``."""
    kind, _, name = subject.partition(":")
    if kind == "mode":
        return f"change for a finding of {name.replace('_', ' ')}"
    service, changed, environment = name.split("/", 2)
    return f"change of {changed.replace('_', ' ')} at {service} in {environment}"
