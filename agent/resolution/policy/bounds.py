"""How far a change may go from what is there now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeGuard

from pydantic import Field, model_validator

from agent.model import Change, ChangeKind, Json, Plan, Value
from agent.resolution.policy.places import Globs
from agent.resolution.policy.quantities import Quantity, bytes_in_words, number_in_words

FEWEST_REPLICAS = 1
"""No policy allows less: none at all is an outage."""
_Words = Callable[[float], str]


class Amount(Value):
    """How far a number may go; what is not written is not bounded."""

    at_most_times: float | None = Field(None, ge=1, allow_inf_nan=False, description="of now")
    at_least_times: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="of now"
    )
    at_most: Quantity | None = Field(None, gt=0, allow_inf_nan=False)
    at_least: Quantity | None = Field(None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _leaves_room(self) -> Amount:
        if self.at_most is not None and self.at_least is not None and self.at_most < self.at_least:
            raise ValueError("at_most is below at_least, so nothing is allowed")
        return self

    @property
    def compares(self) -> bool:
        """Whether what is there now has to be known."""
        return self.at_most_times is not None or self.at_least_times is not None


class ResourceBounds(Value):
    """Of a container's limits."""

    memory: Amount | None = Field(None, description="bytes, such as 64Gi")
    cpu: Amount | None = Field(None, description="cores")


class ImageBounds(Value):
    """Of an image."""

    same_repository: bool = Field(True, description="only another tag or digest of what runs now")


class ConfigBounds(Value):
    """Which keys of ConfigMaps may be changed: of those allowed, all that are not denied."""

    allow: Globs = ("*",)
    deny: Globs = ()

    def denies(self, key: str) -> bool:
        """Whether a key may not be changed; upper and lower case are the same."""
        name = key.casefold()
        allowed = any(fnmatchcase(name, g.casefold()) for g in self.allow)
        return not allowed or any(fnmatchcase(name, g.casefold()) for g in self.deny)


class Bounds(Value):
    """How far each kind of change may go."""

    resources: ResourceBounds | None = None
    replicas: Amount | None = None
    hpa_bounds: Amount | None = Field(None, description="of an autoscaler's minimum and maximum")
    image: ImageBounds | None = None
    config_value: ConfigBounds | None = None

    def of(self, kind: ChangeKind) -> Value | None:
        """Those of a kind; None when it is not bounded."""
        found: Value | None = getattr(self, kind.value, None)
        return found


class Measured(NamedTuple):
    """What bounds say on a change."""

    objections: tuple[str, ...]
    known: bool
    """Whether everything could be measured; before the dry run, what is there now is not known."""


def measure(bounds: Sequence[Bounds | None], change: Change, plan: Plan | None) -> Measured:
    """Hold a change against all of the bounds.

    What is there now is read from the plan's way back, which restores it: the fixer took it from the live target in the
    same read that the dry run, and with it the approval, is bound to.
    """
    before = None if plan is None or plan.way_back is None else plan.way_back.arguments
    objections = list(_floors(change))
    known = True
    for each in bounds:
        of = each.of(change.kind) if each is not None else None
        if of is None:
            continue
        objections += _objections(of, change, before, planned=plan is not None)
        known = known and (plan is not None or not _compares(of))
    return Measured(tuple(dict.fromkeys(objections)), known)


def _floors(change: Change) -> Iterator[str]:
    if change.kind in (ChangeKind.REPLICAS, ChangeKind.HPA_BOUNDS):
        for name in ("replicas", "minimum", "maximum"):
            wanted = change.arguments.get(name)
            if _is_number(wanted) and wanted < FEWEST_REPLICAS:
                yield f"{name} {wanted:g} would be an outage; no policy allows less than {FEWEST_REPLICAS}"


def _compares(of: Value) -> bool:
    match of:
        case Amount():
            return of.compares
        case ResourceBounds():
            return any(a is not None and a.compares for a in (of.memory, of.cpu))
        case ImageBounds():
            return of.same_repository
    return False


def _objections(of: Value, change: Change, before: Json | None, *, planned: bool) -> Iterator[str]:
    sides: tuple[tuple[str, Amount | None, str, _Words], ...]
    match of:
        case ResourceBounds():
            sides = (
                ("memory_bytes", of.memory, "the memory limit", bytes_in_words),
                ("cpu_cores", of.cpu, "the CPU limit", number_in_words),
            )
        case Amount():
            sides = tuple((n, of, n, number_in_words) for n in ("replicas", "minimum", "maximum"))
        case ImageBounds() if of.same_repository and planned:
            yield from _other_repository(change, before)
            return
        case ConfigBounds():
            key = str(change.arguments.get("key") or "")
            if of.denies(key):
                yield f"the key {key} may not be changed"
            return
        case _:
            return
    for name, amount, words, written in sides:
        if amount is not None and name in change.arguments:
            now = _Now(planned, name in (before or {}), (before or {}).get(name))
            yield from _beyond(amount, change.arguments[name], now, words, written)


class _Now(NamedTuple):
    """The present value."""

    planned: bool
    known: bool
    value: Any
    """None: there is none, such as no limit."""


def _beyond(amount: Amount, wanted: Any, now: _Now, what: str, written: _Words) -> Iterator[str]:
    if wanted is None:
        if amount.at_most is not None or amount.at_most_times is not None:
            yield f"{what} may not be taken away"
        return
    if not _is_number(wanted):
        yield f"{what} is no number"
        return
    if amount.at_most is not None and wanted > amount.at_most:
        yield f"{what} {written(wanted)} is above {written(amount.at_most)}"
    if amount.at_least is not None and wanted < amount.at_least:
        yield f"{what} {written(wanted)} is below {written(amount.at_least)}"
    if amount.compares and now.planned:
        yield from _against_now(amount, wanted, now, what, written)


def _against_now(
    amount: Amount, wanted: float, now: _Now, what: str, written: _Words
) -> Iterator[str]:
    """A limit where there is none now is no increase, but how much of a decrease it is can't be told."""
    most, least = amount.at_most_times, amount.at_least_times
    if not now.known or (now.value is not None and not _is_number(now.value)):
        yield f"what {what} is now is not known"
    elif now.value is None:
        if least is not None:
            yield f"there is no such limit now to compare {what} with"
    elif most is not None and wanted > now.value * most:
        yield f"{what} {written(wanted)} is more than {most:g} times {written(now.value)}"
    elif least is not None and wanted < now.value * least:
        yield f"{what} {written(wanted)} is less than {least:g} times {written(now.value)}"


def _other_repository(change: Change, before: Json | None) -> Iterator[str]:
    wanted, now = str(change.arguments.get("image") or ""), str((before or {}).get("image") or "")
    if not now:
        yield "which image runs now is not known"
    elif repository_of(wanted) != repository_of(now):
        yield f"the image {wanted} is not of the repository {repository_of(now)}"


def repository_of(image: str) -> str:
    """An image's reference without tag and digest."""
    name = image.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
