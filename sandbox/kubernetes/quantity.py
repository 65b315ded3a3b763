"""Kubernetes quantities: ``250m``, ``1.5Gi``, ``2e3``."""

from __future__ import annotations

import re
from decimal import Decimal

_PATTERN = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


class QuantityError(ValueError):
    """The text is no quantity."""


def parse_quantity(value: str | int | float) -> Decimal:
    """The number that a quantity stands for, in its base unit (bytes, cores, pieces).

    Raises QuantityError when ``value`` does not follow the grammar of ``resource.Quantity``.
    """
    text = str(value)
    match = _PATTERN.match(text)
    if match is None:
        raise QuantityError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix = match.groups()
    if suffix is None:
        return Decimal(number)
    if suffix[0] in "eE" and len(suffix) > 1 and suffix[1] != "i":
        return Decimal(number + suffix)
    return Decimal(number) * _SUFFIXES[suffix]
