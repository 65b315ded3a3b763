"""The end of an investigation: the finding, its gates, and the report."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agent.investigation.equipment import Equipment, Gated, Investigated
from agent.investigation.gates import passed
from agent.investigation.progress import Progress
from agent.investigation.quiet import is_over
from agent.investigation.stopping import why_no_further
from agent.model import Check, Ending, Finding, InvestigationStatus, Step, Value
from agent.ports import Durable

_MOST_TO_TRY = 3


class Stop(Value):
    """Why an investigation looks no further."""

    bound: str = ""
    """What is used up: ``60 tool calls``; empty when nothing is."""
    by_engineer: bool = False
    known: str = ""
    """Why it is a known incident, for which less was looked at; empty: it is none."""
    left: tuple[Check, ...] = ()
    """What was not asked, the most telling first."""


async def conclude(
    house: Equipment, progress: Progress, durable: Durable, stop: Stop
) -> Investigated:
    """Conclude from what is known, pass the gates, store and report."""
    thought = await progress.thinker.conclude(progress.case)
    progress.account(thought)
    await progress.tell_take_over()
    if thought.result is None:
        raise RuntimeError("the rules reasoner always concludes")
    case = progress.case
    draft = thought.result.finding.model_copy(update={"stopped_because": _why(progress, stop)})

    async def settle() -> Gated:
        raw = await house.store.load_raw(case.investigation.id)
        whole = case.model_copy(update={"steps": tuple(_with_raw(s, raw) for s in case.steps)})
        finding = await asyncio.to_thread(
            passed, draft, whole, bound=stop.bound, stopped=stop.by_engineer
        )
        if house.calibration is not None and finding.ending is Ending.CAUSE_FOUND:
            finding = (await house.calibration()).settled(finding)
        return Gated(finding=_with_next(finding, stop), at=house.clock.now())

    gated = await durable.step("settle", settle)
    progress.account_time(gated.at)
    changes = thought.result.changes if gated.finding.ending is Ending.CAUSE_FOUND else ()
    _close(progress, gated, stop, has_changes=bool(changes))
    await _report(house, progress, durable)
    return Investigated(case=progress.case, changes=changes)


def _with_raw(step: Step, raw: Mapping[int, str]) -> Step:
    """The step with the vendor's answer, which only the store holds."""
    if step.reading is None or step.number not in raw:
        return step
    reading = step.reading.model_copy(update={"raw": raw[step.number]})
    return step.model_copy(update={"reading": reading})


def _with_next(finding: Finding, stop: Stop) -> Finding:
    """The finding with what to try next where the end was no choice of its own: planned by code, so past the gates."""
    if finding.ending is not Ending.BUDGET_USED:
        return finding
    return finding.model_copy(update={"next_steps": (*finding.next_steps, *_to_try(stop.left))})


def _why(progress: Progress, stop: Stop) -> str:
    if stop.by_engineer:
        return "An engineer stopped it."
    if stop.known:
        return stop.known
    if stop.bound:
        return f"The budget of {stop.bound} is used up."
    return why_no_further(progress.case.hypotheses, stop.left)


def _to_try(left: Sequence[Check]) -> tuple[str, ...]:
    """The most telling of what was not asked, as people would ask it."""
    return tuple(f"Try next: {_spelt(c)}" for c in left[:_MOST_TO_TRY])


def _spelt(check: Check) -> str:
    asked = ", ".join(f"{k}={v}" for k, v in check.arguments.items())
    call = f"{check.tool}({asked})"
    return f"{check.reason}, by {call}" if check.reason else call


def _close(progress: Progress, gated: Gated, stop: Stop, *, has_changes: bool) -> None:
    status = InvestigationStatus.CLOSED
    if stop.by_engineer:
        status = InvestigationStatus.STOPPED
    elif gated.finding.ending is Ending.INPUT_NEEDED:
        status = InvestigationStatus.WAITING_FOR_INPUT
    elif has_changes:
        status = InvestigationStatus.RUNNING
    ended = None if status is InvestigationStatus.RUNNING else gated.at
    head = {"status": status, "ended_at": ended}
    progress.set(
        finding=gated.finding,
        investigation=progress.case.investigation.model_copy(update=head),
    )


async def _report(house: Equipment, progress: Progress, durable: Durable) -> None:
    case, store = progress.case, house.store
    number, finding = case.investigation.id, case.finding

    async def work() -> None:
        await asyncio.gather(
            store.save_hypotheses(number, case.round, case.hypotheses),
            store.save_evidence(number, case.evidence),
            store.save_investigation(case.investigation),
        )
        if finding is not None:
            await store.save_finding(number, finding)
        if is_over(case):
            await house.notifier.summary(case)
        else:
            await house.notifier.report(case)

    await durable.step("report", work)
