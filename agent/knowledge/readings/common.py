"""What all readings of the graph share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from agent.knowledge.facts import Belief
from agent.knowledge.scenes import Scene
from agent.knowledge.wording import confirmed, doubt, said, sides, source_words, tie, tier_of
from agent.model import Entity, Json, Reading
from agent.redaction import redact

SOURCE = "graph"
_MOST_LINES = 60
_MOST_CHARACTERS = 3_500
_MOST_RAW = 1_000_000


def reading(
    query: str,
    lines: Iterable[str],
    data: Json,
    raw: Mapping[str, Any],
    scene: Scene | None = None,
    link: str = "",
) -> Reading:
    """A reading of the graph.

    Args:
        query: what was asked, such as ``dependants of production/service/cart``.
        lines: the observation.
        data: for code.
        raw: name -> facts as they are stored.
        scene: what a picture of it shows.
        link: where the strongest fact can be opened.
    """
    drawn = {"scene": scene.model_dump(mode="json")} if scene is not None else {}
    return Reading(
        source=SOURCE,
        query=query,
        observation=_within(list(lines)),
        data={**data, **drawn},
        raw=redact(json.dumps(_plain(raw), indent=1, ensure_ascii=False, default=str))[:_MOST_RAW],
        link=link,
    )


def brief(entity: Entity) -> Json:
    """The few facts by which people know an entity: key, name, kind, environment, tier, team."""
    return {
        "key": entity.key,
        "name": entity.name,
        "kind": entity.kind,
        "environment": entity.environment or entity.namespace,
        "tier": tier_of(entity),
        "team": str(entity.properties.get("team") or ""),
    }


def belief_data(belief: Belief, now: datetime) -> Json:
    """A relation as data: its ends, how sure, what speaks against it, and each source's word.

    ``says`` and ``denies`` are lists of {origin, source (its name in a sentence), words, evidence, first_seen,
    last_confirmed, confidence}.
    """
    saying, denying = sides(belief)
    last = confirmed(belief)
    return {
        "source": belief.source,
        "target": belief.target,
        "kind": belief.kind,
        "words": tie(belief),
        "confidence": round(belief.confidence, 3),
        "tentative": belief.tentative,
        "contradicted": belief.contradicted,
        "doubt": doubt(belief, now),
        "confirmed": last.isoformat() if last else "",
        "says": [_word(r, now) for r in saying],
        "denies": [_word(r, now) for r in denying],
    }


def _word(relation: Any, now: datetime) -> Json:
    return {
        "origin": relation.origin,
        "source": source_words(relation.origin),
        "words": said(relation, now),
        "evidence": relation.evidence,
        "first_seen": relation.first_seen.isoformat(),
        "last_confirmed": relation.last_confirmed.isoformat(),
        "confidence": relation.confidence,
    }


def belief_lines(belief: Belief, now: datetime) -> list[str]:
    """A relation with each source's word, one a line."""
    saying, denying = sides(belief)
    trouble = doubt(belief, now)
    head = f"{tie(belief)}: {belief.confidence:.0%} sure" + (f", {trouble}" if trouble else "")
    return [
        head,
        *(f"- {source_words(r.origin)}: {said(r, now)}" for r in saying),
        *(f"- against it, {source_words(r.origin)}: {said(r, now)}" for r in denying),
    ]


def link_of(beliefs: Sequence[Belief]) -> str:
    """The first piece of evidence that is a link."""
    words = (r.evidence for b in beliefs for r in b.said_by)
    return next((w for w in words if w.startswith(("https://", "http://"))), "")


def strongest(beliefs: Iterable[Belief]) -> dict[tuple[str, str], Belief]:
    """For each pair of entities the surest relation."""
    best: dict[tuple[str, str], Belief] = {}
    for belief in beliefs:
        pair = (belief.source, belief.target)
        if pair not in best or belief.confidence > best[pair].confidence:
            best[pair] = belief
    return best


def _within(lines: Sequence[str]) -> str:
    kept: list[str] = []
    size = 0
    for line in lines[:_MOST_LINES]:
        if size + len(line) > _MOST_CHARACTERS:
            break
        kept.append(line)
        size += len(line) + 1
    left = len(lines) - len(kept)
    return redact("\n".join([*kept, f"... {left} more lines left out"] if left else kept))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
