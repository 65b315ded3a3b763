"""Alertmanager's Slack receiver: the default title, and the text that most teams give it.

The default title is ``__subject`` of alertmanager's ``template/default.tmpl``; its default text is empty, so that teams
take the one that goes around: each alert with its severity and labels.
"""

from __future__ import annotations

from sandbox.slack.ports import Json
from sandbox.slack.senders.alert import AlertPost, Member


def title_of(alert: AlertPost) -> str:
    """``[FIRING:2] HighErrorRate (production payments)``."""
    status = f"[FIRING:{len(alert.members)}]" if alert.firing else "[RESOLVED]"
    shared = " ".join(value for value in alert.common_labels.values() if value)
    return f"{status} {alert.title} ({shared})" if shared else f"{status} {alert.title}"


def attachment(alert: AlertPost) -> Json:
    """The message's one attachment."""
    title = title_of(alert)
    return {
        "fallback": f"{title} | {alert.link}",
        "color": "danger" if alert.firing else "good",
        "title": title,
        "title_link": alert.link,
        "text": "\n\n".join(_described(alert, member) for member in alert.members),
        "mrkdwn_in": ["fallback", "pretext", "text"],
    }


def _described(alert: AlertPost, member: Member) -> str:
    severity = f" - `{alert.severity}`" if alert.severity else ""
    lines = [
        f"*Alert:* {alert.title}{severity}",
        f"*Description:* {member.text or alert.text}",
        "*Details:*",
        *(f"  • *{name}:* `{value}`" for name, value in member.labels.items()),
    ]
    return "\n".join(lines)
