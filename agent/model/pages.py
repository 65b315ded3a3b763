"""Waking people: pages, and what comes back of them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from agent.model.base import Json, Utc, Value


class PageStatus(StrEnum):
    """Where a page stands."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Page(Value):
    """An incident by which somebody is woken: srebot opened it, or found it open and wrote its finding there."""

    key: str
    """What it is deduplicated by; one for each Issue."""
    investigation: int
    service: str
    incident: str = ""
    """The incident's id; empty: not known yet."""
    link: str = ""
    opened: bool = True
    """Whether srebot opened it; only then it may resolve it."""
    status: PageStatus = PageStatus.TRIGGERED
    acknowledged_by: str = ""
    notes: tuple[str, ...] = ()
    """By which each note that srebot wrote there is known again."""
    told: tuple[str, ...] = ()
    """Keys of what the thread was told of it."""
    paged_at: Utc


class PageEventKind(StrEnum):
    """What happened to an incident."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"
    ANNOTATED = "annotated"


class PageEvent(Value):
    """Something that somebody did to an incident. Its texts are untrusted."""

    kind: PageEventKind
    incident: str
    key: str = ""
    """The incident's key, where it is told."""
    who: str = ""
    """Who did it, by name."""
    to: tuple[str, ...] = ()
    """To whom it was assigned."""
    note: str = ""
    number: str = ""
    """Of the note: the same however it comes here."""
    at: Utc


class PageRequest(Value):
    """Whom to wake for what. Texts are shown at the vendor as they are."""

    service: str
    summary: str
    """One line, as the phone shows it."""
    key: str
    """The same key never pages twice."""
    details: Json = Field(default_factory=dict)
    """The evidence, by heading."""
    links: tuple[tuple[str, str], ...] = ()
    """(address, what it opens)."""
    alert_link: str = ""
    """The alert's own address: where that is an open incident, it is the one to write on."""


class Paged(Value):
    """How somebody is woken."""

    incident: str
    """Its id; empty: the vendor has taken the page, and has yet to make an incident of it."""
    link: str
    opened: bool
    """False: an incident of the service was open already, so nobody was woken again."""
