"""Kubernetes quantities as numbers, and back as people write them."""

from __future__ import annotations

_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip


def amount(quantity: object) -> float | None:
    """A quantity such as ``500m``, ``16Gi`` or ``1.5`` as cores or bytes; None for none or nonsense."""
    if quantity is None:
        return None
    text = str(quantity).strip()
    number = text.rstrip("EPTGMKkinum")
    try:
        return float(number) * _FACTORS[text[len(number) :]]
    except (ValueError, KeyError):
        return None


def memory_quantity(size_bytes: float) -> str:
    """Bytes in the largest binary unit that holds them as a whole number (``24Gi``, ``1536Mi``)."""
    whole = round(size_bytes)
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if whole % factor == 0 and whole >= factor:
            return f"{whole // factor}{unit}"
    return f"{-(-whole // 2**20)}Mi" if whole > 2**20 else str(whole)


def cpu_quantity(cores: float) -> str:
    """Cores as ``2`` or ``1500m``."""
    thousandths = round(cores * 1000)
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"
