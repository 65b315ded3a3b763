"""One fault at work: what it does to a signal, and how strongly, at any time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from sandbox.world.faults.activity import Activity, activity, mended_changes
from sandbox.world.faults.ailments import Ailment
from sandbox.world.faults.conditions import Condition
from sandbox.world.faults.shapes import SHAPES
from sandbox.world.noise import Floats
from sandbox.world.ports import ClusterHistory, Manifest
from sandbox.world.scenario import Effect, FaultSpec, Growth

_JOB_NAME, _APP_NAME = "batch.kubernetes.io/job-name", "app.kubernetes.io/name"


class Fault:
    """A fault of the scenario in this cluster; ``runs`` names each CronJob's latest Job."""

    def __init__(
        self,
        spec: FaultSpec,
        started_at: datetime,
        history: ClusterHistory,
        runs: Mapping[str, str],
    ) -> None:
        self.spec = spec
        self.onset = (started_at - spec.onset).timestamp()
        self._history = history
        self._runs = runs
        self._struck: dict[int, list[str]] = {}
        self._mends = [[_on_latest_run(c, runs) for c in mend] for mend in spec.mends]

    def struck(self, ailment: Ailment, names: list[str]) -> list[str]:
        """The pods that an ailment struck when it was first looked for; ``names`` are those that it would strike now."""
        return self._struck.setdefault(self.spec.pods.index(ailment), names)

    def activity(self, times: Floats) -> Activity:
        """See ``sandbox.world.faults.activity``."""
        changes = mended_changes(self._mends, self._history, self.onset)
        return activity(changes, self.spec.lag_seconds, times)

    def spells(self) -> list[tuple[float, float]]:
        """From when to when it was active (epoch seconds); the last may be without end."""
        changes = mended_changes(self._mends, self._history, self.onset)
        ends = [*(moment for moment, _ in changes[1:]), math.inf]
        return [
            (begin, end)
            for (begin, is_mended), end in zip(changes, ends, strict=True)
            if not is_mended
        ]

    def level(self, growth: Growth, times: Floats) -> Floats:
        """How far ``growth`` has come, its fall after a mend included; 0 before the onset."""
        state = self.activity(times)
        return _grown(growth, state) * state.strength

    def applied(
        self,
        service: str,
        namespace: str,
        signal: str,
        times: Floats,
        values: Floats,
        node: str = "",
    ) -> Floats:
        """``values`` of a signal, on a pod of ``node`` if it is one's own, with this fault's effects on it."""
        effects = [e for e in self.spec.effects if e.touches(service, namespace, signal)]
        if not effects:
            return values
        state = self.activity(times)
        for effect in effects:
            values = _with(effect, state, values, self._part(effect, node))
        return values

    def _part(self, effect: Effect, node: str) -> float:
        """How much of an effect a pod of ``node`` feels; without a node, which part of the service's pods feels it."""
        if not effect.beside:
            return 1.0
        pods = self._history.current("Pod", effect.namespace)
        job = self._runs.get(effect.beside)
        loud = {_node(pod) for pod in pods if _label(pod, _JOB_NAME) == job}
        if node:
            return float(node in loud)
        own = [_node(pod) for pod in pods if _label(pod, _APP_NAME) == effect.service]
        return sum(n in loud for n in own) / len(own) if own else 0.0


def _node(pod: Manifest) -> str:
    return str(pod["spec"].get("nodeName", ""))


def _label(pod: Manifest, name: str) -> str:
    return str((pod["metadata"].get("labels") or {}).get(name, ""))


def _on_latest_run(condition: Condition, runs: Mapping[str, str]) -> Condition:
    """A condition on a Job is named after its CronJob and means that one's latest run."""
    if condition.kind != "Job":
        return condition
    return condition.model_copy(update={"name": runs[condition.name]})


def _grown(growth: Growth, state: Activity) -> Floats:
    active_s = np.maximum(state.active_s - growth.after.total_seconds(), 0.0)
    return SHAPES[growth.shape](active_s, growth.over.total_seconds())


def _with(effect: Effect, state: Activity, values: Floats, part: float) -> Floats:
    grown = _grown(effect, state) * part
    if effect.compound is not None:
        growth = np.power(1.0 + effect.compound, grown) - 1.0
        return np.asarray(values * (1.0 + growth * state.strength))
    level = grown * state.strength
    if effect.multiply is not None:
        values = values * (1.0 + (effect.multiply - 1.0) * level)
    return np.asarray(values + (effect.add or 0.0) * level)
