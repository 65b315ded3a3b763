"""Status conditions: their transition times move only when their status does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sandbox.kubernetes.clock import format_time


def condition(
    before: Iterable[Mapping[str, Any]] | None,
    kind: str,
    holds: bool | None,
    now: datetime,
    reason: str = "",
    message: str = "",
    with_update_time: bool = False,
) -> dict[str, Any]:
    """The condition ``kind``, keeping the transition time of ``before`` if nothing flipped; None is unknown."""
    status = "Unknown" if holds is None else str(holds)
    known = next((c for c in before or () if c["type"] == kind), None)
    stamp = format_time(now)
    flipped = known is None or known["status"] != status
    made: dict[str, Any] = {
        "type": kind,
        "status": status,
        "lastTransitionTime": stamp if known is None or flipped else known["lastTransitionTime"],
    }
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    if with_update_time:
        same = known is not None and known.get("message") == message and not flipped
        made["lastUpdateTime"] = known["lastUpdateTime"] if known is not None and same else stamp
    return made
