"""Plays a scenario: posts its alerts once the app is there, and their recovery once it comes."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.datadog.monitors.state import MonitorState, state_of
from sandbox.kubernetes.store import ObjectStore
from sandbox.pagerduty.state import AlreadyResolved, PagerDutyState
from sandbox.slack.ports import Workspace
from sandbox.slack.senders import AlertPost, State, post_alert
from sandbox.world.job_runner import stop_suspended_runs
from sandbox.world.ports import Monitor
from sandbox.world.scenario import AlertSpec, IncidentSpec
from sandbox.world.world import SimulatedWorld

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS = 2.0
_HANDLE = re.compile(r"\s*@[\w-]+")


@dataclass
class _Posted:
    """An alert that stands in Slack."""

    spec: AlertSpec
    monitor: Monitor
    at: datetime
    recovered: bool = False


class Director:
    """Drives one scenario; ``tick`` does whatever is due and may be called as often as one likes."""

    def __init__(
        self,
        world: SimulatedWorld,
        store: ObjectStore,
        workspace: Workspace,
        pagerduty: PagerDutyState,
        *,
        alert_delay_seconds: float = 3.0,
        posts_alerts: bool = True,
    ) -> None:
        self._world = world
        self._store = store
        self._workspace = workspace
        self._pagerduty = pagerduty
        self._delay = alert_delay_seconds
        self._waiting = list(world.scenario.alerts) if posts_alerts else []
        self._posted: list[_Posted] = []
        self._connected_at: datetime | None = None
        self._incident_id: str | None = None
        self._monitors = {monitor.id: monitor for monitor in world.company.monitors}

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            try:
                self.tick()
            except Exception:
                log.exception("the director could not play its next move")
            await asyncio.sleep(min(CHECK_EVERY_SECONDS, max(0.1, self._delay)))

    def tick(self) -> None:
        """Post the alerts that are due, and the recoveries of those whose monitor is back to OK."""
        stop_suspended_runs(self._store)
        now = self._world.now()
        if self._connected_at is None and self._workspace.app_connected():
            self._connected_at = now
        if self._connected_at is not None:
            self._post_due(now, self._connected_at)
        for posted in self._posted:
            if not posted.recovered:
                self._recover(posted, now)

    def _post_due(self, now: datetime, connected_at: datetime) -> None:
        for spec in tuple(self._waiting):
            if now >= connected_at + timedelta(seconds=self._delay + spec.delay_seconds):
                self._waiting.remove(spec)
                monitor = self._monitors[spec.monitor]
                self._post(spec, monitor, "triggered", state_of(self._world, monitor), now)
                self._posted.append(_Posted(spec, monitor, now))
                self._open_incident(self._world.scenario.incident)

    def _recover(self, posted: _Posted, now: datetime) -> None:
        stood = timedelta(seconds=posted.spec.recovers_after_seconds)
        if now < posted.at + stood:
            return
        state = state_of(self._world, posted.monitor)
        if state.overall == "OK":
            posted.recovered = True
            self._post(posted.spec, posted.monitor, "recovered", state, now)
            if all(each.recovered for each in self._posted) and not self._waiting:
                self._resolve_incident()

    def _post(
        self, spec: AlertSpec, monitor: Monitor, state: State, now_is: MonitorState, at: datetime
    ) -> None:
        values = [group.value for group in now_is.groups.values()]
        text = spec.text or _HANDLE.sub("", monitor.message)
        alert = AlertPost(
            title=monitor.name,
            text=spec.recovered_text if state == "recovered" else text,
            state=state,
            at=at,
            monitor_id=str(monitor.id),
            tags=monitor.tags,
            severity=spec.severity or (f"P{monitor.priority}" if monitor.priority else ""),
            link=f"https://app.datadoghq.eu/monitors/{monitor.id}",
            value=round(max(values), 4) if values else None,
            query=monitor.query,
        )
        post_alert(self._workspace, spec.sender, spec.channel, alert)

    def _open_incident(self, spec: IncidentSpec | None) -> None:
        if spec is None or self._incident_id is not None:
            return
        service = next(s for s in self._world.company.services if s.name == spec.service)
        self._incident_id = self._pagerduty.open_incident(service, spec.title, spec.urgency).id

    def _resolve_incident(self) -> None:
        if self._incident_id is None:
            return
        try:
            self._pagerduty.resolve(self._incident_id)
        except AlreadyResolved:
            log.info(
                "somebody resolved incident %s before its monitor recovered", self._incident_id
            )
