"""Whether srebot itself takes a change back after which things got worse: only where an engineer wrote that it may."""

from __future__ import annotations

from agent.model import Change, Outcome, OutcomeStatus, Proposal
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.facts import ruling_of


async def way_back_of(errand: Errand, proposal: Proposal, outcome: Outcome) -> Change | None:
    """The way back to be taken now, said and audited; None: it is left to people, who have a button for it.

    It is left to them as well where things that the change does not touch got worse just so: then nothing speaks for the
    change being what hurts.
    """
    back = proposal.plan.way_back
    if back is None or proposal.reverts or outcome.status is not OutcomeStatus.WORSE:
        return None
    if any("siblings" in compared.alike for compared in outcome.against):
        return None
    case = await errand.case()
    ruling = await ruling_of(errand.house, case, proposal.change, proposal.plan)
    if not ruling.takes_back:
        return None
    summary = proposal.plan.summary
    await errand.audit(SREBOT, "takes_back", subject_of(proposal), f"{summary}: {ruling.rule}")
    text = f"It got worse, so I take this back as the policy lets me ({ruling.rule}): {summary}."
    await errand.house.notifier.update(case, f"takes-back-{proposal.id}", text)
    return back
