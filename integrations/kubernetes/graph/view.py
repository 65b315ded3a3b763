"""What an object may look at while its contribution is worked out; it is remembered, to know when to do so again."""

from __future__ import annotations

from collections.abc import Collection

from integrations.kubernetes.graph.objects import ALIASED, NAMED, Objects
from integrations.kubernetes.graph.records import Id, Record, Service, Workload


class View:
    """The cluster as one object sees it.

    Args:
        objects: the cluster.
        unseen: kinds that may not be listed: an object of them may be there though it is not known.
    """

    def __init__(self, objects: Objects, unseen: Collection[str]) -> None:
        self._objects = objects
        self._unseen = unseen
        self._read: set[Id] = set()

    @property
    def read(self) -> frozenset[Id]:
        """What was looked at."""
        return frozenset(self._read)

    def get(self, which: Id) -> Record | None:
        """Another object."""
        self._read.add(which)
        return self._objects.get(which)

    def may_be(self, which: Id) -> bool:
        """Whether the object is there, or of a kind that cannot be seen."""
        return which[0] in self._unseen or self.get(which) is not None

    def selected(self, namespace: str, selector: object) -> list[Workload]:
        """What a selector of the looking object selects."""
        return self._objects.selected(namespace, selector)

    def service_key(self, service: Service) -> str:
        """The entity that a Service stands for: what its pods' labels name, if they agree, else itself."""
        names = {w.service.key for w in self.selected(service.id[1], service.selector) if w.service}
        return names.pop() if len(names) == 1 else service.own.key

    def is_named(self, namespace: str, service: str) -> bool:
        """Whether labels name a service so."""
        self._read.add((NAMED, namespace, service))
        return bool(self._objects.named(namespace, service))

    def called(self, namespace: str, alias: str) -> set[str]:
        """The services that labels call so besides, by their names."""
        self._read.add((ALIASED, namespace, alias))
        return self._objects.called(namespace, alias)
