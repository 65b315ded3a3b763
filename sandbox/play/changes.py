"""Changes that other people make to the cluster while the scenario runs."""

from __future__ import annotations

import copy
from collections.abc import Callable

from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.store import ObjectStore
from sandbox.play.ports import PlayedWorld
from sandbox.world.company import rollout_change
from sandbox.world.manifests.common import places
from sandbox.world.manifests.workloads import workload
from sandbox.world.ports import Company, Manifest
from sandbox.world.script import ChangeNow, RolloutNow, ScaleNow, SettingNow

_WRITER = Manager("kubectl-edit")


class UnknownObjectError(LookupError):
    """The script changes an object that the cluster does not have."""


class Changer:
    """Applies changes to the cluster, and reports rollouts as the company's delivery tool does."""

    def __init__(self, store: ObjectStore, world: PlayedWorld) -> None:
        self._store = store
        self._world = world

    def apply(self, change: ChangeNow) -> None:
        """Make a change; raises UnknownObjectError."""
        match change:
            case RolloutNow():
                self._roll_out(change)
            case SettingNow():

                def set_value(manifest: Manifest) -> None:
                    manifest.setdefault("data", {})[change.key] = change.value

                self._edit("ConfigMap", change.namespace, change.name, set_value)
            case ScaleNow():

                def scale(manifest: Manifest) -> None:
                    manifest["spec"]["replicas"] = change.replicas

                self._edit(change.kind, change.namespace, change.name, scale)

    def _roll_out(self, change: RolloutNow) -> None:
        wanted = _at_version(self._world.company, change)
        before: list[str] = []

        def replace(manifest: Manifest) -> None:
            before.append(manifest["metadata"]["labels"]["app.kubernetes.io/version"])
            manifest["metadata"]["labels"].update(wanted["metadata"]["labels"])
            manifest["metadata"]["annotations"].update(wanted["metadata"]["annotations"])
            manifest["spec"]["template"] = wanted["spec"]["template"]

        self._edit("Deployment", change.namespace, change.service, replace)
        self._world.record(rollout_change(change, before[0], self._world.now()))

    def _edit(self, kind: str, namespace: str, name: str, edit: Callable[[Manifest], None]) -> None:
        stored = self._store.get(kind, namespace, name)
        if stored is None:
            raise UnknownObjectError(f"there is no {kind} {namespace}/{name}")
        changed = copy.deepcopy(stored)
        changed["metadata"].pop("resourceVersion", None)
        edit(changed)
        # As an API server notes it: readers date a change by its writer's entry.
        record_update(stored, changed, _WRITER, self._world.now())
        self._store.update(changed)


def _at_version(company: Company, change: RolloutNow) -> Manifest:
    wanted = (change.service, change.namespace)
    for place in places(company):
        if (place.name, place.namespace) == wanted:
            return workload(place, change.version, change.note)
    raise UnknownObjectError(f"no workload {change.service} runs in {change.namespace}")
