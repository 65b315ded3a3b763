"""What a controller works with: the store at one moment, and events to tell of what it did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.resources import by_kind
from sandbox.kubernetes.store import ObjectStore

Manifest = dict[str, Any]
Health = Callable[[Manifest], Mapping[str, Any]]
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


def all_well(_: Manifest) -> Mapping[str, Any]:
    """Health of pods in a world without faults."""
    return {}


@dataclass(frozen=True)
class Cluster:
    """The store as seen, and written to, at the moment ``now``."""

    store: ObjectStore
    now: datetime
    health: Health = field(default=all_well)
    """What the world says of a pod's main container: restartCount, lastState, state, ready."""

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
    ) -> None:
        """Record an Event, or count it once more if the same was recorded before.

        While history is laid down, events that would have expired by now are left out.
        """
        if self.store.now() - self.now > EVENT_LIFETIME:
            return
        metadata = about["metadata"]
        namespace = metadata.get("namespace", "default")
        identity = f"{metadata['uid']}/{reason}/{message}/{component}"
        name = f"{metadata['name']}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        stamp = format_time(self.now)
        known = self.store.get("Event", namespace, name)
        if known is not None:
            self.update({**known, "count": known["count"] + 1, "lastTimestamp": stamp})
            return
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
        self.create(
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
