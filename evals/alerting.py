"""The alerts of a scenario as messages in Slack, made without a Slack."""

from __future__ import annotations

from typing import Any

from sandbox.app import Sandbox
from sandbox.datadog.monitors.state import state_of
from sandbox.play import wording
from sandbox.play.alerts import PlayedAlert
from sandbox.slack.senders import post_alert


def alert_message(sandbox: Sandbox, position: int = 0) -> dict[str, Any]:
    """A message with one of the scenario's alerts, as its sender would post it now.

    Raises:
        IndexError: the scenario has no such alert.
    """
    spec, world = sandbox.scenario.alerts[position], sandbox.world
    played, now = PlayedAlert(spec), world.now()
    if spec.monitor is None:
        post = wording.of_rule(played, spec.state, now)
    else:
        monitor = next(m for m in world.company.monitors if m.id == spec.monitor)
        post = wording.of_monitor(played, monitor, spec.state, state_of(world, monitor), now)
    caught: dict[str, Any] = {}

    class Catching:
        def post_as_sender(self, _: object, __: str, **message: Any) -> str:
            caught.update(message)
            return ""

    post_alert(Catching(), spec.sender, spec.channel, post)  # type: ignore[arg-type]
    return caught
