"""What a ConfigMap tells of its own past: who wrote which key when, and what stood there when it was last applied."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.model import Json
from integrations.kubernetes.masked import LAST_APPLIED
from integrations.masking import mask_setting
from integrations.text import iso, parse_time

NOT_SET = "(not set)"


def written(item: Json) -> list[Json]:
    """The keys of a ConfigMap with the moment and the manager of their last write, the latest first.

    As managedFields has it: a manager's entry is dated by its last write, to whichever of its keys.
    """
    found = [
        {"key": field[2:], "at": iso(parse_time(entry.get("time"))), "by": entry.get("manager", "")}
        for entry in item["metadata"].get("managedFields") or []
        for field in (entry.get("fieldsV1") or {}).get("f:data") or {}
        if field.startswith("f:")
    ]
    return sorted(found, key=lambda w: (str(w["at"]), w["key"]), reverse=True)


def applied(item: Json) -> dict[str, str | None]:
    """The keys that stand otherwise than ``kubectl apply`` last left them, with what they were; None: not there.

    Secrets are masked. Empty where the object was never applied so, or where nothing was changed since.
    """
    text = (item["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        before = json.loads(text).get("data") if text else None
    except (ValueError, AttributeError):
        return {}
    if not isinstance(before, Mapping):
        return {}
    now = item.get("data") or {}
    return {
        str(key): mask_setting(str(key), str(before[key])) if key in before else None
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    }


def lines_of(values: Mapping[str, str], since_applied: Mapping[str, str | None]) -> list[str]:
    """The settings as ``KEY=VALUE``, with what they were when last applied where that differs."""
    keys = [*values, *(k for k in since_applied if k not in values)]
    return [_line(key, values.get(key, NOT_SET), since_applied) for key in keys]


def _line(key: str, value: str, since_applied: Mapping[str, str | None]) -> str:
    if key not in since_applied:
        return f"{key}={value}"
    before = since_applied[key]
    return f"{key}={value} (was {NOT_SET if before is None else before} when last applied)"
