"""What a fault does to pods, as scenario files have it: how their containers die, wait or fail their probes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from sandbox.world.parts import Duration, Part


class Line(Part):
    """A line that a container writes before it dies."""

    message: str
    status: Literal["debug", "info", "warn", "error"] = "error"


class _Ailment(Part):
    workload: str
    namespace: str = "production"
    version: str = ""
    """Only the pods of this version."""
    node: str = ""
    """Only the pods of this node."""
    fresh: bool = False
    """Only pods made since the onset: those that started under it."""
    count: int | None = Field(default=None, gt=0)
    """At most so many pods, the oldest first."""
    stale: bool = False
    """Of ``count`` pods those that it struck first: what takes their place is well."""
    container: str = ""
    """Which container, an init container or not; the first by default."""


class Crashes(_Ailment):
    """A container ends again and again; the kubelet waits longer each time before it starts it anew."""

    is_: Literal["crashes"] = Field(alias="is")
    runs: Duration = timedelta(seconds=4)
    """How long it runs each time."""
    times: int | None = Field(default=None, gt=0)
    """How often it ends; without, for as long as it is ill."""
    exit_code: int = 1
    reason: str = "Error"
    message: str = ""
    """Of the terminated state: what the runtime says of a container that could not even start."""
    probe: Literal["", "liveness", "startup"] = ""
    """The probe that has the kubelet end it."""
    probe_says: str = ""
    is_ready_between: bool = False
    """Whether it serves while it runs."""
    says: tuple[Line, ...] = ()


class PullFails(_Ailment):
    """The image cannot be pulled."""

    is_: Literal["pull_fails"] = Field(alias="is")
    says: str
    """What the registry answers, with ``{image}`` for the image."""


class Unready(_Ailment):
    """The container runs and fails its readiness probe."""

    is_: Literal["unready"] = Field(alias="is")
    says: str
    """What the probe saw."""


class Evicted(_Ailment):
    """The kubelet took the pod away to make room on its node, once."""

    is_: Literal["evicted"] = Field(alias="is")
    says: str


Ailment = Annotated[Crashes | PullFails | Unready | Evicted, Field(discriminator="is_")]
