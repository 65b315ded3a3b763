"""What Kubernetes itself reports on a workload."""

from __future__ import annotations

from collections.abc import Iterator

from agent.reasoning.modes.mode import FAIR, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_QUOTED = 160


def reported(target: Target, view: View, *reasons: str) -> Iterator[Sign]:
    """The latest Event on the workload or its pods with one of the reasons."""
    for found in view.answers("kubernetes_events"):
        for event in found.data.get("events") or []:
            name = str(event.get("object")).rsplit("/", 1)[-1]
            if event.get("reason") in reasons and name.startswith(target.name):
                quoted = " ".join(str(event["message"]).replace('"', "'").split())[:_QUOTED]
                text = f'Kubernetes reports {event["reason"]} of {name}: "{quoted}"'
                yield Sign(found.step, text, FAIR)
                return
