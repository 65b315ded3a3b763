"""What a scenario has happen while it runs: alerts, tickets and talk, changes by other people.

Times count from the app's connecting, after the director's own delay; ``time_scale`` of ``sandbox.app.build`` shrinks
them for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sandbox.slack.senders import Sender, State
from sandbox.world.parts import Duration, Part

_NONE = timedelta(0)


class IncidentSpec(Part):
    """A PagerDuty incident that opens with an alert."""

    service: str
    title: str
    urgency: Literal["high", "low"] = "low"
    priority: Literal["", "P1", "P2", "P3", "P4", "P5"] = ""


class Step(Part):
    """A later post on an alert."""

    after: Duration
    """Since the alert's first post."""
    state: State


class Flaps(Part):
    """An alert fires and recovers again and again, whatever the telemetry says."""

    fires: Duration
    rests: Duration
    times: int = Field(gt=0)


class Renotifies(Part):
    """An alert that stands is told of again."""

    every: Duration
    times: int = Field(default=3, gt=0)


class GroupMember(Part):
    """A further alert of the same rule, told of in the same message."""

    labels: Mapping[str, str]
    text: str = ""


class AlertSpec(Part):
    """An alert that some vendor's bot posts.

    It is of one of the company's Datadog monitors, or of a rule of its own (``title`` with ``labels``), which the
    APIs know nothing of.
    """

    sender: Sender = "datadog"
    channel: str = "C0ALERTS"
    monitor: int | None = None
    title: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)
    group: tuple[GroupMember, ...] = ()
    state: State = "triggered"
    """Of the first post."""
    delay_seconds: float = Field(default=0.0, ge=0)
    """After the app connected, beyond the director's own delay."""
    then: tuple[Step, ...] = ()
    flaps: Flaps | None = None
    renotifies: Renotifies | None = None
    recovers_after_seconds: float | None = Field(default=20.0, ge=0)
    """The least time that it stands; None: it never recovers by itself."""
    recovers_with: int | None = None
    """The monitor that has to be OK before a rule of its own recovers."""
    text: str = ""
    """Instead of the monitor's message."""
    severity: str = ""
    recovered_text: str = "The monitor is back within its threshold."
    incident: IncidentSpec | None = None

    @model_validator(mode="after")
    def _is_named(self) -> AlertSpec:
        if self.monitor is None and not self.title:
            raise ValueError("an alert wants a monitor, or a title of its own")
        if self.flaps and (self.then or self.renotifies):
            raise ValueError("an alert that flaps has no other steps")
        return self

    @property
    def watched(self) -> int | None:
        """The monitor whose recovery is its own."""
        return self.monitor if self.recovers_with is None else self.recovers_with

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every post that does not depend on the telemetry, in order of time."""
        if self.flaps:
            cycle = self.flaps.fires + self.flaps.rests
            posts = [
                (Step(after=n * cycle, state=self.state), _recovery(n * cycle + self.flaps.fires))
                for n in range(self.flaps.times)
            ]
            return tuple(step for pair in posts for step in pair)
        told = [Step(after=_NONE, state=self.state), *self.then]
        if self.renotifies:
            every = self.renotifies.every
            again = range(1, self.renotifies.times + 1)
            told += [Step(after=every * n, state="renotified") for n in again]
        return tuple(sorted(told, key=lambda step: step.after))


def _recovery(after: timedelta) -> Step:
    return Step(after=after, state="recovered")


class SaidSpec(Part):
    """Something that a person posts."""

    after: Duration = _NONE
    channel: str = "C0SUPPORT"
    user: str
    text: str


class TicketSpec(Part):
    """A customer's ticket, posted by the help desk's bot."""

    after: Duration = _NONE
    channel: str = "C0SUPPORT"
    number: int
    subject: str
    text: str
    requester: str
    priority: Literal["Low", "Normal", "High", "Urgent"] = "Normal"


class _Change(Part):
    after: Duration = _NONE
    namespace: str = "production"


class RolloutNow(_Change):
    """A new version of a Deployment goes out."""

    is_: Literal["rollout"] = Field(alias="is")
    service: str
    version: str
    author: str
    note: str


class SettingNow(_Change):
    """Somebody edits a ConfigMap."""

    is_: Literal["setting"] = Field(alias="is")
    name: str
    key: str
    value: str


class ScaleNow(_Change):
    """Somebody else scales a workload."""

    is_: Literal["scale"] = Field(alias="is")
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    name: str
    replicas: int = Field(ge=0)


ChangeNow = Annotated[RolloutNow | SettingNow | ScaleNow, Field(discriminator="is_")]
