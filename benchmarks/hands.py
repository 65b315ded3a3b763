"""The two ways in which the scripted model writes values: one that the gate is tuned with, and one that is held out."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from benchmarks.scripted_notes import Amount, Hand

_IN_SECONDS = {
    "seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9,
}  # fmt: skip
_CENTRAL = timezone(timedelta(hours=1))


def _plainly(amount: Amount, generator: random.Random) -> str:
    value, unit = amount
    if unit == "bytes" and value >= 1e6:
        return generator.choice(
            (f"{value / 1e9:.1f} GB", f"{value / 2**30:.1f} GiB", f"{value:.0f} bytes")
        )
    if unit in _IN_SECONDS:
        return f"{value * _IN_SECONDS[unit] * 1e3:.2f} ms"
    if unit == "nanocores":
        return f"{value / 1e9:.2f} cores"
    if unit in ("%", "x"):
        return f"{value:.0f} %" if unit == "%" else f"{value:.1f}x"
    tail = f" {unit}" if unit == "cores" else ""
    return (f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}") + tail


def _otherwise(amount: Amount, generator: random.Random) -> str:
    value, unit = amount
    if unit == "bytes" and value >= 1e6:
        return generator.choice(
            (f"{value / 2**20:,.0f} MiB", f"about {value / 2**30:.0f}Gi", f"{value / 1e6:.0f}MB")
        )
    if unit in _IN_SECONDS:
        seconds = value * _IN_SECONDS[unit]
        return generator.choice(
            (f"{seconds:.4f} s", f"{seconds * 1e3:.1f}ms", f"{seconds * 1e3:.2f} milliseconds")
        )
    if unit == "nanocores":
        return f"{value / 1e6:.0f}m"
    if unit in ("%", "x"):
        return f"{value:.1f}%" if unit == "%" else f"{value:.0f} times"
    if unit == "cores":
        return f"{value:.0f} CPUs" if value == int(value) else f"{value * 1e3:.1f} millicores"
    return f"{value:,.1f}" if value != int(value) else f"{value:.0f}"


def _short(at: datetime, generator: random.Random) -> str:
    return generator.choice((f"{at:%H:%M}", f"{at:%H:%M} UTC", f"{at:%H:%M:%S}"))


def _spoken(at: datetime, generator: random.Random) -> str:
    hour, half = at.hour % 12 or 12, "pm" if at.hour >= 12 else "am"
    away = at.astimezone(_CENTRAL)
    return generator.choice(
        (
            f"{hour}:{at:%M} {half}",
            f"{away:%H:%M} CET",
            f"{at:%H:%M} on {at.day} {at:%b}",
            f"{at:%Y-%m-%d %H:%M} UTC",
        )
    )


def _in_minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.0f} minutes"


def _in_parts(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}h {minutes % 60}m" if minutes >= 60 else f"{minutes} min"


DEVELOPMENT = Hand("development", _plainly, _short, _in_minutes)
HELD_OUT = Hand("held_out", _otherwise, _spoken, _in_parts)
