"""The cluster's objects with their whole history: what etcd is to the API server, and more."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.kubernetes import errors
from sandbox.kubernetes.clock import format_time, utc_now
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.defaults import with_defaults
from sandbox.kubernetes.resources import by_kind
from sandbox.kubernetes.watch import WatchEvent, WatchHub

Manifest = dict[str, Any]
Key = tuple[str, str, str]
"""Kind, namespace (empty for cluster-scoped kinds), name."""

_UID_SPACE = uuid.UUID("6f1c1a52-9f1e-4c8e-9c43-2f1f4d7a9e10")


@dataclass
class _Timeline:
    """The states of one object: parallel lists, oldest first."""

    times: list[datetime] = field(default_factory=list)
    states: list[Manifest | None] = field(default_factory=list)

    def put(self, when: datetime, state: Manifest | None) -> None:
        position = bisect_right(self.times, when)
        if position and self.times[position - 1] == when:
            self.states[position - 1] = state
            return
        self.times.insert(position, when)
        self.states.insert(position, state)

    def at(self, when: datetime) -> Manifest | None:
        position = bisect_right(self.times, when)
        return self.states[position - 1] if position else None


def key_of(manifest: Manifest) -> Key:
    """The key that a manifest is stored under."""
    metadata = manifest["metadata"]
    namespaced = by_kind(manifest["kind"]).namespaced
    namespace = metadata.get("namespace", "default") if namespaced else ""
    return manifest["kind"], namespace, metadata["name"]


class ObjectStore:
    """Objects of all kinds, now and at any past moment; implements ``ClusterHistory``.

    Manifests handed out are the stored ones, shared for speed: treat them as read-only and copy
    before changing. Methods that write take whole manifests and copy what they are given. Meant
    for one event loop; nothing awaits, so every call is atomic there.
    """

    def __init__(
        self, clock: Callable[[], datetime] = utc_now, watch_capacity: int = 20_000
    ) -> None:
        self._clock = clock
        self._timelines: dict[Key, _Timeline] = {}
        self._live: dict[str, dict[tuple[str, str], Manifest]] = {}
        self._version = 0
        self.hub = WatchHub(watch_capacity)

    # --- history -------------------------------------------------------------------------------

    def at(self, kind: str, namespace: str, name: str, when: datetime) -> Manifest | None:
        """The object as it stood at ``when``, or None if it did not exist then."""
        timeline = self._timelines.get((kind, namespace, name))
        return timeline.at(when) if timeline else None

    def current(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """The objects of one kind as they stand now, by namespace and name."""
        live = self._live.get(kind, {})
        return [live[key] for key in sorted(live) if namespace is None or key[0] == namespace]

    def changes(
        self, kind: str, namespace: str, name: str
    ) -> Sequence[tuple[datetime, Manifest | None]]:
        """Every state that the object has had, oldest first; None marks a deletion."""
        timeline = self._timelines.get((kind, namespace, name))
        return list(zip(timeline.times, timeline.states, strict=True)) if timeline else []

    def load(self, manifest: Manifest, when: datetime) -> None:
        """Set an object's state as of ``when``, without telling watchers.

        Defaults, uid, creationTimestamp, generation and resourceVersion are filled in. A state
        older than the latest one becomes history only. Nothing is derived from the object: see
        ``sandbox.kubernetes.controllers.expand`` for workloads.
        """
        key = key_of(manifest)
        state = self._stamped(with_defaults(manifest), self.at(*key, when), when)
        self._record(key, state, when)
        self.hub.forget_before(self._version)

    # --- the present ---------------------------------------------------------------------------

    @property
    def resource_version(self) -> int:
        """The version of the latest write."""
        return self._version

    def now(self) -> datetime:
        """The store's present."""
        return self._clock()

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object as it stands, or None."""
        return self._live.get(kind, {}).get((namespace, name))

    def owned_by(self, uid: str, kind: str, namespace: str) -> Iterator[Manifest]:
        """The live objects of ``kind`` whose controller or owner has ``uid``."""
        for manifest in self.current(kind, namespace):
            owners = manifest["metadata"].get("ownerReferences") or ()
            if any(owner["uid"] == uid for owner in owners):
                yield manifest

    def prepared(self, manifest: Manifest) -> Manifest:
        """The object as ``create`` or ``update`` would store it now, without storing it."""
        key = key_of(manifest)
        return self._stamped(with_defaults(manifest), self.get(*key), self.now(), dry=True)

    def create(self, manifest: Manifest, when: datetime | None = None) -> Manifest:
        """Store a new object; raises ApiError 409 AlreadyExists."""
        key = key_of(manifest)
        if self.get(*key) is not None:
            resource = by_kind(key[0])
            raise errors.already_exists(resource.group, resource.plural, key[2])
        moment = self._moment(key, when)
        state = self._stamped(with_defaults(manifest), None, moment)
        self._record(key, state, moment)
        self.hub.publish(WatchEvent("ADDED", self._version, state))
        return state

    def update(self, manifest: Manifest, when: datetime | None = None) -> Manifest:
        """Replace an object; a write that changes nothing leaves no trace.

        Raises ApiError 404, or 409 when the manifest carries a resourceVersion or uid that is not
        the stored one.
        """
        key = key_of(manifest)
        stored = self._existing(key)
        self.check_precondition(manifest, stored)
        moment = self._moment(key, when)
        candidate = with_defaults(manifest)
        if _same(candidate, stored):
            return stored
        state = self._stamped(candidate, stored, moment)
        self._record(key, state, moment)
        self.hub.publish(WatchEvent("MODIFIED", self._version, state, stored))
        return state

    def delete(
        self, kind: str, namespace: str, name: str, when: datetime | None = None
    ) -> Manifest:
        """Remove an object and return its last state; raises ApiError 404."""
        key = (kind, namespace, name)
        stored = self._existing(key)
        self._version += 1
        last = clone(stored)
        last["metadata"]["resourceVersion"] = str(self._version)
        self._timelines[key].put(self._moment(key, when), None)
        del self._live[kind][(namespace, name)]
        self.hub.publish(WatchEvent("DELETED", self._version, last, stored))
        return last

    def check_precondition(self, manifest: Manifest, stored: Manifest) -> None:
        """Raise ApiError 409 if ``manifest`` names a uid or resourceVersion that is not stored."""
        resource = by_kind(stored["kind"])
        name = stored["metadata"]["name"]
        for field_name in ("uid", "resourceVersion"):
            given = manifest["metadata"].get(field_name)
            if given and str(given) != stored["metadata"][field_name]:
                raise errors.conflict(resource.group, resource.plural, name, errors.STALE)

    # --- inside --------------------------------------------------------------------------------

    def _moment(self, key: Key, when: datetime | None) -> datetime:
        """When a write happens: never before the object's latest state."""
        moment = when or self.now()
        timeline = self._timelines.get(key)
        return max(moment, timeline.times[-1]) if timeline else moment

    def _existing(self, key: Key) -> Manifest:
        stored = self.get(*key)
        if stored is None:
            resource = by_kind(key[0])
            raise errors.not_found(resource.group, resource.plural, key[2])
        return stored

    def _record(self, key: Key, state: Manifest, when: datetime) -> None:
        timeline = self._timelines.setdefault(key, _Timeline())
        timeline.put(when, state)
        if timeline.states[-1] is state:
            self._live.setdefault(key[0], {})[(key[1], key[2])] = state

    def _stamped(
        self, state: Manifest, before: Manifest | None, when: datetime, dry: bool = False
    ) -> Manifest:
        """Fill in what the server alone decides: identity, version and generation."""
        metadata = state["metadata"]
        if before is None:
            identity = f"{state['kind']}/{metadata.get('namespace', '')}/{metadata['name']}/{when}"
            metadata.setdefault("uid", str(uuid.uuid5(_UID_SPACE, identity)))
            metadata.setdefault("creationTimestamp", format_time(when))
        else:
            metadata["uid"] = before["metadata"]["uid"]
            metadata["creationTimestamp"] = before["metadata"]["creationTimestamp"]
        if by_kind(state["kind"]).counts_generation:
            metadata["generation"] = _generation(state, before)
        if not dry:
            self._version += 1
            metadata["resourceVersion"] = str(self._version)
        return state


def _generation(state: Manifest, before: Manifest | None) -> int:
    if before is None:
        return int(state["metadata"].get("generation", 1))
    changed = state.get("spec") != before.get("spec")
    return int(before["metadata"].get("generation", 1)) + int(changed)


def _same(candidate: Manifest, stored: Manifest) -> bool:
    """Equal but for what the server stamps."""
    ignored = ("resourceVersion", "uid", "creationTimestamp", "generation")

    def bare(manifest: Manifest) -> Manifest:
        kept = {k: v for k, v in manifest["metadata"].items() if k not in ignored}
        return {**manifest, "metadata": kept}

    return bare(candidate) == bare(stored)
