"""What people do with a page comes back to its thread: by the pager's webhooks, or by asking it where there are none."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import structlog

from agent.errors import ToolError
from agent.house import House
from agent.model.pages import Page, PageEvent, PageEventKind, PageStatus
from agent.redaction import redact
from agent.resolution.paging import digest_of

FOLLOWED = timedelta(days=2)
"""How long after it was sent a page is asked after."""
_SLACK = timedelta(seconds=1)
"""PagerDuty's times are whole seconds."""
_MOST_NOTE = 500
_STANDS = {
    PageEventKind.ACKNOWLEDGED: PageStatus.ACKNOWLEDGED,
    PageEventKind.UNACKNOWLEDGED: PageStatus.TRIGGERED,
    PageEventKind.RESOLVED: PageStatus.RESOLVED,
    PageEventKind.REOPENED: PageStatus.TRIGGERED,
}
_log = structlog.get_logger(__name__)


async def heard(house: House, event: PageEvent) -> bool:
    """Tell the thread of something done to one of our pages, once; False for what is none of ours, or our own doing."""
    page = await house.store.pages.of_incident(event.incident, event.key)
    if page is None or is_own(page, event) or update_key(event) in page.told:
        return False
    if not page.incident and event.incident:
        await house.store.pages.sent(page.key, event.incident, page.link, opened=page.opened)
    case = await house.store.cases.load(page.investigation)
    await house.notifier.update(case, update_key(event), in_words(event))
    await house.store.audit.append(
        f"pagerduty:{event.who or 'somebody'}",
        f"page_{event.kind.value}",
        page.service,
        {"investigation": page.investigation, "incident": event.incident},
        house.clock.now(),
    )
    await house.store.pages.told(page.key, update_key(event))
    if (status := _STANDS.get(event.kind)) is not None:
        acknowledged = event.who if event.kind is PageEventKind.ACKNOWLEDGED else ""
        await house.store.pages.stands(page.key, status, acknowledged)
    return True


async def ask(house: House, now: datetime) -> int:
    """Ask the pager what became of the open pages; returns how much was new. For where it sends no webhooks."""
    if house.pager is None:
        return 0
    new = 0
    for page in await house.store.pages.open(now - FOLLOWED):
        try:
            incident = page.incident or await _found(house, page)
            events = await house.pager.events(incident) if incident else ()
        except ToolError as error:
            _log.warning("page_not_read", incident=page.incident, problem=str(error))
            continue
        # What was there before srebot came is no news.
        fresh = [e for e in events if e.at >= page.paged_at - _SLACK]
        new += sum([await heard(house, e) for e in fresh])
    return new


async def _found(house: House, page: Page) -> str:
    """The incident of a page that was sent before there was one."""
    found = await house.pager.find(page.key) if house.pager is not None else None
    if found is None:
        return ""
    await house.store.pages.sent(page.key, found.incident, found.link, opened=found.opened)
    return found.incident


def is_own(page: Page, event: PageEvent) -> bool:
    """Whether it is srebot's own doing that comes back."""
    if event.kind is PageEventKind.ANNOTATED:
        return digest_of(event.note) in page.notes
    return event.kind is PageEventKind.RESOLVED and page.status is PageStatus.RESOLVED


def update_key(event: PageEvent) -> str:
    """Equal for the same thing, however it comes here."""
    what = {
        PageEventKind.ANNOTATED: event.number,
        PageEventKind.REASSIGNED: ",".join(sorted(event.to)),
        PageEventKind.ESCALATED: ",".join(sorted(event.to)),
        PageEventKind.ACKNOWLEDGED: event.who,
    }.get(event.kind, f"{event.at:%Y-%m-%dT%H:%M:%S}")
    digest = hashlib.sha256(f"{event.incident}|{what}".encode()).hexdigest()[:16]
    return f"page-{event.kind.value}-{digest}"


def in_words(event: PageEvent) -> str:
    """One line for the thread; what people wrote in PagerDuty is quoted, and said to come from there."""
    who = _plain(event.who, 80) or "Somebody"
    to = " and ".join(_plain(name, 80) for name in event.to) or "somebody else"
    match event.kind:
        case PageEventKind.ACKNOWLEDGED:
            return f"{who} acknowledged the page (PagerDuty)."
        case PageEventKind.UNACKNOWLEDGED:
            return "The page is no longer acknowledged (PagerDuty)."
        case PageEventKind.RESOLVED:
            return f"{who} resolved the incident (PagerDuty)."
        case PageEventKind.REOPENED:
            return f"{who} reopened the incident (PagerDuty)."
        case PageEventKind.REASSIGNED:
            return f"{who} reassigned the page to {to} (PagerDuty)."
        case PageEventKind.ESCALATED:
            return f"The page was escalated to {to} (PagerDuty)."
        case PageEventKind.ANNOTATED:
            return f"Note by {who} in PagerDuty: “{_plain(redact(event.note), _MOST_NOTE)}”"


def _plain(text: str, most: int) -> str:
    """On one line, and cut."""
    said = " ".join(text.split())
    return said if len(said) <= most else f"{said[: most - 1]}…"
