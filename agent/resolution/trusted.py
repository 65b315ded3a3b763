"""Looks for values in the structured data of a step, leaving out the parts of it that are free text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.model import Step

_FREE_TEXT = frozenset(
    {
        "message",
        "change_cause",
        "diff",
        "annotations",
        "labels",
        "what",
        "by",
        "changed_by",
        "example",
        "line",
        "args",
        "text",
        "reason",
        "metrics_text",
    }
)
"""Keys whose values people or programs write freely, even in an API object."""
_KIND_OF_LIST = {
    "autoscalers": "hpa",
    "budgets": "poddisruptionbudget",
    "containers": "container",
    "cron_jobs": "cronjob",
    "jobs": "job",
    "nodes": "node",
    "pods": "pod",
}
_SAID_SHORT = {"horizontalpodautoscaler": "hpa"}
KEY = "\0key"
"""Under this name, ``named`` gives the keys of mappings themselves, such as those of a ConfigMap."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Seen(NamedTuple):
    """An object that an answer shows; kind and namespace are empty where the answer does not say."""

    name: str
    kind: str
    namespace: str


def named(step: Step, keys: frozenset[str]) -> Iterator[object]:
    """The values that a step's data holds under one of the keys, free text left out."""
    data = step.reading.data if step.reading else {}
    yield from (value for key, value in _walk(data) if key in keys)


def numbers_in(value: object) -> list[float]:
    """The number that a value is, or those written in it."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        return [float(value)]
    return [float(n) for n in _NUMBER.findall(str(value))]


def named_of(step: Step, keys: frozenset[str], name: str) -> Iterator[object]:
    """The same, of the objects of that name alone."""
    data = step.reading.data if step.reading else {}
    for own in _dicts_of(data, name):
        yield from (value for key, value in _walk(own) if key in keys)


def objects_named(step: Step, name: str) -> Iterator[Seen]:
    """The objects of that name which a step's answer shows."""
    if step.reading is None:
        return
    asked = str(step.check.arguments.get("namespace") or "")
    data = step.reading.data
    kind = "configmap" if step.check.tool == "kubernetes_config" else str(data.get("kind") or "")
    within = str(data.get("namespace") or asked)
    if data.get("name") == name:
        yield Seen(name, _kind(kind), within)
    scaler = data.get("autoscaler")
    if isinstance(scaler, dict) and scaler.get("name") == name:
        yield Seen(name, "hpa", within)
    for key, rows in data.items():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and name in (row.get("name"), row.get("workload")):
                listed = kind if key == "items" else ""
                row_kind = str(row.get("kind") or _kind_of_row(key, row, name) or listed)
                yield Seen(name, _kind(row_kind), str(row.get("namespace") or asked))


def _kind_of_row(key: str, row: dict[str, object], name: str) -> str:
    """By the list that it stands in; a row that only names its workload is not an object of the list's kind."""
    return _KIND_OF_LIST.get(key, "") if row.get("name") == name else ""


def _kind(kind: str) -> str:
    lowered = kind.lower()
    return _SAID_SHORT.get(lowered, lowered)


def _dicts_of(data: object, name: str) -> Iterator[dict[str, object]]:
    """The mappings, however deep, that are about what has that name; free text is not gone into."""
    if isinstance(data, dict):
        if name in (data.get("name"), data.get("workload")):
            yield data
            return
        for key, value in data.items():
            if key not in _FREE_TEXT:
                yield from _dicts_of(value, name)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _dicts_of(value, name)


def _walk(data: object, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(data, dict):
        for name, value in data.items():
            if name in _FREE_TEXT:
                continue
            yield KEY, name
            yield from _walk(value, str(name))
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _walk(value, key)
    elif data is not None:
        yield key, data
