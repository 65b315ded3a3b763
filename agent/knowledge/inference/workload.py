"""What inference reads and what it yields, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Workload(NamedTuple):
    """A workload or a service as far as inference cares."""

    key: str
    """The graph's key, such as ``production/service/cart``; ties are between keys."""
    name: str
    namespace: str = ""
    env: Mapping[str, str] = {}
    """Variables with their values, those of its ConfigMaps included. Values may hold secrets: they are not kept."""
    images: tuple[str, ...] = ()
    schedule: str = ""
    """Five cron fields, or ``@daily`` and its like; empty for what always runs."""
    time_zone: str = ""
    """Of the schedule; empty: the cluster's."""
    targets: tuple[str, ...] = ()
    """Keys or hosts of what a job works on."""


class Tie(NamedTuple):
    """An implied relation."""

    source: str
    target: str
    kind: str
    """depends_on, sibling_of, watches, targets, coincides_with."""
    evidence: str
    """One sentence."""
    confidence: float
    """0..1, below 1."""
