"""A help desk's Slack app (Zendesk's shape): a new ticket as a legacy attachment with fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sandbox.slack.ports import Json, Workspace

DESK: Mapping[str, str] = MappingProxyType(
    {"name": "Zendesk", "app_id": "A0ZENDESK", "bot_id": "B0ZENDESK"}
)


@dataclass(frozen=True)
class Ticket:
    """A customer's complaint."""

    number: int
    subject: str
    text: str
    requester: str
    priority: str = "Normal"


def post_ticket(workspace: Workspace, channel_id: str, ticket: Ticket, at: datetime) -> str:
    """Post that a ticket was opened; returns the message's ts."""
    return workspace.post_as_sender(DESK, channel_id, attachments=[attachment(ticket, at)], at=at)


def attachment(ticket: Ticket, at: datetime) -> Json:
    """The message's one attachment."""
    title = f"#{ticket.number} {ticket.subject}"
    fields = {
        "Requester": ticket.requester,
        "Status": "New",
        "Priority": ticket.priority,
        "Assignee": "Unassigned",
    }
    return {
        "fallback": f"New ticket {title}",
        "color": "#03363d",
        "pretext": f"New ticket created by {ticket.requester}",
        "title": title,
        "title_link": f"https://sundial.zendesk.example/agent/tickets/{ticket.number}",
        "text": ticket.text,
        "fields": [{"title": k, "value": v, "short": True} for k, v in fields.items()],
        "footer": "Zendesk",
        "ts": int(at.timestamp()),
    }
