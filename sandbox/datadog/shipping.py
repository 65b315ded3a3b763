"""The company as Datadog sees it when its agent does not ship the logs of some services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.world.outages import LogGap
from sandbox.world.ports import World


class Unshipped:
    """A world without the logs that never arrived; all else is as it is."""

    def __init__(self, world: World, gaps: Sequence[LogGap]) -> None:
        self._world = world
        began = world.now()
        self._lost_since = {(g.service, g.namespace): began - g.ago for g in gaps}

    def __getattr__(self, name: str) -> Any:
        """Whatever is not logs."""
        return getattr(self._world, name)

    def logs(self, start: datetime, end: datetime, **narrowed: Any) -> list[dict[str, Any]]:
        """See ``World``."""
        return [r for r in self._world.logs(start, end, **narrowed) if self._arrived(r)]

    def _arrived(self, record: dict[str, Any]) -> bool:
        since = self._lost_since.get((record["service"], record["namespace"]))
        return since is None or record["timestamp"] < since
