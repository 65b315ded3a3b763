"""Spans apart by what they are tagged with: version, host, and whom of the outside world they call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.analysis.traces import Span

VERSION, HOST, PEER, STATUS = "version", "host", "peer.hostname", "http.status_code"


@dataclass(frozen=True)
class Part:
    """The spans of one value of a tag."""

    value: str
    count: int
    error_ratio: float
    p50_seconds: float
    p95_seconds: float
    first_at: float
    """Start of the earliest of them, unix seconds."""


@dataclass(frozen=True)
class Peer:
    """A service's calls of somebody else's API."""

    caller: str
    part: Part
    statuses: Mapping[str, int]
    """HTTP status -> how many calls were answered with it."""


def by_tag(spans: Iterable[Span], tag: str) -> tuple[Part, ...]:
    """The spans of each value of a tag, the most frequent value first; spans without it are left out."""
    groups: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if value := span.tags.get(tag):
            groups[value].append(span)
    parts = [_part(value, group) for value, group in groups.items()]
    return tuple(sorted(parts, key=lambda p: (-p.count, p.value)))


def peers(spans: Iterable[Span]) -> tuple[Peer, ...]:
    """The calls of outside APIs, by caller and host, those that fail most first."""
    groups: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in spans:
        if host := span.tags.get(PEER):
            groups[span.service, host].append(span)
    found = [
        Peer(caller, _part(host, group), Counter(s.tags[STATUS] for s in group if STATUS in s.tags))
        for (caller, host), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda p: (-p.part.error_ratio, p.caller, p.part.value)))


def _part(value: str, group: Sequence[Span]) -> Part:
    seconds = np.array([s.seconds for s in group])
    return Part(
        value=value,
        count=len(group),
        error_ratio=sum(s.error for s in group) / len(group),
        p50_seconds=float(np.percentile(seconds, 50)),
        p95_seconds=float(np.percentile(seconds, 95)),
        first_at=min(s.start for s in group),
    )
