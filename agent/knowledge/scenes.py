"""What a picture of a part of the graph shows: which things, in which layer, tied how; without how it looks.

A scene is a value, kept with the answer that it illustrates, so that the picture shows what the answer cites and nothing
that came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.knowledge.facts import Belief, Explanation, Neighbourhood, Reached
from agent.knowledge.graph import DEPENDS, name_of
from agent.knowledge.truth import stands
from agent.knowledge.wording import listed, sides, source_words, tier_of
from agent.model import Entity, Value

MOST_NODES = 25
_UNSHOWN = frozenset(
    {
        "configmap",
        "secret",
        "pod",
        "replicaset",
        "networkpolicy",
        "persistentvolumeclaim",
        "monitor",
    }
    | {"node", "host", "job", "horizontalpodautoscaler", "poddisruptionbudget", "ingress"}
)
"""Kinds that explain nothing in a picture of who depends on whom."""
CUSTOMER = "business_service"
"""What customers would miss stands at the top."""


class Node(Value):
    """One thing."""

    key: str
    name: str
    kind: str
    layer: int = 0
    """0: what was asked about; below 0: what depends on it, one step each; above: what it depends on."""
    tier: str = ""
    caption: str = ""
    """A few words below the name: its team, what changed."""
    asked: bool = False
    changed: bool = False


class Edge(Value):
    """One tie, from what uses to what is used."""

    source: str
    target: str
    tentative: bool = False
    contradicted: bool = False
    label: str = ""


class Scene(Value):
    """All that a picture shows."""

    title: str
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    more: int = 0
    """How many things it leaves out."""

    @property
    def alt(self) -> str:
        """What it shows, in words, for those who cannot see it."""
        names = {n.key: n.name for n in self.nodes}
        ties = [f"{names[e.source]} → {names[e.target]}{_mark(e)}" for e in self.edges]
        more = f" {self.more} more are left out." if self.more else ""
        return f"{self.title}. {'; '.join(ties) or listed(names.values())}.{more}"


def _mark(edge: Edge) -> str:
    if edge.contradicted:
        return " (contradicted)"
    return " (tentative)" if edge.tentative else ""


def radius(
    focus: Entity, reached: Sequence[Reached], beliefs: Sequence[Belief], *, upstream: bool
) -> Scene:
    """Who breaks with ``focus`` (``upstream``), or what it stands on, by distance."""
    sign = -1 if upstream else 1
    ranked = sorted(reached, key=lambda r: (r.distance, tier_of(r.entity) or "9", -r.confidence))
    kept = ranked[: MOST_NODES - 1]
    top = -1 - max((r.distance for r in kept if r.entity.kind != CUSTOMER), default=0)
    nodes = [_node(focus, 0, asked=True)]
    nodes += [
        _node(r.entity, top if upstream and r.entity.kind == CUSTOMER else sign * r.distance)
        for r in kept
    ]
    shown = {n.key for n in nodes}
    title = f"What depends on {focus.name}" if upstream else f"What {focus.name} depends on"
    return Scene(
        title=title,
        nodes=tuple(nodes),
        edges=edges_among(shown, beliefs),
        more=len(ranked) - len(kept),
    )


def around(
    near: Neighbourhood,
    title: str,
    captions: Mapping[str, str] | None = None,
    changed: Iterable[str] = (),
) -> Scene:
    """The neighbourhood of its first entity: above it what depends on it, below it what it depends on.

    Args:
        near: the part of the graph; itself first.
        title: of the picture.
        captions: key -> a few words below the name; by default the team.
        changed: keys of what changed.
    """
    focus = near.entities[0]
    entities = {e.key: e for e in near.entities if e.key == focus.key or e.kind not in _UNSHOWN}
    ties = [b for b in near.beliefs if b.kind in DEPENDS and stands(b)]
    layers = {focus.key: 0}
    _spread(layers, entities, ties, -1)
    _spread(layers, entities, ties, +1)
    customers = [k for k in layers if entities[k].kind == CUSTOMER and k != focus.key]
    top = min(layers[k] for k in layers if k not in customers) - 1
    layers |= dict.fromkeys(customers, top)
    marked = frozenset(changed)
    ranked = sorted(
        (entities[k] for k in layers),
        key=lambda e: (
            e.key != focus.key,
            e.key not in marked,
            abs(layers[e.key]),
            tier_of(e) or "9",
            e.key,
        ),
    )
    kept = ranked[:MOST_NODES]
    nodes = tuple(
        _node(
            e,
            layers[e.key],
            asked=e.key == focus.key,
            caption=(captions or {}).get(e.key),
            changed=e.key in marked,
        )
        for e in kept
    )
    shown = {n.key for n in nodes}
    doubtful = [b for b in near.beliefs if b.contradicted]
    told = [b for b in (*ties, *doubtful) if focus.key in (b.source, b.target) or _steps(b, layers)]
    edges = edges_among(shown, told)
    return Scene(title=title, nodes=nodes, edges=edges, more=len(ranked) - len(kept))


def _steps(belief: Belief, layers: Mapping[str, int]) -> bool:
    """Whether a relation goes from a layer to the next at most: those that pass the asked thing by tell nothing of it."""
    ends = [layers[k] for k in (belief.source, belief.target) if k in layers]
    return len(ends) == 2 and abs(ends[0] - ends[1]) <= 1


def chains(
    explanations: Sequence[Explanation], entities: Mapping[str, Entity], title: str
) -> Scene:
    """Chains of relations between two entities, from top to bottom."""
    layers: dict[str, int] = {}
    for explanation in explanations:
        for place, key in enumerate(explanation.path):
            layers[key] = max(place, layers.get(key, 0))
    ends = {k for e in explanations for k in (e.path[0], e.path[-1])}
    nodes = tuple(
        _node(entities.get(key) or entity_of_key(key), layer, asked=key in ends)
        for key, layer in layers.items()
    )
    beliefs = [b for e in explanations for b in e.beliefs]
    return Scene(
        title=title,
        nodes=nodes[:MOST_NODES],
        edges=edges_among({n.key for n in nodes[:MOST_NODES]}, beliefs, every_kind=True),
        more=max(0, len(nodes) - MOST_NODES),
    )


def edges_among(
    shown: set[str], beliefs: Iterable[Belief], *, every_kind: bool = False
) -> tuple[Edge, ...]:
    """One edge for each pair that beliefs tie, the surest word counting."""
    best: dict[tuple[str, str], Belief] = {}
    for belief in beliefs:
        pair = (belief.source, belief.target)
        if belief.kind not in DEPENDS and not every_kind:
            continue
        if not shown.issuperset(pair) or belief.source == belief.target:
            continue
        if pair not in best or belief.confidence > best[pair].confidence:
            best[pair] = belief
    return tuple(
        Edge(
            source=b.source,
            target=b.target,
            tentative=b.tentative,
            contradicted=b.contradicted,
            label=_label(b, every_kind),
        )
        for _, b in sorted(best.items())
    )


def _label(belief: Belief, every_kind: bool) -> str:
    """What an arrow of a chain says: what it is, if it is no use of one by the other, and who says so."""
    if not every_kind:
        return ""
    kind = "" if belief.kind in DEPENDS else f"{belief.kind.replace('_', ' ')}: "
    saying, denying = (
        listed(dict.fromkeys(source_words(r.origin) for r in said), 3) for said in sides(belief)
    )
    words = [saying, f"denied by {denying}" if denying else ""]
    return kind + "; ".join(filter(None, words))


def entity_of_key(key: str) -> Entity:
    """What a key alone says of an entity."""
    namespace, kind, name = (*key.split("/", 2), "", "")[:3]
    return Entity(name=name or name_of(key), kind=kind or "service", namespace=namespace.strip("-"))


def _node(
    entity: Entity,
    layer: int,
    *,
    asked: bool = False,
    caption: str | None = None,
    changed: bool = False,
) -> Node:
    team = str(entity.properties.get("team") or "")
    return Node(
        key=entity.key,
        name=entity.name,
        kind=entity.kind,
        layer=layer,
        tier=tier_of(entity),
        caption=caption if caption is not None else (f"team {team}" if team else ""),
        asked=asked,
        changed=changed,
    )


def _spread(
    layers: dict[str, int], known: Mapping[str, Entity], ties: Sequence[Belief], step: int
) -> None:
    """Give the things on one side of the focus their layers, the nearest first."""
    ends: Callable[[Belief], tuple[str, str]] = (
        (lambda b: (b.source, b.target)) if step > 0 else (lambda b: (b.target, b.source))
    )
    edge = [k for k, layer in layers.items() if layer == 0]
    while edge:
        found = {
            far
            for near, far in map(ends, ties)
            if near in edge and far in known and far not in layers
        }
        layers |= dict.fromkeys(sorted(found), layers[edge[0]] + step)
        edge = sorted(found)
