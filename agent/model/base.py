"""What every noun is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

T = TypeVar("T")


def _as_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return value.astimezone(UTC)


Utc = Annotated[datetime, AfterValidator(_as_utc)]
Json = dict[str, Any]


class Value(BaseModel):
    """A frozen value; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Window(Value):
    """A span of time."""

    start: Utc
    end: Utc


class Notebook:
    """What was worked out from values, for as long as it is asked of the same ones. No part of what it lies in: it is
    neither stored, compared nor sent along."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[tuple[object, ...], Any]] = {}

    def __reduce__(self) -> tuple[type[Notebook], tuple[()]]:
        return Notebook, ()

    def kept(self, title: str, values: tuple[object, ...], work: Callable[[], T]) -> T:
        """What ``work`` gives, done anew only when one of the values it rests on is another object than last time."""
        page = self._pages.get(title)
        if page is None or any(a is not b for a, b in zip(page[0], values, strict=True)):
            page = self._pages[title] = (values, work())
        result: T = page[1]
        return result
