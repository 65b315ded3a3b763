"""The functions of the metric query language.

A function either changes each series by itself, or chooses among the series of a query. Names and
meanings are those of Datadog's function reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.series import Series, Values, last_point, reduced

Argument = str | float

_SHIFTS_SECONDS = {"hour_before": 3600, "day_before": 86_400, "week_before": 604_800}
_MAX_SHIFT_SECONDS = 31 * 86_400


@dataclass(frozen=True)
class _Function:
    """A function of the language: the types of its further arguments and what it does."""

    parameters: tuple[type, ...]
    apply: Callable[[list[Series], Sequence[Argument], int], list[Series]]


def check_call(name: str, arguments: Sequence[Argument]) -> None:
    """Refuse an unknown function or wrong arguments.

    Raises:
        BadRequest: as Datadog's 400 does, naming the function.
    """
    if name in _SHIFTS_SECONDS or name == "timeshift":
        shift_seconds(name, arguments)
        return
    function = _FUNCTIONS.get(name)
    if function is None:
        raise BadRequest(f"Error parsing query: unknown function '{name}'")
    parameters = function.parameters
    fits = len(arguments) == len(parameters) and all(
        isinstance(argument, parameter)
        for argument, parameter in zip(arguments, parameters, strict=True)
    )
    if not fits:
        raise BadRequest(f"Error parsing query: invalid arguments of function '{name}'")


def shift_seconds(name: str, arguments: Sequence[Argument]) -> int | None:
    """How far a time-shifting function moves the window (negative is earlier); None for the others."""
    if name in _SHIFTS_SECONDS and not arguments:
        return -_SHIFTS_SECONDS[name]
    if name != "timeshift":
        return None
    match arguments:
        case [float(seconds)] if -_MAX_SHIFT_SECONDS <= seconds <= 0:
            return int(seconds)
    raise BadRequest("Error parsing query: timeshift takes a negative number of seconds")


def applied(
    name: str, series: list[Series], arguments: Sequence[Argument], interval_seconds: int
) -> list[Series]:
    """The result of a function that :func:`check_call` has accepted."""
    return _FUNCTIONS[name].apply(series, arguments, interval_seconds)


def _each(change: Callable[[Values, int], Values]) -> _Function:
    return _Function((), lambda series, _, step: [s.map(lambda v: change(v, step)) for s in series])


def _each_with_number(change: Callable[[Values, float], Values]) -> _Function:
    def apply(series: list[Series], arguments: Sequence[Argument], _: int) -> list[Series]:
        return [s.map(lambda values: change(values, float(arguments[0]))) for s in series]

    return _Function((float,), apply)


def _difference(values: Values, _: int = 0) -> Values:
    return np.diff(values, prepend=np.nan)


def _rate(values: Values, step: int) -> Values:
    return _difference(values) / step


def _per(seconds: int) -> _Function:
    """The positive rate of change; a fall is a counter's reset and gives no point."""

    def change(values: Values, step: int) -> Values:
        rate = _rate(values, step) * seconds
        return np.where(rate >= 0, rate, np.nan)

    return _each(change)


def _ewma(span: int) -> _Function:
    def change(values: Values, _: int) -> Values:
        alpha = 2.0 / (span + 1)
        smooth = np.full_like(values, np.nan)
        held = np.nan
        for index, value in enumerate(values):
            if not np.isnan(value):
                held = value if np.isnan(held) else alpha * value + (1 - alpha) * held
                smooth[index] = held
        return smooth

    return _each(change)


def _rolling_median(width: int) -> _Function:
    def change(values: Values, _: int) -> Values:
        padded = np.concatenate([np.full(width - 1, np.nan), values])
        windows = np.lib.stride_tricks.sliding_window_view(padded, width)
        counts = np.sum(~np.isnan(windows), axis=1)
        filled = np.where(counts[:, None] > 0, windows, 0.0)
        return np.where(counts > 0, np.nanmedian(filled, axis=1), np.nan)

    return _each(change)


