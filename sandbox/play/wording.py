"""What an alert of the script says in each state, before its vendor words it."""

from __future__ import annotations

import re
from datetime import datetime
from math import isnan

from sandbox.datadog.monitors.state import MonitorState
from sandbox.play.alerts import PlayedAlert
from sandbox.slack.senders import AlertPost, Member, State, datadog
from sandbox.slack.senders.alert import Sender
from sandbox.world.ports import Change, Monitor
from sandbox.world.script import AlertSpec

_HANDLE = re.compile(r"\s*@[\w-]+")
_LINKS: dict[Sender, str] = {
    "datadog": "https://app.datadoghq.eu/monitors",
    "pagerduty": "https://sundial.pagerduty.com/incidents",
    "alertmanager": "https://alertmanager.sundial.example/#/alerts?receiver=slack",
    "grafana": "https://grafana.sundial.example/alerting/list",
}


def of_monitor(
    alert: PlayedAlert, monitor: Monitor, state: State, found: MonitorState, at: datetime
) -> AlertPost:
    """An alert of one of the company's Datadog monitors."""
    spec = alert.spec
    values = [group.value for group in found.groups.values() if not isnan(group.value)]
    return AlertPost(
        title=spec.title or monitor.name,
        text=_text(spec, state, _HANDLE.sub("", monitor.message)),
        state=state,
        at=at,
        monitor_id=str(monitor.id),
        tags=(*monitor.tags, *_tags(spec)),
        severity=spec.severity or (f"P{monitor.priority}" if monitor.priority else ""),
        link=f"{_LINKS['datadog']}/{monitor.id}",
        value=round(max(values), 4) if values else None,
        query=monitor.query,
        started_at=alert.at,
    )


def of_rule(alert: PlayedAlert, state: State, at: datetime) -> AlertPost:
    """An alert of a rule that only the script knows."""
    spec = alert.spec
    return AlertPost(
        title=spec.title,
        text=_text(spec, state, ""),
        state=state,
        at=at,
        tags=_tags(spec),
        severity=spec.severity,
        link=_LINKS[spec.sender],
        others=tuple(Member(dict(each.labels), each.text) for each in spec.group),
        started_at=alert.at,
    )


def _tags(spec: AlertSpec) -> tuple[str, ...]:
    return tuple(f"{name}:{value}" for name, value in spec.labels.items())


def _text(spec: AlertSpec, state: State, message: str) -> str:
    return spec.recovered_text if state == "recovered" else spec.text or message


def transition(monitor: Monitor, post: AlertPost) -> Change:
    """A monitor's new state, as Datadog's event stream tells it."""
    service = post.labels.get("service", "")
    return Change(
        at=post.at,
        service=service,
        title=datadog.title_of(post),
        text=post.text,
        tags=(*monitor.tags, "monitor", f"monitor_id:{monitor.id}"),
        source="alert",
        status=_STATUSES[post.state],
    )


_STATUSES: dict[State, str] = {
    "triggered": "error",
    "renotified": "error",
    "warn": "warning",
    "no_data": "warning",
    "recovered": "success",
}
