"""How other vendors' bots post alerts into Slack: one neutral alert, each vendor's own message shape.

The shapes follow Datadog's Slack integration (a coloured legacy attachment), PagerDuty's incident message (blocks in an
attachment), Alertmanager's default Slack template, and Grafana's Slack contact point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from sandbox.slack.ports import Json, Workspace

State = Literal["triggered", "renotified", "warn", "no_data", "recovered"]
Sender = Literal["datadog", "pagerduty", "alertmanager", "grafana"]


@dataclass(frozen=True)
class AlertPost:
    """An alert as no vendor in particular words it."""

    title: str
    text: str
    state: State
    at: datetime
    monitor_id: str = ""
    tags: tuple[str, ...] = ()
    """``key:value`` pairs, such as ``service:cart``."""
    severity: str = ""
    """Such as ``P2`` or ``critical``."""
    link: str = ""
    value: float | None = None
    query: str = ""
    thread_ts: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The tags as a mapping; a tag without a value maps to nothing."""
        return {key: value for key, _, value in (tag.partition(":") for tag in self.tags)}


SENDERS: Mapping[Sender, Mapping[str, str]] = MappingProxyType(
    {
        "datadog": {
            "name": "Datadog",
            "app_id": "A0DATADOG",
            "bot_id": "B0DATADOG",
            "icon": "https://static.datadoghq.com/static/images/slack_icon.png",
        },
        "pagerduty": {"name": "PagerDuty", "app_id": "A0PAGERDUTY", "bot_id": "B0PAGERDUTY"},
        "alertmanager": {
            "name": "alertmanager",
            "app_id": "A0ALERTMANAGER",
            "bot_id": "B0ALERTMANAGER",
        },
        "grafana": {"name": "Grafana", "app_id": "A0GRAFANA", "bot_id": "B0GRAFANA"},
    }
)
"""The identities that the vendors' messages carry."""

_DATADOG_WORDS: Mapping[State, tuple[str, str]] = {
    "triggered": ("Triggered", "#a30200"),
    "renotified": ("Re-Triggered", "#a30200"),
    "warn": ("Warn", "#daa038"),
    "no_data": ("No data", "#7c7c7c"),
    "recovered": ("Recovered", "#2eb886"),
}
_FIRING = {"triggered", "renotified", "warn", "no_data"}


def post_alert(workspace: Workspace, sender: Sender, channel_id: str, alert: AlertPost) -> str:
    """Post ``alert`` the way ``sender`` does; returns the message's ts."""
    return workspace.post_as_sender(
        SENDERS[sender],
        channel_id,
        attachments=[_ATTACHMENTS[sender](alert)],
        at=alert.at,
        thread_ts=alert.thread_ts,
    )


def _datadog(alert: AlertPost) -> Json:
    word, color = _DATADOG_WORDS[alert.state]
    priority = f"[{alert.severity}] " if alert.severity else ""
    title = f"{word}: {priority}{alert.title}"
    body = [alert.text]
    if alert.query:
        body.append(f"```{alert.query}```")
    if alert.value is not None and alert.state != "no_data":
        body.append(f"*Metric value:* {alert.value:g}")
    if alert.tags:
        body.append("*Tags:* " + ", ".join(alert.tags))
    attachment: Json = {
        "fallback": title,
        "color": color,
        "title": title,
        "title_link": alert.link,
        "text": "\n\n".join(part for part in body if part),
        "mrkdwn_in": ["text"],
        "ts": int(alert.at.timestamp()),
    }
    if alert.monitor_id:
        attachment["footer"] = f"Monitor {alert.monitor_id}"
    return attachment


def _pagerduty(alert: AlertPost) -> Json:
    firing = alert.state in _FIRING
    status = "Triggered" if firing else "Resolved"
    urgency = "High" if alert.severity.lower() in ("p1", "p2", "critical", "high") else "Low"
    service = alert.labels.get("service", "unknown")
    link = f"<{alert.link}|{alert.title}>" if alert.link else alert.title
    blocks: list[Json] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{status}:* {link}"}},
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": f"*Service:*\n{service}"},
                {"type": "mrkdwn", "text": f"*Urgency:*\n{urgency}"},
            ],
        },
    ]
    if alert.text:
        blocks.insert(1, {"type": "section", "text": {"type": "mrkdwn", "text": alert.text}})
    if firing:
        blocks.append({"type": "actions", "elements": [_pd_button(alert, n) for n in _PD_BUTTONS]})
    color = "#c41e3a" if firing else "#25c151"
    fallback = f"{status} incident on {service}: {alert.title}"
    return {"fallback": fallback, "color": color, "blocks": blocks}


_PD_BUTTONS = ("Acknowledge", "Resolve", "Add Note")


def _pd_button(alert: AlertPost, label: str) -> Json:
    name = label.lower().replace(" ", "_")
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "action_id": f"incident.{name}",
        "value": alert.monitor_id or alert.title[:75],
    }


def _alertmanager(alert: AlertPost) -> Json:
    firing = alert.state in _FIRING
    labels = alert.labels
    status = "[FIRING:1]" if firing else "[RESOLVED]"
    group = " ".join(value for value in labels.values() if value)
    title = f"{status} {alert.title} ({group})" if group else f"{status} {alert.title}"
    lines = [f"*Alert:* {alert.title}", f"*Description:* {alert.text}"]
    if alert.severity:
        lines[0] += f" - `{alert.severity}`"
    lines += ["*Details:*", *(f"  • *{name}:* `{value}`" for name, value in labels.items())]
    attachment: Json = {
        "fallback": f"{title} | {alert.link}",
        "color": "danger" if firing else "good",
        "title": title,
        "title_link": alert.link,
        "text": "\n".join(lines),
        "mrkdwn_in": ["fallback", "pretext", "text"],
    }
    return attachment


def _grafana(alert: AlertPost) -> Json:
    firing = alert.state in _FIRING
    title = f"[{'FIRING:1' if firing else 'RESOLVED'}] {alert.title}"
    value = "no value" if alert.value is None else f"A={alert.value:g}"
    lines = [
        f"**{'Firing' if firing else 'Resolved'}**",
        "",
        f"Value: {value}",
        "Labels:",
        f" - alertname = {alert.title}",
        *(f" - {name} = {content}" for name, content in alert.labels.items()),
        "Annotations:",
        f" - summary = {alert.text}",
        f"Source: {alert.link}",
    ]
    attachment: Json = {
        "fallback": title,
        "color": "#D63232" if firing else "#36a64f",
        "title": title,
        "title_link": alert.link,
        "text": "\n".join(lines),
        "footer": "Grafana v12.3.0",
        "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
        "ts": int(alert.at.timestamp()),
    }
    return attachment


_ATTACHMENTS: Mapping[Sender, Callable[[AlertPost], Json]] = {
    "datadog": _datadog,
    "pagerduty": _pagerduty,
    "alertmanager": _alertmanager,
    "grafana": _grafana,
}
