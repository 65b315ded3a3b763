"""How values are written in sentences: short, with units, rounded so that they can be found again."""

from __future__ import annotations

from datetime import datetime

_BINARY = (("TiB", 2.0**40), ("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10))
_DECIMAL = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def size(count_bytes: float, like: float = 0.0) -> str:
    """Bytes in the largest unit that leaves a whole part: ``12.8 GiB``.

    Units are binary unless ``like`` (the limit that the value is set against) is a round decimal number.
    """
    units = _DECIMAL if like and like % 1e8 == 0 else _BINARY
    for unit, scale in units:
        if abs(count_bytes) >= scale:
            return f"{count_bytes / scale:.1f} {unit}"
    return f"{count_bytes:.0f} bytes"


def plain(value: float) -> str:
    """A number with three significant digits or so, without an exponent."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 0.1:
        return f"{value:.2f}"
    return f"{value:.4f}" if abs(value) >= 0.0005 else f"{value:.6f}"


def count(value: float) -> str:
    """A number of things, whole: an average of 94.1 connections is ``94``."""
    return f"{value:,.0f}"


def share(fraction: float) -> str:
    """A fraction as a percentage: ``80 %``, ``0.35 %``."""
    percent = 100.0 * fraction
    if abs(percent) >= 10 or percent == int(percent):
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if abs(percent) >= 1 else f"{percent:.2f} %"


def times(ratio: float) -> str:
    """A ratio as a multiple: ``5.1x``."""
    return f"{ratio:.0f}x" if ratio >= 20 else f"{ratio:.1f}x"


def duration(seconds: float) -> str:
    """Seconds in the unit that people use: ``450 ms``, ``2.3 s``."""
    if abs(seconds) < 1.0:
        return f"{seconds * 1000.0:.3g} ms"
    return f"{seconds:.1f} s"


def clock(at: datetime) -> str:
    """The time of day, UTC."""
    return f"{at:%H:%M}"