def _logarithm(function: Callable[[Values], Values]) -> _Function:
    def change(values: Values, _: int) -> Values:
        return function(np.where(values > 0, values, np.nan))

    return _each(change)


def _moving_rollup(series: list[Series], arguments: Sequence[Argument], step: int) -> list[Series]:
    width = max(1, int(float(arguments[0]) / step))
    method = str(arguments[1])
    if method not in {"avg", "sum", "min", "max", "count"}:
        raise BadRequest(f"Error parsing query: unknown rollup method '{method}'")

    def change(values: Values) -> Values:
        padded = np.concatenate([np.full(min(width, values.size) - 1, np.nan), values])
        windows = np.lib.stride_tricks.sliding_window_view(padded, min(width, values.size))
        return reduced(windows, method, axis=1)

    return [each.map(change) for each in series]


def _rank(series: Series, method: str) -> float:
    """The number that ``top`` orders by; an empty series comes last either way."""
    match method:
        case "last":
            return last_point(series.values)
        case "l2norm":
            return float(np.sqrt(reduced(series.values**2, "sum")))
        case "area":
            return float(reduced(np.abs(series.values), "sum"))
        case "mean" | "min" | "max" | "sum":
            return float(reduced(series.values, method))
    raise BadRequest(f"Error parsing query: unknown order '{method}' of top")


def _ranked(series: list[Series], count: float, method: str, *, descending: bool) -> list[Series]:
    ranks = [(_rank(each, method), each) for each in series]
    present = [(rank, each) for rank, each in ranks if not np.isnan(rank)]
    present.sort(key=lambda pair: pair[0], reverse=descending)
    return [each for _, each in present[: max(0, int(count))]]


def _top(series: list[Series], arguments: Sequence[Argument], _: int) -> list[Series]:
    count, method, direction = arguments
    return _ranked(series, float(count), str(method), descending=direction == "desc")


def _top_preset(count: int, *, descending: bool) -> _Function:
    return _Function(
        (), lambda series, _, __: _ranked(series, count, "mean", descending=descending)
    )


_FUNCTIONS: dict[str, _Function] = {
    "abs": _each(lambda values, _: np.abs(values)),
    "default_zero": _each(lambda values, _: np.nan_to_num(values)),
    "diff": _each(_difference),
    "derivative": _each(_rate),
    "dt": _each(lambda values, step: np.where(np.isnan(_difference(values)), np.nan, step)),
    "per_second": _per(1),
    "per_minute": _per(60),
    "per_hour": _per(3600),
    "monotonic_diff": _each(lambda v, _: np.where(_difference(v) >= 0, _difference(v), np.nan)),
    "cumsum": _each(lambda values, _: np.nancumsum(values)),
    "integral": _each(lambda values, step: np.nancumsum(values) * step),
    "log2": _logarithm(np.log2),
    "log10": _logarithm(np.log10),
    "exclude_null": _Function((str,), lambda s, a, _: [e for e in s if str(a[0]) in e.tags]),
    "clamp_min": _each_with_number(lambda values, bound: np.maximum(values, bound)),
    "clamp_max": _each_with_number(lambda values, bound: np.minimum(values, bound)),
    "cutoff_min": _each_with_number(lambda v, bound: np.where(v >= bound, v, np.nan)),
    "cutoff_max": _each_with_number(lambda v, bound: np.where(v <= bound, v, np.nan)),
    "moving_rollup": _Function((float, str), _moving_rollup),
    "top": _Function((float, str, str), _top),
    **{f"ewma_{span}": _ewma(span) for span in (3, 5, 7, 10, 20)},
    **{f"median_{width}": _rolling_median(width) for width in (3, 5, 7, 9)},
    **{f"top{count}": _top_preset(count, descending=True) for count in (5, 10, 15, 20)},
    **{f"bottom{count}": _top_preset(count, descending=False) for count in (5, 10, 15, 20)},
}
