"""All objects of the cluster with the indexes over them: what there is, and whom a change of it touches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from integrations.kubernetes.graph.indexes import Index, Labels, Readers, Selectors
from integrations.kubernetes.graph.records import Budget, Id, Record, Service, Workload
from integrations.kubernetes.selectors import selects

NAMED = "~named"
"""Kind of the Id under which one asks whether a service's name is used."""
ALIASED = "~aliased"
"""The same for a name by which labels call a service besides."""


class Objects:
    """The records by Id, and by everything that ties are found through."""

    def __init__(self) -> None:
        self.readers = Readers()
        self._records: dict[Id, Record] = {}
        self._labels = Labels()
        self._selectors = Selectors()
        self._named: Index[tuple[str, str]] = Index()
        self._aliased: Index[tuple[str, str]] = Index()
        self._workloads: Index[str] = Index()

    def get(self, which: Id) -> Record | None:
        """The object, if there is one."""
        return self._records.get(which)

    def ids(self) -> Collection[Id]:
        """All that there are."""
        return self._records.keys()

    def put(self, record: Record) -> set[Id]:
        """Take in an object; returns whose contributions may have become others, its own among them."""
        before = self._records.get(record.id)
        if before is not None:
            record = _sharing(record, before)
        touched = self._touched(record.id, before, record)
        if before is not None:
            self._unlist(before)
        self._records[record.id] = record
        self._list(record)
        return touched

    def remove(self, which: Id) -> set[Id]:
        """The object is gone; returns whose contributions may have become others."""
        before = self._records.get(which)
        if before is None:
            return set()
        touched = self._touched(which, before, None)
        self._unlist(before)
        del self._records[which]
        return touched

    def workloads(self, namespace: str) -> Iterator[Workload]:
        """Of one namespace."""
        return self._as_workloads(self._workloads[namespace])

    def selected(self, namespace: str, selector: object) -> list[Workload]:
        """The workloads whose pods a selector selects, by key."""
        if not isinstance(selector, dict) or not selector:
            return []
        candidates = self._labels.candidates(namespace, selector)
        if candidates is None:
            candidates = self._workloads[namespace]
        found = (w for w in self._as_workloads(candidates) if selects(selector, dict(w.labels)))
        return sorted(found, key=lambda w: w.id)

    def named(self, namespace: str, service: str) -> Collection[Id]:
        """The workloads whose labels name this service."""
        return self._named[(namespace, service)]

    def called(self, namespace: str, alias: str) -> set[str]:
        """The services that labels call so, by their names."""
        workloads = self._as_workloads(self._aliased[(namespace, alias)])
        return {w.service.name for w in workloads if w.service}

    def _as_workloads(self, ids: Collection[Id]) -> Iterator[Workload]:
        return (r for r in map(self._records.get, ids) if isinstance(r, Workload))

    def _touched(self, which: Id, before: Record | None, after: Record | None) -> set[Id]:
        touched = {which, *self.readers.of(which)}
        old = before if isinstance(before, Workload) else None
        new = after if isinstance(after, Workload) else None
        if _identity(old) == _identity(new):
            return touched
        for workload in filter(None, (old, new)):
            for selecting in self._selectors.selecting(which[1], workload.labels):
                touched |= {selecting, *self.readers.of(selecting)}
            for name in _names(workload):
                for kind in (NAMED, ALIASED):
                    touched |= set(self.readers.of((kind, which[1], name)))
        return touched

    def _list(self, record: Record) -> None:
        namespace = record.id[1]
        if isinstance(record, Workload):
            self._workloads.add([namespace], record.id)
            self._labels.add(record.id, record.labels)
            if record.service:
                self._named.add([(namespace, record.service.name)], record.id)
                self._aliased.add([(namespace, a) for a in record.aliases], record.id)
        elif isinstance(record, (Service, Budget)):
            self._selectors.add(record.id, dict(record.selector))

    def _unlist(self, record: Record) -> None:
        namespace = record.id[1]
        if isinstance(record, Workload):
            self._workloads.discard([namespace], record.id)
            self._labels.discard(record.id, record.labels)
            if record.service:
                self._named.discard([(namespace, record.service.name)], record.id)
                self._aliased.discard([(namespace, a) for a in record.aliases], record.id)
        else:
            self._selectors.discard(record.id)


def _sharing(record: Record, before: Record) -> Record:
    """The record with the equal parts of the one before, so that comparing and keeping both costs little."""
    return replace(record, entity=before.entity) if record.entity == before.entity else record


def _identity(workload: Workload | None) -> object:
    """What others see of a workload: its pods' labels and its service's names."""
    return workload and (dict(workload.labels), _names(workload))


def _names(workload: Workload) -> tuple[str, ...]:
    return (workload.service.name, *workload.aliases) if workload.service else ()
