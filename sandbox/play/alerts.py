"""How an alert of the script goes from state to state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.play.timing import Timing
from sandbox.slack.senders import State
from sandbox.world.script import AlertSpec


class PlayedAlert:
    """One alert of the script, from its first post to its recovery."""

    def __init__(self, spec: AlertSpec) -> None:
        self.spec = spec
        self.at: datetime | None = None
        """When it was first posted; None before."""
        self.over = False
        self._steps = list(spec.steps)

    @property
    def stands(self) -> bool:
        """Whether it was posted and has not recovered for good."""
        return self.at is not None and not self.over

    def next(self, timing: Timing, now: datetime, is_well: Callable[[], bool]) -> State | None:
        """The state to post now, if any.

        Args:
            timing: of the script.
            now: the present.
            is_well: whether the monitor that it follows is OK; asked only when that decides.
        """
        if self.over:
            return None
        if self._recovers(timing, now, is_well):
            self.over = True
            return "recovered"
        return self._scripted(timing, now)

    def _scripted(self, timing: Timing, now: datetime) -> State | None:
        delay = timedelta(seconds=self.spec.delay_seconds)
        begin = self.at or timing.at(delay)
        if not self._steps or now < begin + self._steps[0].after * timing.scale:
            return None
        if self.at is None:
            self.at = now
        step = self._steps.pop(0)
        if step.state == "recovered" and not self._steps:
            self.over = True
        return step.state

    def _recovers(self, timing: Timing, now: datetime, is_well: Callable[[], bool]) -> bool:
        stood = self.spec.recovers_after_seconds
        if self.at is None or stood is None or self.spec.flaps:
            return False
        return now >= self.at + timedelta(seconds=stood) * timing.scale and is_well()
