"""Noise that is a pure function of a seed, a name and the minute.

Hashing follows the finaliser of splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom
Number Generators", 2014), which is enough for telemetry and runs vectorised.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_MINUTE_S = 60.0


def key_hash(seed: int, *names: object) -> int:
    """64 bits for a seed and names."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def uniform(key: int, numbers: NDArray[np.int64]) -> Floats:
    """One value in [0, 1) for each number under ``key``."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def jitter(key: int, times: Floats) -> Floats:
    """Noise of mean 0 and deviation about 1, drawn per minute and joined by straight lines."""
    minutes = np.floor(times / _MINUTE_S).astype(np.int64)
    share = times / _MINUTE_S - minutes
    return _bell(key, minutes) * (1.0 - share) + _bell(key, minutes + 1) * share


def _bell(key: int, numbers: NDArray[np.int64]) -> Floats:
    """The sum of three uniforms: bell-shaped, bounded at three deviations."""
    total = sum(uniform((key + salt) % 2**64, numbers) for salt in (1, 2, 3))
    return np.asarray((total - 1.5) * 2.0)
