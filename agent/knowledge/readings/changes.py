"""What changed at something and around it, as a reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.knowledge import scenes
from agent.knowledge.facts import EntityChange, Neighbourhood
from agent.knowledge.graph import name_of
from agent.knowledge.readings.common import brief, reading
from agent.knowledge.wording import moment, source_words
from agent.model import Entity, Json, Reading, Window


def changes(
    focus: Entity,
    near: Neighbourhood,
    found: Sequence[EntityChange],
    since: datetime,
    now: datetime,
) -> Reading:
    """The reading of a part of the journal.

    Data: ``entity``, ``since``, ``near`` (names that were looked at), ``changes``: ``at`` (ISO), ``when``, ``entity``
    (key), ``name``, ``type``, ``what``, ``other`` (name), ``before``, ``after``, ``origin``, ``source``, ``evidence``;
    the latest first.
    """
    ranked = sorted(found, key=lambda c: (c.at, c.entity, c.what), reverse=True)
    rows = [_row(c, now) for c in ranked]
    data: Json = {
        "entity": brief(focus),
        "since": since.isoformat(),
        "near": sorted({e.name for e in near.entities}),
        "changes": rows,
    }
    answer = reading(
        f"changes around {focus.key} since {since:%Y-%m-%d %H:%M} UTC",
        _lines(focus, near, rows, since, now),
        data,
        {"entity": focus, "since": since, "changes": list(ranked)},
        _scene(focus, near, ranked),
        next((c.evidence for c in ranked if c.evidence.startswith("http")), ""),
    )
    return answer.model_copy(update={"window": Window(start=min(since, now), end=now)})


def _row(change: EntityChange, now: datetime) -> Json:
    return {
        "at": change.at.isoformat(),
        "when": moment(change.at, now),
        "entity": change.entity,
        "name": name_of(change.entity),
        "type": change.type.value,
        "what": change.what,
        "other": name_of(change.other) if change.other else "",
        "before": change.before,
        "after": change.after,
        "origin": change.origin,
        "source": source_words(change.origin),
        "evidence": change.evidence,
    }


def _lines(
    focus: Entity, near: Neighbourhood, rows: Sequence[Json], since: datetime, now: datetime
) -> Iterator[str]:
    if not rows:
        yield f"nothing is known to have changed at {focus.name} or next to it since {moment(since, now)}"
        yield f"looked at {len(near.entities)} things"
    for row in rows:
        yield f"{row['when']}: {row['what']} [{row['name']}, says {row['source']}]"


def _scene(
    focus: Entity, near: Neighbourhood, found: Sequence[EntityChange]
) -> scenes.Scene | None:
    if not near.entities:
        return None
    counts = Counter(c.entity for c in found)
    captions = {k: f"{n} change{'s' if n > 1 else ''}" for k, n in counts.items()}
    blank = {e.key: "" for e in near.entities}
    return scenes.around(near, f"What changed around {focus.name}", {**blank, **captions}, counts)
