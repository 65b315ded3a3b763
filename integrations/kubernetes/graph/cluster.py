"""The cluster's part of the graph, kept up object by object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from agent.knowledge.facts import EntityChange, Seen
from integrations.kubernetes.graph import groups
from integrations.kubernetes.graph.contribution import NOTHING, Contribution
from integrations.kubernetes.graph.indexes import Index
from integrations.kubernetes.graph.ledger import Ledger, Touched
from integrations.kubernetes.graph.linking import contribution_of
from integrations.kubernetes.graph.objects import Objects
from integrations.kubernetes.graph.records import Id, Record, Workload
from integrations.kubernetes.graph.view import View
from integrations.text import utc_now

_UNSEEN = {
    "Pod": ("node",),
    "Service": ("service",),
    "Deployment": ("service", "deployment"),
    "StatefulSet": ("service", "statefulset"),
    "DaemonSet": ("service", "daemonset"),
}
"""Kind that cannot be listed -> kinds of entity of which its absence leaves ties or names unknown."""


class Cluster:
    """Objects come and go; ``whole`` and ``news`` tell what that makes of the graph.

    Only the contributions that a changed object can touch are worked out again: its own, those of the objects that looked
    at it (by name, by selector, by the service that it belongs to), and those of the groups that it is in.
    """

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._objects = Objects()
        self._ledger = Ledger()
        self._users: Index[str] = Index()
        self._dirty: set[Id] = set()
        self._dirty_groups: set[Id] = set()
        self._unseen: frozenset[str] = frozenset()

    def get(self, which: Id) -> Record | None:
        """An object, if there is one."""
        return self._objects.get(which)

    def ids(self, kind: str, namespace: str = "") -> list[Id]:
        """The objects of a kind, in one namespace or in all."""
        return [
            i for i in self._objects.ids() if i[0] == kind and (not namespace or i[1] == namespace)
        ]

    def put(self, record: Record) -> None:
        """Take in an object, new or changed; the version that is known already changes nothing."""
        before = self._objects.get(record.id)
        if before is not None and record.version and before.version == record.version:
            return
        self._dirty_groups.update(groups.groups_of(before, record))
        self._dirty |= self._objects.put(record)

    def remove(self, which: Id) -> None:
        """The object is gone."""
        self._dirty_groups.update(groups.groups_of(self._objects.get(which), None))
        self._dirty |= self._objects.remove(which)

    def unsee(self, kinds: Collection[str]) -> None:
        """Kinds that may not be listed at present: what others tell of them counts."""
        if self._unseen != (kinds := frozenset(kinds)):
            self._unseen = kinds
            self._dirty |= set(self._objects.ids())

    def whole(self) -> Seen:
        """Everything there is."""
        self._settle()
        seen = self._seen(self._ledger.all(), ())
        unseen = {e for k in self._unseen for e in _UNSEEN.get(k, (k.lower(),))}
        return seen.model_copy(update={"complete": True, "unseen_kinds": frozenset(unseen)})

    def news(self, changes: Iterable[EntityChange] = ()) -> Seen | None:
        """What is otherwise than when it was last asked, or None.

        Args:
            changes: told with it.
        """
        touched, changes = self._settle(), tuple(changes)
        return self._seen(touched, changes) if any(touched) or changes else None

    def _seen(self, touched: Touched, changes: tuple[EntityChange, ...]) -> Seen:
        now = self._clock()
        entities = {key: self._ledger.entity(key) for key in sorted(touched.entities)}
        relations = {ends: self._ledger.relation(ends, now) for ends in sorted(touched.ties)}
        same = (self._ledger.same(pair, now) for pair in sorted(touched.same))
        return Seen(
            entities=tuple(e for e in entities.values() if e),
            relations=tuple(r for r in relations.values() if r),
            same=tuple(s for s in same if s),
            changes=changes,
            complete=False,
            gone=tuple(key for key, e in entities.items() if not e),
            withdrawn=tuple(ends for ends, r in relations.items() if not r),
        )

    def _settle(self) -> Touched:
        touched = Touched(set(), set(), set())
        for which in self._dirty:
            self._work_out(which, touched)
        self._dirty.clear()
        for which in self._dirty_groups:
            self._ledger.replace(which, self._group(which), touched)
        self._dirty_groups.clear()
        return touched

    def _work_out(self, which: Id, touched: Touched) -> None:
        record, view = self._objects.get(which), View(self._objects, self._unseen)
        before = self._ledger.of(which)
        after = contribution_of(record, view) if record else NOTHING
        self._objects.readers.replace(which, view.read)
        self._ledger.replace(which, after, touched)
        self._regroup(which, before, after)

    def _regroup(self, which: Id, before: Contribution, after: Contribution) -> None:
        old, new = ({value for _, value in c.names} for c in (before, after))
        if before.names != after.names:
            self._users.discard(old - new, which)
            self._users.add(new - old, which)
            self._dirty_groups.update((groups.NAME, "", name) for name in old | new)
        if which[0] == "CronJob" and _targets(before) != _targets(after):
            self._dirty_groups.add(groups.SCHEDULES)

    def _group(self, which: Id) -> Contribution:
        if which[0] == groups.IMAGES:
            return groups.of_images(self._objects.workloads(which[1]))
        if which == groups.SCHEDULES:
            jobs = self._workloads(self.ids("CronJob"))
            return groups.of_schedules(jobs, lambda w: _targets(self._ledger.of(w.id)))
        users = ((w, self._ledger.of(w.id).names) for w in self._workloads(self._users[which[2]]))
        return groups.of_name(which[2], users)

    def _workloads(self, ids: Collection[Id]) -> list[Workload]:
        return [r for r in map(self._objects.get, ids) if isinstance(r, Workload)]


def _targets(contribution: Contribution) -> tuple[str, ...]:
    return tuple(sorted({t.target for t in contribution.ties if t.kind == "depends_on"}))
