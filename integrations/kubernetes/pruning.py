"""Many objects in few lines: what they have in common once, and the odd ones whole.

A list of 150 pods is read for the few that are not like the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from agent.analysis.logs import mask
from agent.model import Json
from integrations.text import clock

FEW = 12
"""Up to so many objects are shown one by one."""
_USUAL_SHARE = 0.6
"""A value that so many of the objects have is the usual one."""
_NAMES_SHOWN, _OBJECTS_SHOWN = 8, 3


def row_lines(rows: Sequence[Json]) -> Iterator[str]:
    """Rows of ``kubernetes_list``: all of a few; of many the usual facts, then the rows that differ, most first."""
    facts = [_facts(row) for row in rows]
    usual = _usual(facts)
    if len(rows) <= FEW or not usual:
        yield from map(_row_line, rows, facts)
        return
    yield f"usual: {', '.join(f'{k}={v}' for k, v in usual.items() if v)}"
    odd = [{k for k, v in usual.items() if found.get(k, "") != v} for found in facts]
    own = [
        {k: v for k, v in found.items() if k in differs or k not in usual}
        for found, differs in zip(facts, odd, strict=True)
    ]
    order = sorted(range(len(rows)), key=lambda n: -len(odd[n]))
    yield from (_row_line(rows[n], own[n]) for n in order if odd[n])
    like = [n for n in order if not odd[n]]
    if like:
        names = ", ".join(str(rows[n]["name"]) for n in like[:_NAMES_SHOWN])
        yield f"{len(like)} as usual: {names}{', ...' if len(like) > _NAMES_SHOWN else ''}"
    if sum(map(len, own)) >= len(usual) * len(
        rows
    ):  # what tells them apart is most of what there is
        yield from (_row_line(rows[n], own[n]) for n in like)


def _facts(row: Json) -> dict[str, str]:
    return {
        k: str(v)
        for k, v in row["summary"].items()
        if k != "name" and v is not None and v not in ([], "")
    }


def _row_line(row: Json, facts: dict[str, str]) -> str:
    text = ", ".join(f"{k}={v}" for k, v in facts.items())
    return f"{row['namespace'] or '-'}/{row['name']} {text}"


def _usual(facts: Sequence[dict[str, str]]) -> dict[str, str]:
    """The facts whose value most of the objects share; "" is the absence of one."""
    usual = {}
    for key in dict.fromkeys(k for found in facts for k in found):
        value, count = Counter(found.get(key, "") for found in facts).most_common(1)[0]
        if count >= _USUAL_SHARE * len(facts):
            usual[key] = value
    return usual


def pod_lines(pods: Sequence[Json], line: Callable[[Json], str]) -> Iterator[str]:
    """Pods of a workload: all of a few; of many those in trouble by ``line``, the others counted."""
    shown = [p for p in pods if len(pods) <= FEW or _in_trouble(p)]
    yield from map(line, shown)
    if left := len(pods) - len(shown):
        yield f"{left} more pods run, are ready and never restarted"


def _in_trouble(pod: Json) -> bool:
    healthy = pod["phase"] == "Running" and pod["ready"] and not pod["restarts"]
    return not healthy or bool(pod["reason"] or pod["last_state"])


def event_lines(events: Sequence[Json]) -> Iterator[str]:
    """Events in their order; those that say the same of several objects on one line with their total."""
    groups: dict[tuple[str, ...], list[Json]] = {}
    for event in events:
        of = str(event["object"]).partition("/")[0]
        key = (str(event["type"]), str(event["reason"]), of, mask(str(event["message"])))
        groups.setdefault(key, []).append(event)
    for group in groups.values():
        yield _event_line(group)


def _event_line(group: Sequence[Json]) -> str:
    latest = max(group, key=lambda e: str(e["at"]))
    first = min(str(e["at"]) for e in group)
    objects = list(dict.fromkeys(str(e["object"]) for e in group))
    when = clock(latest["at"])
    if len(group) > 1 and clock(first) != when:
        when = f"{clock(first)}-{when}"
    more = f" and {len(objects) - _OBJECTS_SHOWN} more" if len(objects) > _OBJECTS_SHOWN else ""
    named = f"{', '.join(objects[:_OBJECTS_SHOWN])}{more}"
    count = sum(int(e["count"]) for e in group)
    return f"{when} {latest['type']} {latest['reason']} {named} x{count}: {latest['message']}"
