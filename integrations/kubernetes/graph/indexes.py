"""Ways to find objects without looking at all of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from agent.model import Json
from integrations.kubernetes.graph.records import Id
from integrations.kubernetes.selectors import selects

K = TypeVar("K", bound=Hashable)


class Index(Generic[K]):
    """From a key to the objects that have it; keys that nothing has are forgotten."""

    def __init__(self) -> None:
        self._sets: dict[K, set[Id]] = {}

    def __getitem__(self, key: K) -> Collection[Id]:
        return self._sets.get(key, ())

    def add(self, keys: Iterable[K], which: Id) -> None:
        """The object has these keys."""
        for key in keys:
            self._sets.setdefault(key, set()).add(which)

    def discard(self, keys: Iterable[K], which: Id) -> None:
        """The object does not have these keys any more."""
        for key in keys:
            found = self._sets.get(key)
            if found is not None:
                found.discard(which)
                if not found:
                    del self._sets[key]


class Readers:
    """Who looked at what: these must be worked out again when it changes."""

    def __init__(self) -> None:
        self._of: Index[Id] = Index()
        self._read: dict[Id, frozenset[Id]] = {}

    def of(self, which: Id) -> Collection[Id]:
        """Those that looked at it, whether or not it was there."""
        return self._of[which]

    def replace(self, reader: Id, read: frozenset[Id]) -> None:
        """What a reader looked at this time."""
        before = self._read.pop(reader, frozenset())
        if read:
            self._read[reader] = read
        self._of.discard(before - read, reader)
        self._of.add(read - before, reader)


class Labels:
    """Workloads by the labels of their pods."""

    def __init__(self) -> None:
        self._index: Index[tuple[str, str, str]] = Index()

    def add(self, which: Id, labels: Mapping[str, str]) -> None:
        """A workload whose pods have these labels."""
        self._index.add(_pairs(which[1], labels), which)

    def discard(self, which: Id, labels: Mapping[str, str]) -> None:
        """It has them no more."""
        self._index.discard(_pairs(which[1], labels), which)

    def candidates(self, namespace: str, selector: Json) -> Collection[Id] | None:
        """The workloads of the rarest label that a selector asks for; None when it asks for no label's value."""
        found = [self._index[pair] for pair in _pairs(namespace, _wanted(selector))]
        return min(found, key=len) if found else None


class Selectors:
    """Services and disruption budgets by a label that their selector asks for.

    Each stands under the one of its labels that the fewest others stand under, so that a label which everything has
    (``part-of: shop``) does not bring all of them up for every workload.
    """

    def __init__(self) -> None:
        self._by_anchor: Index[tuple[str, str, str]] = Index()
        self._of: dict[Id, tuple[Json, tuple[str, str, str]]] = {}

    def add(self, which: Id, selector: Json) -> None:
        """An object with a selector; one that selects nothing is left out."""
        if not selector:
            return
        pairs = list(_pairs(which[1], _wanted(selector)))
        anchor = min(pairs, key=lambda p: len(self._by_anchor[p]), default=(which[1], "", ""))
        self._of[which] = selector, anchor
        self._by_anchor.add([anchor], which)

    def discard(self, which: Id) -> None:
        """It is gone."""
        if which in self._of:
            self._by_anchor.discard([self._of.pop(which)[1]], which)

    def selecting(self, namespace: str, labels: Mapping[str, str]) -> Iterator[Id]:
        """Those that select pods with these labels."""
        for anchor in [(namespace, "", ""), *_pairs(namespace, labels)]:
            for which in self._by_anchor[anchor]:
                if selects(self._of[which][0], dict(labels)):
                    yield which


def _pairs(namespace: str, labels: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    return ((namespace, str(k), str(v)) for k, v in labels.items())


def _wanted(selector: Json) -> Mapping[str, object]:
    if "matchLabels" in selector or "matchExpressions" in selector:
        return selector.get("matchLabels") or {}
    return selector
