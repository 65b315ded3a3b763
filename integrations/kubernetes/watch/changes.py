"""What people call a change: a rollout, another configuration, another scale; read from an object before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from agent.knowledge.facts import ChangeType, EntityChange
from agent.model import Entity
from integrations.kubernetes.graph.contribution import ORIGIN
from integrations.kubernetes.graph.records import Record, Scaler, Settings, Workload
from integrations.text import iso

_MOST_SAID = 4
_LONGEST = 120
_OLDEST = timedelta(days=2)
"""A write that lies further back does not date what is seen to change now."""


def changes(before: Record | None, after: Record, now: datetime) -> Iterator[EntityChange]:
    """The changes between two versions of an object; of a new one none, for its coming is told by itself.

    Args:
        before: as it was known; None when it was not.
        after: as it is.
        now: when that is seen; the change itself is dated by the object's own last write where that is known.
    """
    if before is None or before.uid != after.uid or before.version == after.version:
        return
    if isinstance(before, Workload) and isinstance(after, Workload):
        yield from _rollout(before, after, now)
        yield from _scale(before, after, before.entity, after.entity, ("replicas",), now)
        yield from _schedule(before, after, now)
    elif isinstance(before, Settings) and isinstance(after, Settings):
        yield from _config(before, after, now)
    elif isinstance(before, Scaler) and isinstance(after, Scaler):
        bounds = ("min_replicas", "max_replicas")
        yield from _scale(before, after, before.entity, after.entity, bounds, now)


def _rollout(before: Workload, after: Workload, now: datetime) -> Iterator[EntityChange]:
    differing = _differing(before.template, after.template)
    if not differing:
        return
    revision = f" (revision {after.revision})" if after.revision else ""
    parts = ", ".join(_said(name, *values) for name, values in differing[:_MOST_SAID])
    more = f" and {len(differing) - _MOST_SAID} more" if len(differing) > _MOST_SAID else ""
    yield _change(
        ChangeType.ROLLOUT,
        after,
        f"rollout of {after.id[2]}{revision}: {parts}{more}",
        now,
        before="; ".join(f"{n}: {old}" for n, (old, _) in differing if old),
        after="; ".join(f"{n}: {new}" for n, (_, new) in differing if new),
        other=after.service.key if after.service else "",
        cause=after.cause if after.cause != before.cause else "",
    )


def _said(name: str, old: str, new: str) -> str:
    if name == "restart":
        return "restarted"
    return f"{name}: {_short(old) or 'none'} -> {_short(new) or 'none'}"


def _scale(
    before: Record,
    after: Record,
    old: Entity,
    new: Entity,
    properties: tuple[str, ...],
    now: datetime,
) -> Iterator[EntityChange]:
    differing = [
        (p.replace("_", " "), str(old.properties.get(p)), str(new.properties.get(p)))
        for p in properties
        if old.properties.get(p) != new.properties.get(p)
    ]
    if differing:
        what = ", ".join(f"{name} of {after.id[2]}: {a} -> {b}" for name, a, b in differing)
        values = [", ".join(v[i] for v in differing) for i in (1, 2)]
        yield _change(ChangeType.SCALE, after, what, now, before=values[0], after=values[1])


def _schedule(before: Workload, after: Workload, now: datetime) -> Iterator[EntityChange]:
    name = after.id[2]
    was, is_now = (bool(w.entity.properties.get("suspended")) for w in (before, after))
    told = []
    if was != is_now:
        told.append(f"{name} is {'suspended' if is_now else 'no longer suspended'}")
    if before.schedule != after.schedule:
        told.append(f"schedule of {name}: {before.schedule} -> {after.schedule}")
    if told:
        values = [
            f"{w.schedule}{', suspended' if w.entity.properties.get('suspended') else ''}"
            for w in (before, after)
        ]
        what = ", ".join(told)
        yield _change(ChangeType.CONFIG, after, what, now, before=values[0], after=values[1])


def _config(before: Settings, after: Settings, now: datetime) -> Iterator[EntityChange]:
    keys = sorted(
        k
        for k in {*before.data, *after.data}
        if before.data.get(k, ("", ""))[0] != after.data.get(k, ("", ""))[0]
    )
    if not keys:
        return
    said = [_key_said(k, before.data.get(k), after.data.get(k)) for k in keys[:_MOST_SAID]]
    more = f" and {len(keys) - _MOST_SAID} more" if len(keys) > _MOST_SAID else ""
    what = f"config {after.id[2]}: {', '.join(said)}{more}"
    values = [
        "; ".join(f"{k}: {r.data[k][1]}" for k in keys if k in r.data and r.data[k][1])
        for r in (before, after)
    ]
    yield _change(ChangeType.CONFIG, after, what, now, before=values[0], after=values[1])


def _key_said(key: str, old: tuple[str, str] | None, new: tuple[str, str] | None) -> str:
    """Values only where both ends are short and no secret."""
    if old is None:
        return f"{key} added"
    if new is None:
        return f"{key} removed"
    return f"{key}: {old[1]} -> {new[1]}" if old[1] and new[1] else f"{key} changed"


def _differing(
    before: Mapping[str, str], after: Mapping[str, str]
) -> list[tuple[str, tuple[str, str]]]:
    """What differs, images first."""
    names = sorted({*before, *after}, key=lambda n: (not n.startswith("image of "), n))
    pairs = ((n, (before.get(n, ""), after.get(n, ""))) for n in names)
    return [(name, pair) for name, pair in pairs if pair[0] != pair[1]]


def _change(
    kind: ChangeType,
    record: Record,
    what: str,
    now: datetime,
    *,
    before: str,
    after: str,
    other: str = "",
    cause: str = "",
) -> EntityChange:
    written = record.written_at
    at = written if written and now - _OLDEST < written <= now else now
    evidence = f"{record.id[0]} {record.id[1]}/{record.id[2]}"
    evidence += f" written by {record.written_by} at {iso(at)}" if record.written_by else ""
    evidence += f" because “{_short(cause)}”" if cause else ""
    return EntityChange(
        at=at,
        entity=f"{record.id[1] or '-'}/{record.id[0].lower()}/{record.id[2]}",
        type=kind,
        what=what,
        origin=ORIGIN,
        other=other,
        before=before,
        after=after,
        evidence=evidence,
        key=f"{ORIGIN}/{record.uid}/{record.version}/{kind}",
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
