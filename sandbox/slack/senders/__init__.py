"""How other vendors' bots post alerts into Slack: one neutral alert, each vendor's own message shape.

One module per vendor. What they have in common is ``AlertPost``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sandbox.slack.ports import Json, Workspace
from sandbox.slack.senders import alertmanager, datadog, grafana, pagerduty
from sandbox.slack.senders.alert import AlertPost, Member, Sender, State

__all__ = ["SENDERS", "AlertPost", "Member", "Sender", "State", "post_alert"]

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

_ATTACHMENTS: Mapping[Sender, Callable[[AlertPost], Json]] = MappingProxyType(
    {
        "datadog": datadog.attachment,
        "pagerduty": pagerduty.attachment,
        "alertmanager": alertmanager.attachment,
        "grafana": grafana.attachment,
    }
)


def post_alert(workspace: Workspace, sender: Sender, channel_id: str, alert: AlertPost) -> str:
    """Post ``alert`` the way ``sender`` does; returns the message's ts."""
    return workspace.post_as_sender(
        SENDERS[sender],
        channel_id,
        attachments=[_ATTACHMENTS[sender](alert)],
        at=alert.at,
        thread_ts=alert.thread_ts,
    )
