"""What a controller works with: the store at one moment, and events to tell of what it did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.resources import by_kind
from sandbox.kubernetes.store import ObjectStore

Manifest = dict[str, Any]
Health = Callable[[Manifest, datetime], Mapping[str, Any]]
EVENT_LIFETIME = timedelta(hours=1)
_SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def safe_hash(text: str, length: int) -> str:
    """A short name made from ``text``, without vowels, as Kubernetes makes them."""
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(_SAFE_ALPHABET[byte % len(_SAFE_ALPHABET)] for byte in digest[:length])


def owner_reference(owner: Manifest) -> dict[str, Any]:
    """The controlling ownerReference to ``owner``."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(manifest: Manifest) -> Mapping[str, Any] | None:
    """The reference to the object's controller, or None."""
    for owner in manifest["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return dict(owner)
    return None


def is_terminating(manifest: Manifest) -> bool:
    """Whether the object is on its way out."""
    return bool(manifest["metadata"].get("deletionTimestamp"))


def all_well(_: Manifest, __: datetime) -> Mapping[str, Any]:
    """Health of pods in a world without faults."""
    return {}


@dataclass(frozen=True)
class Cluster:
    """The store as seen, and written to, at the moment ``now``."""

    store: ObjectStore
    now: datetime
    health: Health = field(default=all_well)
    """What the world says of a pod at a moment; see ``World.pod_status``."""

    def owned(self, owner: Manifest, kind: str) -> list[Manifest]:
        """The objects of ``kind`` that ``owner`` controls, oldest first, then by name."""
        metadata = owner["metadata"]
        found = self.store.owned_by(metadata["uid"], kind, metadata["namespace"])
        return sorted(
            found, key=lambda m: (m["metadata"]["creationTimestamp"], m["metadata"]["name"])
        )

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object now."""
        return self.store.create(manifest, self.now)

    def update(self, manifest: Manifest) -> Manifest:
        """Replace an object now, whatever its stored version."""
        bare = {**manifest, "metadata": dict(manifest["metadata"])}
        bare["metadata"].pop("resourceVersion", None)
        return self.store.update(bare, self.now)

    def set_status(self, manifest: Manifest, status: Mapping[str, Any]) -> Manifest:
        """Write the object's status if it differs."""
        kept = {key: value for key, value in status.items() if value not in (None, [], {})}
        if manifest.get("status") == kept:
            return manifest
        return self.update({**manifest, "status": kept})

    def annotate(self, manifest: Manifest, annotations: Mapping[str, str]) -> Manifest:
        """Add annotations to a stored object."""
        if annotations.items() <= (manifest["metadata"].get("annotations") or {}).items():
            return manifest
        changed = clone(manifest)
        changed["metadata"].setdefault("annotations", {}).update(annotations)
        return self.update(changed)

    def event(
        self,
        about: Manifest,
        reason: str,
        message: str,
        component: str,
        event_type: str = "Normal",
        field_path: str = "",
        every: timedelta | None = None,
    ) -> None:
        """Record an Event, or count it once more if the same was recorded before.

        With ``every``, it repeats that often while it is told of: it counts what has come due since the last time.
        While history is laid down, events that would have expired by now are left out.
        """
        if self.store.now() - self.now > EVENT_LIFETIME:
            return
        metadata = about["metadata"]
        namespace = metadata.get("namespace", "default")
        name = _event_name(about, reason, message, component)
        known = self.store.get("Event", namespace, name)
        if known is not None:
            self._repeat(known, every)
            return
        self._first(about, name, reason, message, component, event_type, field_path)

    def count_event(self, about: Manifest, told: Mapping[str, Any]) -> None:
        """Record an Event that somebody else counts: reason, message, type, count, first, last; ``component`` other
        than the kubelet, and ``field_path``, if any."""
        if self.store.now() - told["last"] > EVENT_LIFETIME:
            return
        component = told.get("component", "kubelet")
        name = _event_name(about, told["reason"], told["message"], component)
        namespace = about["metadata"].get("namespace", "default")
        known = self.store.get("Event", namespace, name)
        counted = {
            "count": told["count"],
            "firstTimestamp": format_time(told["first"]),
            "lastTimestamp": format_time(told["last"]),
        }
        if known is None:
            known = self._first(
                about,
                name,
                told["reason"],
                told["message"],
                component,
                told["type"],
                told.get("field_path", ""),
            )
        self.update(known | counted)

    def _repeat(self, known: Manifest, every: timedelta | None) -> None:
        last, count = self.now, 1
        if every is not None:
            before = parse_time(known["lastTimestamp"])
            count = max(0, (self.now - before) // every)
            last = before + count * every
        if count:
            again = {"count": known["count"] + count, "lastTimestamp": format_time(last)}
            self.update(known | again)

    def _first(
        self,
        about: Manifest,
        name: str,
        reason: str,
        message: str,
        component: str,
        event_type: str,
        field_path: str,
    ) -> Manifest:
        metadata, stamp = about["metadata"], format_time(self.now)
        namespace = metadata.get("namespace", "default")
        involved = {
            "kind": about["kind"],
            "apiVersion": by_kind(about["kind"]).group_version,
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        }
        if field_path:
            involved["fieldPath"] = field_path
        return self.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": involved,
                "reason": reason,
                "message": message,
                "type": event_type,
                "source": {"component": component},
                "reportingComponent": component,
                "reportingInstance": "",
                "firstTimestamp": stamp,
                "lastTimestamp": stamp,
                "eventTime": None,
                "count": 1,
            }
        )


def _event_name(about: Manifest, reason: str, message: str, component: str) -> str:
    metadata = about["metadata"]
    identity = f"{metadata['uid']}/{reason}/{message}/{component}"
    return f"{metadata['name']}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
