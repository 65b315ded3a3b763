"""The load that is coming: how much busier a service will be, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from agent.model import Entity, Utc, Value

HORIZON_HOURS = 10
_RISE = 2.0
"""Times the present load from which a coming one is worth a word."""


class ComingLoad(Value):
    """A rise of load ahead."""

    at: Utc
    """The start of its hour."""
    ratio: float
    """Times the load of now."""

    def in_words(self, now: datetime) -> str:
        """``traffic is 30 times as high at 07:00 UTC, in 4 h``"""
        hours = max(0.0, (self.at - now).total_seconds() / 3600)
        when = f"in {hours:.0f} h" if hours >= 1 else "within the hour"
        return f"its load is {self.ratio:.0f} times as high at {self.at:%H:%M} UTC, {when}"


def coming_load(entities: Iterable[Entity], now: datetime) -> ComingLoad | None:
    """The highest load within ``HORIZON_HOURS`` when it is well above that of now; None when it isn't or is unknown.

    Args:
        entities: the first that has the property ``load_profile`` (UTC hour -> load relative to the day's mean) counts.
        now: the present.
    """
    profile = next((p for e in entities if (p := _profile(e))), None)
    if profile is None or profile.get(now.hour, 0.0) <= 0.0:
        return None
    hour = now.replace(minute=0, second=0, microsecond=0)
    ahead = [hour + timedelta(hours=n) for n in range(1, HORIZON_HOURS + 1)]
    peak = max(ahead, key=lambda at: (profile.get(at.hour, 0.0), -at.timestamp()))
    ratio = profile.get(peak.hour, 0.0) / profile[now.hour]
    return ComingLoad(at=peak, ratio=round(ratio, 2)) if ratio >= _RISE else None


def _profile(entity: Entity) -> dict[int, float]:
    given = entity.properties.get("load_profile")
    if not isinstance(given, dict):
        return {}
    return {int(h): float(r) for h, r in given.items() if str(h).isdecimal() and _is_number(r)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
