"""What units mean: dimensions, and how much of the base unit one of them is."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

SECONDS, RATIO, COUNT, BYTES = "seconds", "ratio", "count", "bytes"
"""Dimensions that more is known about than their units; cores are the other."""
_SUFFIX_PER = "_per_"
_STORED_IN: dict[str, tuple[float, ...]] = {
    SECONDS: (1.0, 1e-3),
    RATIO: (1.0, 0.01),
    "cores": (1.0, 1e-9),
}
"""Dimension -> the units that values come in where nothing says which."""


class Meaning(NamedTuple):
    """One way to take a unit."""

    dimension: str
    factor: float
    """How much of the dimension's base unit one of it is."""

    @property
    def raw_factors(self) -> tuple[float, ...]:
        """What one of it may be as a bare number whose unit is not known."""
        stored = (self.factor / unit for unit in _STORED_IN.get(self.dimension, (1.0,)))
        as_written = () if self.dimension == COUNT else (1.0,)
        return tuple(dict.fromkeys((*as_written, *stored)))


def _read() -> dict[str, tuple[Meaning, ...]]:
    text = files(__package__).joinpath("units.yaml").read_text(encoding="utf-8")
    found: dict[str, tuple[Meaning, ...]] = {}
    for dimension, units in yaml.safe_load(text).items():
        for written, factors in units.items():
            for word in written.split():
                meanings = tuple(Meaning(dimension, float(f)) for f in factors)
                found[word] = (*found.get(word, ()), *meanings)
    return found


UNITS = _read()
"""Unit as written, lower case -> its meanings."""


def unit_of(word: str) -> Meaning | None:
    """What a vendor's name of a unit means; None where that is not clear, such as of messages."""
    meanings = UNITS.get(word.lower(), ())
    return meanings[0] if meanings and meanings[0].dimension != COUNT else None


COUNTED = Meaning(COUNT, 1.0)
"""A number of things."""


@cache
def unit_of_key(key: str) -> tuple[Meaning | None, float | None]:
    """The unit that a data key ends with, and the seconds that it is a rate over: ``growth_bytes_per_hour``."""
    name, _, span = key.rpartition(_SUFFIX_PER) if _SUFFIX_PER in key else (key, "", "")
    if key.startswith("per_"):
        _, span, name = key.split("_", 2) if key.count("_") > 1 else ("", key[4:], "")
    return unit_of(name.rpartition("_")[2]), seconds_of(span)


def seconds_of(span: str) -> float | None:
    """How long a span's word is: ``hour``, ``min``; None where it is no span."""
    return next((m.factor for m in UNITS.get(span.lower(), ()) if m.dimension == SECONDS), None)
