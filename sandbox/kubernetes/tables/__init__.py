"""Server-side printing: the tables that ``kubectl get`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.kubernetes.tables.columns import Column, Printer, age
from sandbox.kubernetes.tables.platform import PLATFORM
from sandbox.kubernetes.tables.workloads import WORKLOADS

Manifest = dict[str, Any]

_PRINTERS: dict[str, Printer] = {**WORKLOADS, **PLATFORM}
_FALLBACK = Printer(
    (Column("Name", "name"), Column("Age")),
    lambda manifest, now: [
        manifest["metadata"]["name"],
        age(manifest["metadata"].get("creationTimestamp"), now),
    ],
)


def table(
    kind: str,
    items: Sequence[Manifest],
    metadata: dict[str, Any],
    now: datetime,
    include: str = "Metadata",
) -> Manifest:
    """Objects as a ``meta.k8s.io/v1`` Table.

    ``include`` says what each row carries of its object: ``None``, ``Metadata`` or ``Object``.
    """
    printer = _PRINTERS.get(kind, _FALLBACK)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [column.as_json() for column in printer.columns],
        "rows": [
            {"cells": printer.cells(item, now), "object": _included(item, include)}
            for item in items
        ],
    }


def _included(item: Manifest, include: str) -> Manifest | None:
    if include == "None":
        return None
    if include == "Object":
        return item
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": item["metadata"],
    }
