"""Grafana's Slack contact point, with the default message template of its unified alerting."""

from __future__ import annotations

from sandbox.slack.ports import Json
from sandbox.slack.senders.alert import AlertPost, Member

_VERSION = "v12.3.0"


def title_of(alert: AlertPost) -> str:
    """``[FIRING:2] Checkout success rate``."""
    return f"[{f'FIRING:{len(alert.members)}' if alert.firing else 'RESOLVED'}] {alert.title}"


def attachment(alert: AlertPost) -> Json:
    """The message's one attachment."""
    title = title_of(alert)
    status = "**Firing**" if alert.firing else "**Resolved**"
    listed = "\n\n".join("\n".join(_lines(alert, member)) for member in alert.members)
    return {
        "fallback": title,
        "color": "#D63232" if alert.firing else "#36a64f",
        "title": title,
        "title_link": alert.link,
        "text": f"{status}\n\n{listed}",
        "footer": f"Grafana {_VERSION}",
        "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
        "ts": int(alert.at.timestamp()),
    }


def _lines(alert: AlertPost, member: Member) -> list[str]:
    return [
        f"Value: {'no value' if member.value is None else f'A={member.value:g}'}",
        "Labels:",
        f" - alertname = {alert.title}",
        *(f" - {name} = {content}" for name, content in member.labels.items()),
        "Annotations:",
        f" - summary = {member.text or alert.text}",
        f"Source: {alert.link}",
    ]
