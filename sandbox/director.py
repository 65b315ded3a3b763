"""Plays a scenario: posts its alerts once the app is there, and their recovery once it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sandbox.datadog.monitors.state import MonitorState, state_of
from sandbox.kubernetes.store import ObjectStore
from sandbox.pagerduty.state import PagerDutyState
from sandbox.play import wording
from sandbox.play.alerts import PlayedAlert
from sandbox.play.changes import Changer
from sandbox.play.incidents import Pages
from sandbox.play.ports import PlayedWorld
from sandbox.play.timing import Queue, Timing
from sandbox.slack.ports import Workspace
from sandbox.slack.senders import AlertPost, Sender, State, post_alert
from sandbox.slack.senders.tickets import Ticket, post_ticket
from sandbox.world.job_runner import stop_suspended_runs
from sandbox.world.ports import Monitor
from sandbox.world.script import SaidSpec, TicketSpec

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS = 2.0


class Outbox(Protocol):
    """Where alerts go besides Slack."""

    def alert(self, sender: Sender, alert: AlertPost) -> None:
        """Tell of an alert's new state; returns at once."""


class Director:
    """Drives one scenario; ``tick`` does whatever is due and may be called as often as one likes.

    Args:
        alert_delay_seconds: from the app's connecting to the script's beginning.
        posts_alerts: whether alerts are posted at all; the rest of the script is played anyway.
        time_scale: seconds of the clock for one of the script; the telemetry keeps its own time.
        outbox: where alerts go besides Slack.
    """

    def __init__(
        self,
        world: PlayedWorld,
        store: ObjectStore,
        workspace: Workspace,
        pagerduty: PagerDutyState,
        *,
        alert_delay_seconds: float = 3.0,
        posts_alerts: bool = True,
        time_scale: float = 1.0,
        outbox: Outbox | None = None,
    ) -> None:
        self._world = world
        self._store = store
        self._workspace = workspace
        self._outbox = outbox
        self._delay = timedelta(seconds=alert_delay_seconds)
        self._scale = time_scale
        script = world.scenario
        self._alerts = [PlayedAlert(spec) for spec in script.alerts] if posts_alerts else []
        self._said = Queue(script.said, lambda said: said.after)
        self._tickets = Queue(script.tickets, lambda ticket: ticket.after)
        self._changes = Queue(script.changes, lambda change: change.after)
        self._changer = Changer(store, world)
        self._pages = Pages(world.company, pagerduty, script.incident)
        self._timing: Timing | None = None
        self._looked: dict[int, None] = {}
        """Monitors whose recovery was looked for, the longest ago first."""
        self._monitors = {monitor.id: monitor for monitor in world.company.monitors}

    async def run(self) -> None:
        """Play until cancelled."""
        pause = min(
            CHECK_EVERY_SECONDS, self._delay.total_seconds(), CHECK_EVERY_SECONDS * self._scale
        )
        while True:
            try:
                await self.play()
            except Exception:
                log.exception("the director could not play its next move")
            await asyncio.sleep(max(0.1, pause))

    async def play(self) -> None:
        """Do what is due, talk included."""
        for said in self.tick():
            await self._workspace.post(said.user, said.channel, said.text)

    def tick(self) -> Sequence[SaidSpec]:
        """Do what is due; returns what people have to say, for ``play`` to post."""
        stop_suspended_runs(self._store)
        now = self._world.now()
        if self._timing is None and self._workspace.app_connected():
            self._timing = Timing(now + self._delay, self._scale)
        timing = self._timing
        if timing is None:
            return ()
        for change in self._changes.due(timing, now):
            self._changer.apply(change)
        for ticket in self._tickets.due(timing, now):
            self._post_ticket(ticket, now)
        self._play_alerts(timing, now)
        return self._said.due(timing, now)

    def _play_alerts(self, timing: Timing, now: datetime) -> None:
        states: dict[int, MonitorState] = {}

        def state(number: int) -> MonitorState:
            if number not in states:
                states[number] = state_of(self._world, self._monitors[number])
            return states[number]

        looked_at = self._next_watched()
        for alert in self._alerts:
            told = alert.next(timing, now, _is_well(alert, looked_at, state))
            if told is not None:
                self._tell(alert, told, state, now)
        if all(alert.over for alert in self._alerts):
            self._pages.close()

    def _next_watched(self) -> int | None:
        """The monitor whose recovery is looked for in this tick: one at a time, as each look takes the loop's time."""
        watched = {a.spec.watched for a in self._alerts if a.stands and a.spec.watched is not None}
        waiting = [number for number in self._looked if number in watched]
        chosen = next(iter(watched - self._looked.keys()), waiting[0] if waiting else None)
        if chosen is not None:
            self._looked.pop(chosen, None)
            self._looked[chosen] = None
        return chosen

    def _tell(
        self, alert: PlayedAlert, told: State, state: Callable[[int], MonitorState], now: datetime
    ) -> None:
        spec = alert.spec
        if spec.monitor is None:
            post = wording.of_rule(alert, told, now)
        else:
            monitor = self._monitors[spec.monitor]
            post = wording.of_monitor(alert, monitor, told, state(spec.monitor), now)
            self._record_transition(monitor, post)
        post = self._pages.page(alert, post)
        post_alert(self._workspace, spec.sender, spec.channel, post)
        if self._outbox is not None:
            self._outbox.alert(spec.sender, post)

    def _record_transition(self, monitor: Monitor, post: AlertPost) -> None:
        self._world.record(wording.transition(monitor, post))

    def _post_ticket(self, spec: TicketSpec, now: datetime) -> None:
        ticket = Ticket(spec.number, spec.subject, spec.text, spec.requester, spec.priority)
        post_ticket(self._workspace, spec.channel, ticket, now)


def _is_well(
    alert: PlayedAlert, looked_at: int | None, state: Callable[[int], MonitorState]
) -> Callable[[], bool]:
    watched = alert.spec.watched
    return lambda: watched is None or (watched == looked_at and state(watched).overall == "OK")
