"""PagerDuty's Slack app: an incident as blocks in an attachment."""

from __future__ import annotations

from sandbox.slack.ports import Json
from sandbox.slack.senders.alert import AlertPost

_BUTTONS = ("Acknowledge", "Resolve", "Add Note")
_URGENT = ("p1", "p2", "critical", "high")


def urgency_of(alert: AlertPost) -> str:
    """``high`` or ``low``."""
    return "high" if alert.severity.lower() in _URGENT else "low"


def attachment(alert: AlertPost) -> Json:
    """The message's one attachment."""
    status = "Triggered" if alert.firing else "Resolved"
    numbered = f"{status} #{alert.number}" if alert.number else status
    service = alert.labels.get("service", "unknown")
    link = f"<{alert.link}|{alert.title}>" if alert.link else alert.title
    blocks: list[Json] = [_section(f"*{numbered}:* {link}")]
    if alert.text:
        blocks.append(_section(alert.text))
    blocks.append({"type": "section", "fields": _fields(alert, service)})
    if alert.firing:
        blocks.append({"type": "actions", "elements": [_button(alert, n) for n in _BUTTONS]})
    return {
        "fallback": f"{numbered} incident on {service}: {alert.title}",
        "color": "#c41e3a" if alert.firing else "#25c151",
        "blocks": blocks,
    }


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _fields(alert: AlertPost, service: str) -> list[Json]:
    said = {"Service": service, "Urgency": urgency_of(alert).title()}
    if alert.assigned:
        said["Assigned"] = ", ".join(alert.assigned)
    return [{"type": "mrkdwn", "text": f"*{name}:*\n{value}"} for name, value in said.items()]


def _button(alert: AlertPost, label: str) -> Json:
    name = label.lower().replace(" ", "_")
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "action_id": f"incident.{name}",
        "value": alert.monitor_id or alert.title[:75],
    }
