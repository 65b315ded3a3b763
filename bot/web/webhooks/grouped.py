"""Notifications of a group of alerts, as Alertmanager (webhook version 4) and Grafana send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.model import AlertState, Signal, SignalKind
from bot.alerts import identity
from bot.alerts.words import SEVERITY_TAGS, severity_of
from bot.slack.alert_labels import Section, common
from bot.slack.places import place_in
from bot.web.webhooks.fields import Payload, labels, moment, objects, text

_MOST_ALERTS = 1_000
_REPEAT_SECONDS = 3_600.0
"""A group is sent again whenever one of its alerts changes, and at intervals: an alert counts once in so long a time."""


@dataclass(frozen=True)
class _Alert:
    """One alert of the group."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    resolved: bool
    at: datetime
    age_seconds: float
    link: str

    @property
    def rule(self) -> str:
        return identity.rule_of(self.labels, self.annotations.get("summary", ""))

    @property
    def state(self) -> AlertState:
        if self.resolved:
            return AlertState.RECOVERED
        if identity.is_without_data(self.labels.get("alertname", "")):
            return AlertState.NO_DATA
        repeated = self.age_seconds > _REPEAT_SECONDS
        return AlertState.RENOTIFIED if repeated else AlertState.TRIGGERED


def signals(source: str, payload: Payload, now: datetime) -> Sequence[Signal]:
    """The alerts of a notification: those of the same rule and group are one signal, with their number."""
    alike: dict[tuple[str, AlertState], list[_Alert]] = {}
    for alert in _alerts(payload, now):
        fingerprint = identity.fingerprint(source, alert.rule, alert.labels)
        alike.setdefault((fingerprint, alert.state), []).append(alert)
    link = text(payload, "externalURL")
    return [
        _signal(source, fingerprint, state, alerts, link)
        for (fingerprint, state), alerts in alike.items()
    ]


def _alerts(payload: Payload, now: datetime) -> Iterator[_Alert]:
    for alert in objects(payload.get("alerts"))[:_MOST_ALERTS]:
        resolved = text(alert, "status").lower() == "resolved"
        started = moment(text(alert, "startsAt"), now)
        ended = min(now, moment(text(alert, "endsAt"), now))
        link = (text(alert, name) for name in ("panelURL", "dashboardURL", "generatorURL"))
        found = _Alert(
            labels=labels(alert.get("labels")),
            annotations=labels(alert.get("annotations")),
            resolved=resolved,
            at=ended if resolved else started,
            age_seconds=(now - started).total_seconds(),
            link=next(filter(None, link), ""),
        )
        if found.rule:
            yield found


def _signal(
    source: str, fingerprint: str, state: AlertState, alerts: Sequence[_Alert], link: str
) -> Signal:
    first = min(alerts, key=lambda alert: alert.at)
    tags = common([Section(alert.labels) for alert in alerts])
    said = "\n".join(dict.fromkeys(_said(alert) for alert in alerts))[:8_000]
    place = place_in(f"{first.rule}\n{said}")
    if len(alerts) > 1:
        tags["alerts"] = str(len(alerts))
    repeats = int(first.age_seconds // _REPEAT_SECONDS) if not first.resolved else 0
    return Signal(
        key=f"webhook:{fingerprint}:{first.at:%Y%m%dT%H%M%S}:{state.value}:{repeats}",
        kind=SignalKind.ALERT,
        source=source,
        title=(tags.get("rulename", first.rule) if state is AlertState.NO_DATA else first.rule)[
            :300
        ],
        text=said,
        state=state,
        severity=severity_of(tags.get(name, "") for name in SEVERITY_TAGS),
        service=identity.service_of(tags),
        namespace=identity.namespace_of(tags) or place,
        environment=identity.environment_in(tags) or place,
        tags=tags,
        fingerprint=fingerprint,
        occurred_at=first.at,
        link=first.link or link,
    )


def _said(alert: _Alert) -> str:
    """The annotations that speak to people."""
    names = ("summary", "description", "message")
    return "\n".join(alert.annotations[n] for n in names if alert.annotations.get(n))
