"""What happened before the sandbox's start: edits by people and tools, late rollouts, and pods that fell ill."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.controllers.draining import drain_node
from sandbox.kubernetes.controllers.expansion import Act, expand, follow_nodes, observe_pods, relive
from sandbox.kubernetes.controllers.reloader import reload_users
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.patches import strategic_merge
from sandbox.kubernetes.resources import by_kind
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.durations import duration
from sandbox.world.faults.ailments import Ailment, Crashes
from sandbox.world.faults.fault import Fault
from sandbox.world.faults.pods import PodTroubles
from sandbox.world.manifests.common import Place
from sandbox.world.manifests.workloads import workload
from sandbox.world.ports import ClusterHistory
from sandbox.world.scenario import Edit, Rollout, Scenario
from sandbox.world.schedules import latest_run_names

_CLIENT_SIDE_APPLY = "kubectl-client-side-apply"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SEEN_AFTER = timedelta(seconds=1)
_LOOKED_AT = (timedelta(minutes=12), timedelta(minutes=6), timedelta(minutes=2))
"""Before the sandbox's start: what monitors look back on."""
_EVICTED_AT = tuple(timedelta(seconds=s) for s in (0, 20, 40, 80))
"""How long after a drain's beginning evictions are tried."""
_MOMENT = re.compile(r"\{([+-])([^{}]+)\}")
Happening = tuple[datetime, Callable[[], None]]


@dataclass(frozen=True)
class Past:
    """The scenario's own past, on top of the company's."""

    store: ObjectStore
    scenario: Scenario
    started_at: datetime
    troubles: PodTroubles

    @classmethod
    def of(cls, store: ObjectStore, scenario: Scenario, started_at: datetime) -> Past:
        """The past of a scenario in a cluster."""
        return cls(store, scenario, started_at, _troubles(scenario, started_at, store))

    def health(self, pod: Manifest, now: datetime) -> Mapping[str, Any]:
        """How a pod fared at a moment."""
        return self.troubles.health(pod, now)

    def is_late(self, rollout: Rollout) -> bool:
        """Whether a rollout came after an edit, which it may depend on."""
        return any(rollout.ago <= edit.ago for edit in self.scenario.edits)

    def roll_out(self, place: Place, rollout: Rollout) -> None:
        """Lay a rollout down with all that came of it."""
        made = workload(place, rollout.after, rollout.note)
        if rollout.pod:
            patch = {"spec": {"template": {"spec": clone(dict(rollout.pod))}}}
            made = strategic_merge(made["kind"], made, patch)
        meanwhile = None
        if rollout.paused_after is not None:
            meanwhile = (rollout.paused_after, _pausing(made["kind"], place))
        expand(self.store, made, self.started_at - rollout.ago, self.health, meanwhile)

    def play(self, places: Mapping[str, Place]) -> None:
        """Lay down, in order of time, what depends on what came before it."""
        happened = [
            *self._edits(),
            *self._drains(),
            *self._rollouts(places),
            *self._illnesses(),
        ]
        for _, act in sorted(happened, key=lambda each: each[0]):
            act()

    def _edits(self) -> Iterator[Happening]:
        for edit in self.scenario.edits:
            moment = self.started_at - edit.ago
            yield moment, partial(self._edit, edit, moment)

    def _edit(self, edit: Edit, moment: datetime) -> None:
        dated = edit.model_copy(update={"patch": _dated(edit.patch, self.started_at)})
        relive(self.store, [moment], _editing(dated), self.health)
        if edit.kind == "Node":
            follow_nodes(self.store, moment, self.health)

    def _drains(self) -> Iterator[Happening]:
        for drain in self.scenario.drains:
            moment = self.started_at - drain.ago
            moments = [moment + again for again in _EVICTED_AT]
            act = partial(drain_node, name=drain.node, by=drain.by)
            yield moment, partial(relive, self.store, moments, act, self.health)

    def _rollouts(self, places: Mapping[str, Place]) -> Iterator[Happening]:
        for rollout in self.scenario.rollouts:
            if self.is_late(rollout):
                moment = self.started_at - rollout.ago
                place = places[rollout.service]
                yield moment, partial(self.roll_out, place, rollout)

    def _illnesses(self) -> Iterator[Happening]:
        for onset, ailment in self.troubles.onsets():
            lasts = ailment.runs if isinstance(ailment, Crashes) else timedelta(0)
            first = datetime.fromtimestamp(onset, UTC) + lasts + _SEEN_AFTER
            act = observe_pods(_of(ailment))
            for moment in (first, *(self.started_at - ago for ago in _LOOKED_AT)):
                if first <= moment < self.started_at:
                    yield moment, partial(relive, self.store, [moment], act, self.health)


