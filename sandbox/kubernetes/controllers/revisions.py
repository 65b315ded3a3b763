"""ControllerRevisions: the template history of StatefulSets and DaemonSets."""

from __future__ import annotations

import json

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, owner_reference, safe_hash

REVISION_LABEL = "controller-revision-hash"
_CHANGE_CAUSE = "kubernetes.io/change-cause"


def current_revision(cluster: Cluster, owner: Manifest) -> Manifest:
    """The revision of the owner's present template, made (or moved to the front) if need be."""
    template = clone(owner["spec"]["template"]) | {"$patch": "replace"}
    data = {"spec": {"template": template}}
    revisions = cluster.owned(owner, "ControllerRevision")
    latest = max((r["revision"] for r in revisions), default=0)
    known = next((r for r in revisions if r["data"] == data), None)
    if known is not None:
        if known["revision"] == latest:
            return known
        return cluster.update({**known, "revision": latest + 1})
    digest = safe_hash(json.dumps(data, sort_keys=True), 10)
    cause = (owner["metadata"].get("annotations") or {}).get(_CHANGE_CAUSE)
    return cluster.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{owner['metadata']['name']}-{digest}",
                "namespace": owner["metadata"]["namespace"],
                "labels": (owner["spec"]["template"]["metadata"].get("labels") or {})
                | {REVISION_LABEL: digest},
                "annotations": {_CHANGE_CAUSE: cause} if cause else {},
                "ownerReferences": [owner_reference(owner)],
            },
            "data": data,
            "revision": latest + 1,
        }
    )


def revision_hash(owner: Manifest, revision: Manifest) -> str:
    """The value that pods of ``revision`` carry in their label."""
    label = str(revision["metadata"]["labels"][REVISION_LABEL])
    if owner["kind"] == "StatefulSet":
        return f"{owner['metadata']['name']}-{label}"
    return label


def has_revision(pod: Manifest, digest: str) -> bool:
    """Whether the pod is of the revision ``digest``."""
    labels = pod["metadata"].get("labels") or {}
    return bool(labels.get(REVISION_LABEL) == digest)
