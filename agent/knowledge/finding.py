"""Which entity people mean: by key, by name in any spelling, by what other systems call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from agent.errors import NotFound
from agent.knowledge.wording import listed
from agent.model import Entity

_MEANT_FIRST = (
    "service",
    "database",
    "cache",
    "queue",
    "datastore",
    "business_service",
    "statefulset",
    "deployment",
    "daemonset",
    "cronjob",
    "job",
    "team",
)
"""Of entities with one name, the kind that people mean."""
TEAM = frozenset({"team"})
"""The kind of those who own."""
_ARTICLE = re.compile(r"^(?:the|our|your|a|an|my)\s+", re.I)
_KIND = re.compile(
    r"\s+(?:service|app|application|job|database|cluster|team|server|deployment|statefulset|cronjob)$",
    re.I,
)
_QUOTES = "\"'`“”‘’*_ \t"


class Ambiguous(NotFound):
    """Several things are meant equally; the sentence names them."""


class Graph(Protocol):
    """Entities by key and by name."""

    async def get(self, key: str) -> Entity | None:
        """The entity of that key."""

    async def entity(self, name: str, environment: str | None = None) -> list[Entity]:
        """The entities of that name."""


class Locating(Protocol):
    """Finds the entity that a text speaks of."""

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """The known entity, by its name or by what other systems call it."""


class Near(Protocol):
    """Finds close names."""

    async def near(self, text: str, most: int = 3) -> tuple[str, ...]:
        """The names most alike."""


class Findable(Protocol):
    """Where entities are found."""

    @property
    def graph(self) -> Graph:
        """By key and name."""

    @property
    def memory(self) -> Locating:
        """In a text."""

    @property
    def names(self) -> Near:
        """By a name that is not quite right."""


async def find(
    store: Findable,
    text: str,
    environment: str = "",
    *,
    near: Sequence[Entity] = (),
    kinds: frozenset[str] = frozenset(),
) -> Entity:
    """The entity that ``text`` names: a key, a name, or another system's name for it.

    Args:
        store: where entities are found.
        text: the name, as people say it.
        environment: where it is; empty: wherever.
        near: things that may be meant by a part of their name, such as ``redis`` for the redis-reco next to cart.
        kinds: of these kinds only; empty: of any.

    Raises:
        NotFound: it is unknown, or several are meant; the sentence names the candidates.
    """
    said = text.strip(_QUOTES + "?!.,;:")
    if said.count("/") == 2 and (entity := await store.graph.get(said)) is not None:
        return entity
    for name in spellings(said):
        found = await store.graph.entity(name)
        if found := [e for e in found if not kinds or e.kind in kinds]:
            return meant(name, found, environment)
    if (part := _by_part(said, near)) is not None:
        return part
    if kinds:
        raise NotFound(f"I know no {listed(sorted(kinds))} called “{said[:80]}”.")
    bare = _ARTICLE.sub("", said)
    located = await store.memory.locate(bare, environment) if bare else None
    if located is not None:
        found = await store.graph.entity(located.name, located.environment)
        return meant(located.name, found or [located], located.environment)
    raise NotFound(unknown(said, await store.names.near(said)))


async def is_known(store: Findable, text: str, kinds: frozenset[str] = frozenset()) -> bool:
    """Whether ``text`` names something; several things of one name are known too."""
    try:
        await find(store, text, kinds=kinds)
    except Ambiguous:
        return True
    except NotFound:
        return False
    return True


def _by_part(said: str, near: Sequence[Entity]) -> Entity | None:
    """The nearest thing in whose name the words stand whole: ``redis`` in redis-reco."""
    words = "-".join(said.lower().split())
    pattern = re.compile(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])") if words else None
    if pattern is None:
        return None
    return next(
        (e for e in near if e.kind in _MEANT_FIRST and pattern.search(e.name.lower())), None
    )


def spellings(said: str) -> Iterator[str]:
    """How the name may be written in the graph: as said, in lower case, with hyphens, without ``the ... service``."""
    bare = _KIND.sub("", _ARTICLE.sub("", said)).strip(_QUOTES)
    words = [said, said.lower(), bare, bare.lower(), "-".join(bare.lower().split())]
    yield from dict.fromkeys(w for w in words if w)


def meant(name: str, found: Sequence[Entity], environment: str = "") -> Entity:
    """Of the entities of one name, the one that people mean: production's service before its parts.

    Raises:
        NotFound: it is not in that environment, or several are meant equally.
    """
    here = [
        e for e in found if environment in ("", e.environment, e.namespace) or not e.environment
    ]
    if not here:
        places = sorted({e.environment or e.namespace for e in found})
        raise NotFound(f"I know {name} in {listed(places)}, not in {environment}.")
    ranked = sorted(here, key=lambda e: (*_rank(e), e.key))
    first = ranked[0]
    rivals = [e for e in ranked if _rank(e) == _rank(first)]
    if len({(e.namespace, e.environment) for e in rivals}) > 1:
        raise Ambiguous(
            f"There are {len(rivals)} things called {name}: {listed(e.key for e in rivals)}."
            " Say which one, by its whole key."
        )
    return first


def _rank(entity: Entity) -> tuple[bool, int]:
    known = entity.kind in _MEANT_FIRST
    place = _MEANT_FIRST.index(entity.kind) if known else len(_MEANT_FIRST)
    return entity.environment != "production", place


def unknown(said: str, near: Sequence[str]) -> str:
    """That something is unknown, with what may have been meant."""
    start = f"I know nothing called “{said[:80]}”."
    if not near:
        return f"{start} Name it as it is called in Kubernetes, Datadog or PagerDuty."
    return f"{start} Did you mean {' or '.join(near)}?"
