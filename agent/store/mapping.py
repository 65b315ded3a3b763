"""Between the frozen values of ``agent.model`` and rows: columns are named as fields, nested values are JSON."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import zstandard
from sqlalchemy import RowMapping

from agent.model import Value
from agent.redaction import redact_data

V = TypeVar("V", bound=Value)

RAW_LIMIT_BYTES = 1_000_000
"""Of a vendor's answer, what is kept at most unless a setting says otherwise."""


def storable(data: Any) -> Any:
    """JSON-like data as PostgreSQL can hold it: no NUL, no lone surrogates, NaN and infinities as null."""
    if isinstance(data, str):
        return storable_text(data)
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {storable_text(str(key)): storable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [storable(item) for item in data]
    return data


def storable_text(text: str) -> str:
    """The text without what PostgreSQL's UTF-8 refuses."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def row_of(value: Value, *, without: Collection[str] = (), clean: bool = False) -> dict[str, Any]:
    """The columns of a value; ``clean`` redacts what looks like a secret."""
    dumped = value.model_dump(mode="json", exclude=set(without))
    if clean:
        dumped = redact_data(dumped)
    return {name: _column(getattr(value, name), dumped[name]) for name in dumped}


def _column(item: Any, dumped: Any) -> Any:
    if isinstance(item, datetime | UUID):
        return item
    return item.value if isinstance(item, Enum) else storable(dumped)


def value_of(kind: type[V], row: RowMapping | Mapping[str, Any], **more: Any) -> V:
    """The value that a row holds; ``more`` gives the fields that are not columns of it."""
    fields = {name: row[name] for name in kind.model_fields if name in row and name not in more}
    return kind.model_validate({**fields, **more})


def compress_text(text: str, limit_bytes: int = RAW_LIMIT_BYTES) -> bytes:
    """A text as zstd, cut at ``limit_bytes``."""
    data = text.encode("utf-8", "replace")
    if len(data) > limit_bytes:
        data = data[:limit_bytes].decode("utf-8", "ignore").encode()
    return zstandard.compress(data, 3)


def decompress_text(data: bytes) -> str:
    """What ``compress_text`` was given."""
    return zstandard.decompress(data).decode()
