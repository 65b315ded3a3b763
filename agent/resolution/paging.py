"""Wakes people for a finding that cannot wait, with its evidence and the proposed fix, and says how that ended."""

from __future__ import annotations

import hashlib

import structlog

from agent.awareness.attention import paged
from agent.errors import ToolError
from agent.house import House
from agent.model import Case, Claim, Outcome, OutcomeStatus, Proposal
from agent.model.pages import Page, Paged, PageRequest, PageStatus
from agent.ports import Addresses, Pager
from agent.redaction import redact_data
from agent.resolution.errand import SREBOT, Errand

_MOST_CLAIMS = 8
_KNOWN_BY = 200
"""Characters."""
_log = structlog.get_logger(__name__)


async def page(errand: Errand, case: Case, proposal: Proposal | None) -> None:
    """Page whoever is on call when the impact deserves it, with the evidence and the fix that waits; once for an Issue.

    Where an incident of the service is open already, nobody is woken: the finding is written on it. ``proposal`` None is a
    finding that has no fix to propose.
    """
    house = errand.house
    impact = case.investigation.triage.impact
    if house.pager is None or impact < house.terms.page_above_impact or case.finding is None:
        return
    addresses = await house.notifier.addresses(case)
    request = request_of(case, proposal, await key_of(house, errand.investigation), addresses)
    known = await house.store.pages.claim(
        Page(
            key=request.key,
            investigation=errand.investigation,
            service=request.service,
            paged_at=house.clock.now(),
        )
    )
    try:
        sent = await _sent(house, known, request)
        await write(house, known.key, sent.incident, finding_note(request))
    except ToolError as error:
        await house.notifier.update(
            case, "page", f"I could not page for {request.service}: {error}"
        )
        return
    await _tell(errand, case, request.service, sent)


async def page_for_forecast(errand: Errand) -> None:
    """Page for a finding that no fix can be proposed for, when it says what is to come and the settings want that."""
    case = await errand.case()
    foretold = case.finding is not None and bool(case.finding.forecast)
    if errand.house.terms.page_for_forecasts and foretold:
        await page(errand, case, None)


async def key_of(house: House, investigation: int) -> str:
    """What pages of an investigation are deduplicated by: its Issue, which others may look into as well."""
    issue = await house.store.issues.of_investigation(investigation)
    return f"srebot-issue-{issue.id}" if issue is not None else f"srebot-{investigation}"


def request_of(
    case: Case, proposal: Proposal | None, key: str, addresses: Addresses
) -> PageRequest:
    """The page of a finding: what is wrong, why that is believed, what is to come, and what waits for a decision."""
    finding = case.finding
    if finding is None:
        raise ValueError("an investigation without a finding pages nobody")
    details = {
        "Finding": finding.headline,
        "Because": _claims(finding.chain, addresses),
        "Forecast": _claims(finding.forecast, addresses),
        "Low-risk fix waiting for a decision": (
            [proposal.plan.summary, f"Risk: {proposal.plan.risk}"] if proposal else []
        ),
    }
    links = (
        (addresses.thread, "Decide in the thread"),
        (addresses.record, "Full record"),
    )
    return PageRequest(
        service=case.signal.service,
        summary=finding.headline,
        key=key,
        details=redact_data({heading: said for heading, said in details.items() if said}),
        links=tuple((url, what) for url, what in links if url),
        alert_link=case.signal.link,
    )


def finding_note(request: PageRequest) -> str:
    """The finding as a note on an incident."""
    lines = ["srebot's finding (AI):"]
    for heading, said in request.details.items():
        parts = said if isinstance(said, list) else [said]
        lines += [f"{heading}:", *(f"- {part}" for part in parts)]
    return "\n".join([*lines, *(f"{what}: {url}" for url, what in request.links)])


async def write(house: House, key: str, incident: str, text: str) -> None:
    """Write a note of our own on a page's incident, once; it is remembered first, so that it is known when it comes back.

    Raises:
        ToolError: the pager did not take it.
    """
    if incident and house.pager is not None:
        await house.store.pages.wrote(key, digest_of(text))
        await house.pager.note(incident, text)


def digest_of(note: str) -> str:
    """By what a note of our own is known again: its beginning, since webhooks cut long ones."""
    return hashlib.sha256(" ".join(note.split())[:_KNOWN_BY].encode()).hexdigest()


async def after_outcome(errand: Errand, outcome: Outcome) -> None:
    """Write on the page's incident what was seen after the change; one that srebot opened ends with a recovery."""
    house = errand.house
    page = await house.store.pages.get(await key_of(house, errand.investigation))
    if page is None or not page.incident or house.pager is None:
        return
    try:
        await write(
            house, page.key, page.incident, f"srebot, after the change: {outcome.statement}"
        )
        if outcome.status is OutcomeStatus.RECOVERED and page.opened:
            await _end(errand, house.pager, page)
    except ToolError as error:
        case = await errand.case()
        text = f"I could not write the outcome on the PagerDuty incident: {error}"
        await house.notifier.update(case, "page-end", text)


async def _end(errand: Errand, pager: Pager, page: Page) -> None:
    house = errand.house
    if page.status is PageStatus.RESOLVED:
        return
    await pager.resolve(page.service, page.incident, page.key)
    # Kept before anybody hears of it: the event that comes back is our own.
    await house.store.pages.stands(page.key, PageStatus.RESOLVED)
    await errand.audit(SREBOT, "page_resolved", page.service, page.link)
    case = await errand.case()
    text = f"Resolved the PagerDuty incident that I opened: the signals are back to normal. {page.link}"
    await house.notifier.update(case, "page-end", text)


async def _sent(house: House, known: Page, request: PageRequest) -> Paged:
    """Send it, unless it is out; one that somebody acknowledged, or that is over, wakes nobody again."""
    if known.incident or known.status is not PageStatus.TRIGGERED:
        return Paged(incident=known.incident, link=known.link, opened=known.opened)
    if house.pager is None:
        raise ToolError("there is no pager")
    sent = await house.pager.page(request)
    await house.store.pages.sent(known.key, sent.incident, sent.link, opened=sent.opened)
    _log.info("paged", service=request.service, opened=sent.opened)
    return sent


async def _tell(errand: Errand, case: Case, service: str, sent: Paged) -> None:
    house = errand.house
    await errand.audit(SREBOT, "paged" if sent.opened else "page_noted", service, sent.link)
    if sent.opened and (thread := case.investigation.conversation) is not None:
        await house.store.attention.posted(paged(case.investigation, thread, house.clock.now()))
    told = (
        f"Paged whoever is on call for {service}. {sent.link}"
        if sent.opened
        else f"PagerDuty has an open incident for {service}: I wrote my finding there. {sent.link}"
    )
    await house.notifier.update(case, "page", told)


def _claims(claims: tuple[Claim, ...], addresses: Addresses) -> list[str]:
    """Sentences, each with the address of its first evidence."""
    said = []
    for claim in claims[:_MOST_CLAIMS]:
        opened = bool(addresses.record and claim.citations)
        where = f" ({addresses.record}/evidence/{claim.citations[0]})" if opened else ""
        said.append(f"{claim.text}{where}")
    return said
