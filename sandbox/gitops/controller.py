"""Applies what the repository declares to the objects that it manages, as Argo CD does with automated sync and self-heal.

An object is managed when it bears Argo CD's tracking id, ``<application>:<group>/<kind>:<namespace>/<name>``; the
application ``production`` is the overlay ``kubernetes/overlays/production`` of the branch ``main``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from dulwich.repo import BaseRepo

from sandbox.github.store import Objects
from sandbox.gitops.rendering import Manifest, RenderError, Rendering
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.patches import strategic_merge
from sandbox.kubernetes.store import Key, ObjectStore, key_of

TRACKING_ID = "argocd.argoproj.io/tracking-id"
BRANCH = "main"
OVERLAYS = "kubernetes/overlays"
_MANAGER = Manager("argocd-controller")
_KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "ConfigMap",
    "HorizontalPodAutoscaler",
)
_SYNC_AFTER = timedelta(seconds=2)
_LOOKS_EVERY_SECONDS = 0.5


class GitOpsController:
    """Keeps managed objects as the repository says.

    Args:
        repository: where they are declared.
        store: the cluster.
        sync_after: how long something has to be out of sync before it is brought back.
    """

    def __init__(
        self, repository: BaseRepo, store: ObjectStore, sync_after: timedelta = _SYNC_AFTER
    ) -> None:
        self._objects = Objects(repository)
        self._store = store
        self._sync_after = sync_after
        self._out_since: dict[Key, datetime] = {}
        self._rendered: dict[tuple[str, str], dict[Key, Manifest]] = {}
        """(commit, application) -> its objects."""

    async def run(self) -> None:
        """Look again and again; at once over where nothing is managed."""
        while any(self._managed()):
            self.advance(self._store.now())
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)

    def advance(self, now: datetime) -> None:
        """Sync what has been out of sync for long enough by ``now``."""
        for application, live in list(self._managed()):
            key = key_of(live)
            declared = self._declared(application).get(key)
            after = _synced(live, declared) if declared is not None else live
            if after == live:
                self._out_since.pop(key, None)
            elif now - self._out_since.setdefault(key, now) >= self._sync_after:
                self._apply(live, after, now)

    def _apply(self, live: Manifest, after: Manifest, now: datetime) -> None:
        record_update(live, after, _MANAGER, now)
        cluster = Cluster(self._store, now)
        cluster.update(after)
        cluster.event(after, "OperationCompleted", "Sync operation succeeded", "argocd-controller")
        self._out_since.pop(key_of(live), None)

    def _managed(self) -> Iterator[tuple[str, Manifest]]:
        for kind in _KINDS:
            for manifest in self._store.current(kind):
                mark = (manifest["metadata"].get("annotations") or {}).get(TRACKING_ID, "")
                if mark:
                    yield mark.partition(":")[0], manifest

    def _declared(self, application: str) -> dict[Key, Manifest]:
        commit = self._objects.head_of(BRANCH) or ""
        known = self._rendered.get((commit, application))
        if known is None:
            known = self._rendered[commit, application] = self._render(commit, application)
        return known

    def _render(self, commit: str, application: str) -> dict[Key, Manifest]:
        tree = self._objects.tree_of(commit)
        entries = self._objects.files(tree) if tree else {}
        contents = {p: self._objects.blob(e.sha) or b"" for p, e in entries.items()}
        try:
            built = Rendering(contents).build(f"{OVERLAYS}/{application}")
        except RenderError:
            return {}  # as a failed sync does: everything stays as it is
        return {key_of(m): m for m in built if m["kind"] in _KINDS}


def _synced(live: Manifest, declared: Manifest) -> Manifest:
    """The live object with everything that is declared of it; the declared labels of pods are what they run with."""
    return strategic_merge(live["kind"], clone(live), declared)
