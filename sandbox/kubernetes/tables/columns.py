"""The pieces that printers are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.kubernetes.clock import parse_time

Manifest = dict[str, Any]
NONE = "<none>"
UNKNOWN = "<unknown>"


@dataclass(frozen=True)
class Column:
    """One column; those with ``priority`` 1 show with ``-o wide`` only."""

    name: str
    format: str = ""
    type: str = "string"
    priority: int = 0

    def as_json(self) -> dict[str, Any]:
        """The column as ``TableColumnDefinition``."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.name,
            "priority": self.priority,
        }


@dataclass(frozen=True)
class Printer:
    """How the objects of one kind become rows."""

    columns: tuple[Column, ...]
    cells: Callable[[Manifest, datetime], list[Any]]


NAME = Column("Name", "name")
AGE = Column("Age")


def wide(name: str) -> Column:
    """A column for ``-o wide``."""
    return Column(name, priority=1)


def count(name: str) -> Column:
    """A column of whole numbers."""
    return Column(name, type="integer")


def human_duration(seconds: float) -> str:
    """``45s``, ``5m30s``, ``12h``, ``3d4h``: apimachinery's ``duration.HumanDuration``."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole > -2 else "<invalid>"
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, hours = divmod(hours, 24)
    if days < 8:
        return f"{days}d{hours}h" if hours else f"{days}d"
    if days < 2 * 365:
        return f"{days}d"
    years, days = divmod(days, 365)
    return f"{years}y{days}d" if years < 8 and days else f"{years}y"


def age(timestamp: str | None, now: datetime) -> str:
    """How long ago ``timestamp`` was."""
    if not timestamp:
        return UNKNOWN
    return human_duration((now - parse_time(timestamp)).total_seconds())


def born(manifest: Manifest, now: datetime) -> str:
    """The object's age."""
    return age(manifest["metadata"].get("creationTimestamp"), now)


def joined(mapping: Mapping[str, Any] | None) -> str:
    """``a=1,b=2``, or ``<none>``."""
    return ",".join(f"{key}={value}" for key, value in sorted((mapping or {}).items())) or NONE


def containers(pod_spec: Mapping[str, Any]) -> tuple[str, str]:
    """Names and images of the containers, comma-separated."""
    listed = pod_spec.get("containers") or ()
    return (
        ",".join(container["name"] for container in listed),
        ",".join(container.get("image", "") for container in listed),
    )
