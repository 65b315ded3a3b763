"""Amounts as people write them in a policy: ``64Gi``, ``500m``, ``3``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
"""Of Kubernetes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
_WRITTEN = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(m|[kMGT]|[KMGT]i)?")


def quantity(value: object) -> object:
    """The number that a text such as ``64Gi`` means; anything else is left as it is."""
    if isinstance(value, bool):
        raise ValueError("a number such as 3, 1.5 or 64Gi is needed")
    if not isinstance(value, str):
        return value
    found = _WRITTEN.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"{value!r} is no amount; write a number such as 3, 1.5, 500m or 64Gi")
    return float(found[1]) * _UNITS[found[2] or ""]


Quantity = Annotated[float, BeforeValidator(quantity, json_schema_input_type=float | str)]


def bytes_in_words(count: float) -> str:
    """``24Gi``, ``1.5Gi``, ``512Mi``."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if count >= _UNITS[unit]:
            return f"{round(count / _UNITS[unit], 2):g}{unit}"
    return f"{count:g}"


def number_in_words(number: float) -> str:
    """``3``, ``0.25``."""
    return f"{round(number, 3):.10g}"
