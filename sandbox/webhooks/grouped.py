"""Notifications on a group of alerts: Alertmanager's webhook (version 4), and Grafana's, which adds to it.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.senders import AlertPost, Member, grafana

_ZERO_TIME = "0001-01-01T00:00:00Z"
_ALERTMANAGER = "https://alertmanager.sundial.example"
_GRAFANA = "https://grafana.sundial.example"


def alertmanager_payload(alert: AlertPost) -> dict[str, Any]:
    """The notification as Alertmanager sends it."""
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{alert.title}"}}',
        "truncatedAlerts": 0,
        **_notification(alert, _ALERTMANAGER),
    }


def grafana_payload(alert: AlertPost) -> dict[str, Any]:
    """The notification as a Grafana contact point sends it."""
    common = _notification(alert, _GRAFANA)
    for shown, member in zip(common["alerts"], alert.members, strict=True):
        shown |= {
            "silenceURL": f"{_GRAFANA}/alerting/silence/new?alertmanager=grafana",
            "dashboardURL": "",
            "panelURL": "",
            "values": None if member.value is None else {"A": member.value},
            "valueString": "" if member.value is None else f"[ var='A' value={member.value:g} ]",
            "orgId": 1,
        }
    return {
        **common,
        "version": "1",
        "groupKey": f'{{}}:{{alertname="{alert.title}"}}',
        "truncatedAlerts": 0,
        "orgId": 1,
        "title": grafana.title_of(alert),
        "state": "alerting" if alert.firing else "ok",
        "message": alert.text,
    }


def _notification(alert: AlertPost, url: str) -> dict[str, Any]:
    named = {"alertname": alert.common_labels.get("alertname", alert.title)}
    return {
        "receiver": "srebot",
        "status": "firing" if alert.firing else "resolved",
        "alerts": [_alert(alert, member, url) for member in alert.members],
        "groupLabels": named,
        "commonLabels": named | alert.common_labels,
        "commonAnnotations": {},
        "externalURL": url,
    }


def _alert(alert: AlertPost, member: Member, url: str) -> dict[str, Any]:
    labels = {"alertname": alert.title, **member.labels}
    identity = "\xff".join(f"{k}\xff{v}" for k, v in sorted(labels.items()))
    return {
        "status": "firing" if alert.firing else "resolved",
        "labels": labels,
        "annotations": {"summary": member.text or alert.text},
        "startsAt": _iso(alert.started_at or alert.at),
        "endsAt": _ZERO_TIME if alert.firing else _iso(alert.at),
        "generatorURL": f"{url}/graph",
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest()[:16],
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
