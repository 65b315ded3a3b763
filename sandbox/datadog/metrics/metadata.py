"""Types, units and descriptions of metrics, read from ``metadata.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from sandbox.datadog.wildcard import wildcard_pattern

_FAMILIES = {
    "byte": ("bytes", "B"),
    "percent": ("percentage", "%"),
    "fraction": ("percentage", "frac"),
    "second": ("time", "s"),
    "millisecond": ("time", "ms"),
    "connection": ("network", "conn"),
    "request": ("network", "req"),
    "error": ("logging", "err"),
    "message": ("logging", "msg"),
    "key": ("db", "key"),
    "core": ("cpu", "core"),
    "nanocore": ("cpu", "ncore"),
}
_SCALES = {"millisecond": 0.001, "nanocore": 1e-9, "percent": 0.01}


@dataclass(frozen=True)
class MetricMetadata:
    """What Datadog shows beside a metric's name."""

    type: Literal["gauge", "count", "rate"]
    unit: str
    description: str
    short_name: str
    integration: str

    def unit_object(self) -> dict[str, Any] | None:
        """The unit as the query answers carry it; None for a metric without unit."""
        if not self.unit:
            return None
        family, short_name = _FAMILIES[self.unit]
        return {
            "family": family,
            "name": self.unit,
            "plural": f"{self.unit}s",
            "scale_factor": _SCALES.get(self.unit, 1.0),
            "short_name": short_name,
        }


@cache
def describe(metric: str) -> MetricMetadata:
    """The metadata of ``metric``; an unknown one is a gauge without unit."""
    for row in _rows():
        if wildcard_pattern(row["pattern"]).fullmatch(metric):
            return MetricMetadata(**{key: row[key] for key in row if key != "pattern"})
    return MetricMetadata("gauge", "", "", "", "")


@cache
def _rows() -> list[dict[str, Any]]:
    text = files(__package__).joinpath("metadata.yaml").read_text("utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)
    return rows
