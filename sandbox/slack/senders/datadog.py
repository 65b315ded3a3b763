"""Datadog's Slack integration: a coloured legacy attachment.

https://docs.datadoghq.com/integrations/slack/
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.slack.ports import Json
from sandbox.slack.senders.alert import AlertPost, State

WORDS: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        "triggered": ("Triggered", "#a30200"),
        "renotified": ("Re-Triggered", "#a30200"),
        "warn": ("Warn", "#daa038"),
        "no_data": ("No data", "#7c7c7c"),
        "recovered": ("Recovered", "#2eb886"),
    }
)
"""How each state is called, as ``$ALERT_TRANSITION`` has it, and its colour."""


def title_of(alert: AlertPost) -> str:
    """``Triggered on {host:web-1}: [P2] CPU is high``."""
    word, _ = WORDS[alert.state]
    group = f" on {{{alert.group}}}" if alert.group else ""
    priority = f"[{alert.severity}] " if alert.severity else ""
    return f"{word}{group}: {priority}{alert.title}"


def attachment(alert: AlertPost) -> Json:
    """The message's one attachment."""
    title = title_of(alert)
    body = [alert.text]
    if alert.query:
        body.append(f"```{alert.query}```")
    if alert.value is not None and alert.state != "no_data":
        body.append(f"*Metric value:* {alert.value:g}")
    if alert.tags:
        body.append("*Tags:* " + ", ".join(alert.tags))
    shown: Json = {
        "fallback": title,
        "color": WORDS[alert.state][1],
        "title": title,
        "title_link": alert.link,
        "text": "\n\n".join(part for part in body if part),
        "mrkdwn_in": ["text"],
        "ts": int(alert.at.timestamp()),
    }
    if alert.monitor_id:
        shown["footer"] = f"Monitor {alert.monitor_id}"
    return shown
