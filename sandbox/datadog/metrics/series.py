"""Series on a common grid, and the arithmetic between groups of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sandbox.datadog.metrics.syntax import Operator

Values = NDArray[np.float64]
"""One value per instant of the grid; NaN where there is none."""


@dataclass(frozen=True)
class Series:
    """The values of one group of tags."""

    values: Values
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag_set(self) -> list[str]:
        """The group as ``key:value`` strings."""
        return [f"{key}:{value}" for key, value in self.tags.items()]

    def map(self, function: Callable[[Values], Values]) -> Series:
        """The same group with its values changed."""
        return replace(self, values=function(self.values))


_OPERATIONS: dict[Operator, Callable[[Values, Values], Values]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def combined(operator: Operator, left: list[Series], right: list[Series]) -> list[Series]:
    """Join the groups of both sides that have the same tags; an ungrouped side joins with all.

    A division by zero gives no point, as in Datadog.
    """
    operation = _OPERATIONS[operator]
    return [
        Series(_finite(operation, one.values, other.values), one.tags or other.tags)
        for one, other in _pairs(left, right)
    ]


def _pairs(left: list[Series], right: list[Series]) -> list[tuple[Series, Series]]:
    if len(left) == 1 and not left[0].tags:
        return [(left[0], other) for other in right]
    if len(right) == 1 and not right[0].tags:
        return [(one, right[0]) for one in left]
    by_tags = {frozenset(series.tags.items()): series for series in right}
    keyed = [(one, by_tags.get(frozenset(one.tags.items()))) for one in left]
    return [(one, other) for one, other in keyed if other is not None]


def _finite(operation: Callable[[Values, Values], Values], left: Values, right: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = operation(left, right)
    return np.where(np.isfinite(result), result, np.nan)


_REDUCERS: dict[str, Callable[..., Values]] = {
    "avg": np.nanmean,
    "mean": np.nanmean,
    "sum": np.nansum,
    "min": np.nanmin,
    "max": np.nanmax,
}


def reduced(values: Values, method: str, axis: int | None = None) -> Values:
    """Reduce by ``avg``, ``sum``, ``min``, ``max`` or ``count``, ignoring missing points.

    The result is NaN where there was no point at all.
    """
    counts = np.sum(~np.isnan(values), axis=axis)
    if method == "count":
        return np.where(counts > 0, counts, np.nan).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = _REDUCERS[method](values, axis=axis)
    return np.where(counts > 0, result, np.nan)


def last_point(values: Values) -> float:
    """The latest value there is, or NaN."""
    present = values[~np.isnan(values)]
    return float(present[-1]) if present.size else float("nan")
