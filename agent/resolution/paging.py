"""Wakes people for a finding that cannot wait, with its evidence and the proposed fix."""

from __future__ import annotations

from agent.awareness.attention import paged
from agent.errors import ToolError
from agent.model import Case, Proposal
from agent.resolution.errand import SREBOT, Errand


async def page(errand: Errand, case: Case, proposal: Proposal) -> None:
    """Page whoever is on call when the impact deserves it, with the evidence and the fix that waits; once."""
    house = errand.house
    impact = case.investigation.triage.impact
    if house.pager is None or impact < house.terms.page_above_impact or case.finding is None:
        return
    claims = (*case.finding.chain, *case.finding.forecast)
    details = "\n".join([*(c.text for c in claims), f"Proposed: {proposal.plan.summary}"])
    service = case.signal.service
    try:
        link = await house.pager.page(
            service, case.finding.headline, details, f"srebot-{errand.investigation}"
        )
    except ToolError as error:
        await house.notifier.update(case, "page", f"I could not page for {service}: {error}")
        return
    await errand.audit(SREBOT, "paged", service, link)
    if (thread := case.investigation.conversation) is not None:
        await house.store.attention.posted(paged(case.investigation, thread, house.clock.now()))
    await house.notifier.update(case, "page", f"Paged whoever is on call for {service}. {link}")
