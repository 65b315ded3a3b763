"""Sentences as a model would note them from the answers of tools: true, and in many wordings, units and roundings."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from agent.model import Json, Step

WORDINGS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    files(__package__).joinpath("wordings.yaml").read_text(encoding="utf-8")
)
_PLACE = re.compile(r"\{(\w+)\}")
_SERVICE = re.compile(r"\bservice:([\w.-]+)")
_NAMING = ("name", "metric", "owner", "callee", "reason", "node", "message")
"""What of a fact says what it is about; the rest are its values."""


class Amount(NamedTuple):
    """A value with its unit, as vendors name it."""

    value: float
    unit: str = ""


class Fact(NamedTuple):
    """One thing that an answer tells."""

    kind: str
    step: int
    values: dict[str, Any]

    def with_values_of(self, other: Fact) -> Fact:
        """The same thing with what is told of another."""
        named = {k: v for k, v in self.values.items() if k in _NAMING}
        return self._replace(values={**other.values, **named})


class Hand(NamedTuple):
    """A way to write."""

    wording: str
    """development or held_out."""
    amount: Callable[[Amount, random.Random], str]
    moment: Callable[[datetime, random.Random], str]
    span: Callable[[timedelta], str]

    def sentences(self, fact: Fact, seed: int) -> Iterator[str]:
        """The fact in every wording that it has all values for; equal seeds choose equal units and roundings."""
        for template in WORDINGS[fact.kind][self.wording]:
            wanted = _PLACE.findall(template)
            if all(fact.values.get(name) not in (None, "") for name in wanted):
                yield template.format(**{n: self._said(fact.values[n], seed) for n in wanted})

    def _said(self, value: object, seed: int) -> str:
        generator = random.Random(seed)
        if isinstance(value, Amount):
            return self.amount(value, generator)
        if isinstance(value, datetime):
            return self.moment(value, generator)
        return self.span(value) if isinstance(value, timedelta) else str(value)


def facts_of(step: Step) -> Iterator[Fact]:
    """What the answer of a step tells."""
    if step.reading is None:
        return
    asked = _SERVICE.search(str(step.check.arguments.get("query") or ""))
    subject = asked[1] if asked else str(step.check.arguments.get("workload") or "")
    for key, (kind, read) in _READ.items():
        for item in step.reading.data.get(key) or []:
            if isinstance(item, dict):
                values = {"name": subject, **read(item)}
                if values["name"]:
                    yield Fact(kind, step.number, values)


def _series(item: Json) -> Json:
    unit, change = item.get("unit") or "", item.get("change") or {}
    told = {k: Amount(abs(item[k]), unit) for k in ("last", "baseline", "maximum") if item.get(k)}
    told |= {k: Amount(abs(change[k]), unit) for k in ("before", "after") if change.get(k)}
    ratio = item["last"] / item["baseline"] if item.get("baseline") and item.get("last") else 0.0
    metric = str(item.get("metric") or "")
    return {
        **told,
        "metric": metric if " " not in metric else "",
        "at": _moment(change.get("at")),
        "multiple": Amount(ratio, "x") if ratio > 1.2 else None,
        "growth": Amount(100 * (ratio - 1), "%") if ratio > 1.02 else None,
    }


def _pod(item: Json) -> Json:
    return {
        "name": item.get("name"),
        "node": item.get("node"),
        "restarts": Amount(item["restarts"]) if item.get("restarts", 0) > 1 else None,
        "at": _moment(item.get("started_at")),
    }


def _event(item: Json) -> Json:
    return {
        "name": str(item.get("object") or "").rpartition("/")[2],
        "reason": item.get("reason"),
        "count": Amount(item["count"]) if item.get("count", 0) > 1 else None,
        "message": _quotable(item.get("message")),
        "at": _moment(item.get("at")),
    }


def _log(item: Json) -> Json:
    first, last = _moment(item.get("first_at")), _moment(item.get("last_at"))
    named = {"name": item["service"]} if item.get("service") else {}
    return {
        **named,
        "count": Amount(item["count"]) if item.get("count", 0) > 1 else None,
        "message": _quotable(item.get("example")),
        "at": first,
        "until": last,
        "lasting": _lasting(first, last),
    }


def _job(item: Json) -> Json:
    start, end = _moment(item.get("started_at")), _moment(item.get("finished_at"))
    return {
        "name": item.get("name"),
        "owner": item.get("owner"),
        "at": start,
        "until": end,
        "lasting": _lasting(start, end),
    }


def _rollout(item: Json) -> Json:
    return {
        "name": item.get("workload"),
        "revision": item.get("revision"),
        "at": _moment(item.get("at")),
        "message": _quotable(item.get("change_cause")),
    }


def _node(item: Json) -> Json:
    room = item.get("allocatable") or {}
    return {
        "name": item.get("name"),
        "cores": Amount(room["cpu_cores"], "cores") if room.get("cpu_cores") else None,
        "memory": Amount(room["memory_bytes"], "bytes") if room.get("memory_bytes") else None,
    }


def _call(item: Json) -> Json:
    return {
        "name": item.get("caller"),
        "callee": item.get("callee"),
        "count": Amount(item["count"]) if item.get("count") else None,
        "p95": Amount(item["p95_seconds"], "seconds") if item.get("p95_seconds") else None,
    }


_READ: dict[str, tuple[str, Callable[[Json], Json]]] = {
    "series": ("series", _series),
    "pods": ("pod", _pod),
    "events": ("event", _event),
    "templates": ("log", _log),
    "jobs": ("job", _job),
    "rollouts": ("rollout", _rollout),
    "nodes": ("node", _node),
    "calls": ("call", _call),
}


def _quotable(text: str | None) -> str | None:
    short = (text or "").strip()[:120]
    return short if len(short) >= 12 and not re.search(r"[\"'`\n\\]", short) else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _lasting(start: datetime | None, end: datetime | None) -> timedelta | None:
    return end - start if start and end and end - start > timedelta(minutes=2) else None
