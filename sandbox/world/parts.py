"""What the parts of a scenario file share."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from sandbox.world.durations import duration


def _duration(value: object) -> object:
    return duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Part(BaseModel):
    """A part of a scenario file; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entity(Part):
    """A thing of the cluster."""

    kind: str
    name: str
    namespace: str = "production"
