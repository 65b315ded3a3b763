"""Why one thing is thought to use another, and how two things are connected, as readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.knowledge import scenes
from agent.knowledge.facts import Belief, Explanation
from agent.knowledge.readings.common import belief_data, belief_lines, brief, link_of, reading
from agent.knowledge.wording import tie
from agent.model import Entity, Json, Reading


def why(
    a: Entity,
    b: Entity,
    beliefs: Sequence[Belief],
    explanations: Sequence[Explanation],
    now: datetime,
) -> Reading:
    """The reading of the relations between two things.

    Data: ``source``, ``target`` (briefly), ``reversed`` (the relation goes the other way), ``beliefs`` (see
    ``common.belief_data``; the surest first), ``chains`` (when there is no direct relation; see ``path``).
    """
    ranked = sorted(beliefs, key=lambda each: -each.confidence)
    data: Json = {
        "source": brief(a),
        "target": brief(b),
        "reversed": bool(ranked) and ranked[0].source == b.key and a.key != b.key,
        "beliefs": [belief_data(each, now) for each in ranked],
        "chains": [_chain(each, now) for each in explanations],
    }
    lines = [line for each in ranked for line in belief_lines(each, now)]
    if not ranked:
        lines = [f"no source says that {a.name} uses {b.name}", *_chain_lines(explanations)]
    direct = [
        Explanation(path=(x.source, x.target), beliefs=(x,), confidence=x.confidence)
        for x in ranked
    ]
    scene = _scene(direct or explanations, a, b, f"Why {a.name} is thought to use {b.name}")
    return reading(
        f"relations between {a.key} and {b.key}",
        lines,
        data,
        {"source": a, "target": b, "beliefs": list(ranked), "explanations": list(explanations)},
        scene,
        link_of(ranked),
    )


def path(a: Entity, b: Entity, explanations: Sequence[Explanation], now: datetime) -> Reading:
    """The reading of the shortest chains between two things; those by which trouble travels from end to end, if any.

    Data: ``source``, ``target`` (briefly), ``chains`` (``keys``, ``names``, ``confidence``, ``steps``: relations as in
    ``common.belief_data``).
    """
    stored = list(explanations)
    explanations = [e for e in stored if _runs_one_way(e)] or stored
    data = {
        "source": brief(a),
        "target": brief(b),
        "chains": [_chain(each, now) for each in explanations],
    }
    lines = list(_chain_lines(explanations)) or [f"no chain between {a.name} and {b.name} is known"]
    beliefs = [belief for each in explanations for belief in each.beliefs]
    scene = _scene(explanations, a, b, f"How {a.name} and {b.name} are connected")
    return reading(
        f"paths between {a.key} and {b.key}",
        lines,
        data,
        {"source": a, "target": b, "explanations": stored},
        scene,
        link_of(beliefs),
    )


def _scene(
    explanations: Sequence[Explanation], a: Entity, b: Entity, title: str
) -> scenes.Scene | None:
    if not explanations:
        return None
    return scenes.chains(explanations, {a.key: a, b.key: b}, title)


def _runs_one_way(explanation: Explanation) -> bool:
    """Whether each thing of a chain uses the next, or each is used by the next."""
    ahead = [b.source == key for b, key in zip(explanation.beliefs, explanation.path, strict=False)]
    return all(ahead) or not any(ahead)


def _chain(explanation: Explanation, now: datetime) -> Json:
    return {
        "keys": list(explanation.path),
        "names": [k.rsplit("/", 1)[-1] for k in explanation.path],
        "confidence": round(explanation.confidence, 3),
        "steps": [belief_data(b, now) for b in explanation.beliefs],
    }


def _chain_lines(explanations: Sequence[Explanation]) -> Iterator[str]:
    for number, each in enumerate(explanations, 1):
        yield f"chain {number}, {each.confidence:.0%} sure: {'; '.join(tie(b) for b in each.beliefs)}"