def _troubles(scenario: Scenario, started_at: datetime, history: ClusterHistory) -> PodTroubles:
    runs = latest_run_names(scenario.hour, started_at)
    faults = [Fault(spec, started_at, history, runs) for spec in scenario.faults if spec.pods]
    return PodTroubles(faults, history)


def _of(ailment: Ailment) -> Callable[[Manifest], bool]:
    def concerns(pod: Manifest) -> bool:
        name = (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/name")
        return (pod["metadata"]["namespace"], name) == (ailment.namespace, ailment.workload)

    return concerns


def _editing(edit: Edit) -> Act:
    def act(cluster: Cluster) -> None:
        resource = by_kind(edit.kind)
        namespace = edit.namespace if resource.namespaced else ""
        before = cluster.store.get(edit.kind, namespace, edit.name)
        after = _edited(edit, before)
        _date_conditions(before, after, cluster.now)
        if edit.by == _CLIENT_SIDE_APPLY:
            _note_applied(after)
        record_update(before, after, Manager(edit.by), cluster.now)
        if before is None:
            cluster.create(after)
            return
        cluster.update(after)
        if edit.kind in ("ConfigMap", "Secret") and after.get("data") != before.get("data"):
            reload_users(cluster, after)

    return act


def _note_applied(manifest: Manifest) -> None:
    """Leave what ``kubectl apply`` leaves: the object as the file has it."""
    metadata = manifest["metadata"]
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != _APPLIED}
    kept = ("name", "namespace", "labels")
    file = {k: v for k, v in manifest.items() if k not in ("metadata", "status")}
    file["metadata"] = {k: metadata[k] for k in kept if k in metadata} | {
        "annotations": annotations
    }
    text = json.dumps(file, sort_keys=True, separators=(",", ":")) + "\n"
    metadata["annotations"] = annotations | {_APPLIED: text}


def _pausing(kind: str, place: Place) -> Act:
    def act(cluster: Cluster) -> None:
        before = cluster.store.get(kind, place.namespace, place.name)
        if before is not None:
            after = clone(before)
            after["spec"]["paused"] = True
            record_update(before, after, Manager("kubectl-rollout"), cluster.now)
            cluster.update(after)

    return act


def _dated(node: Any, started_at: datetime) -> Any:
    """A patch with its moments as Kubernetes writes them."""
    if isinstance(node, Mapping):
        return {key: _dated(value, started_at) for key, value in node.items()}
    if isinstance(node, list):
        return [_dated(value, started_at) for value in node]
    if not isinstance(node, str):
        return node

    def moment(found: re.Match[str]) -> str:
        away = duration(found[2]) * (1 if found[1] == "+" else -1)
        return format_time(started_at + away)

    return _MOMENT.sub(moment, node)


def _date_conditions(before: Manifest | None, after: Manifest, now: datetime) -> None:
    """Give each condition that is not as it was the time of the edit."""
    known = ((before or {}).get("status") or {}).get("conditions") or ()
    for condition in (after.get("status") or {}).get("conditions") or ():
        if condition not in known:
            condition["lastTransitionTime"] = format_time(now)


def _edited(edit: Edit, before: Manifest | None) -> Manifest:
    if before is not None:
        return strategic_merge(edit.kind, clone(before), dict(edit.patch))
    resource = by_kind(edit.kind)
    metadata = {"name": edit.name} | ({"namespace": edit.namespace} if resource.namespaced else {})
    made = {"apiVersion": resource.group_version, "kind": edit.kind, "metadata": metadata}
    return strategic_merge(edit.kind, made, clone(dict(edit.patch)))
