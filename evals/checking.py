"""Whether a scenario file is right: the schema's own sentences, and what an evaluation needs besides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evals.kinds import right_modes
from sandbox.app import build
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.parts import Entity
from sandbox.world.scenario import Scenario, ScenarioError, load_scenario


def problems(path: Path, modes: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with a file, a sentence each; empty when it can be played and judged.

    Args:
        path: of the file; its name without ``.yaml`` is the scenario's.
        modes: the failure modes that the bot knows, dashed; empty: they are not compared with.
    """
    if path.suffix != ".yaml" or not path.is_file():
        return [f"{path} is no .yaml file"]
    try:
        scenario = load_scenario(path.stem, path.parent)
        sandbox = build(scenario, posts_alerts=False)
    except (ScenarioError, LookupError, ValueError) as error:
        return str(error).splitlines()
    monitors = {monitor.id for monitor in sandbox.world.company.monitors}
    return [
        *_alert_problems(scenario, monitors),
        *_truth_problems(scenario, modes),
        *_missing(scenario, sandbox.store),
    ]


def _alert_problems(scenario: Scenario, monitors: set[int]) -> Iterator[str]:
    for number, alert in enumerate(scenario.alerts):
        for monitor in {alert.monitor, alert.recovers_with} - {None}:
            if monitor not in monitors:
                yield f"alerts.{number}: the company has no monitor {monitor}"


def _truth_problems(scenario: Scenario, modes: frozenset[str]) -> Iterator[str]:
    truth = scenario.truth
    if truth.entity is None:
        if truth.acceptable_fixes or truth.fix_kinds:
            yield "truth: there are fixes although nothing is wrong (entity is missing)"
        return
    if truth.is_harmless:
        yield "truth: is_harmless and an entity at fault exclude each other"
    if not scenario.faults:
        yield "faults: there is a cause in the truth and no fault that shows it"
    mendable = any(fault.mends for fault in scenario.faults)
    if not (mendable or truth.fix_kinds or truth.advice):
        yield "truth: nothing tells what would mend it: a fault's mends, truth.fix_kinds or truth.advice"
    if modes and not (right_modes(truth) & modes or truth.words):
        yield f"truth.kind: no failure mode is called {truth.kind!r}; name one in truth.modes, or give truth.words"


def _missing(scenario: Scenario, store: ObjectStore) -> Iterator[str]:
    truth = scenario.truth
    named = [("truth.entity", truth.entity)] if truth.entity else []
    named += [("truth.also_right", entity) for entity in truth.also_right]
    named += [("truth.bystanders", entity) for entity in truth.bystanders]
    for place, entity in named:
        if not _exists(entity, store):
            yield f"{place}: the cluster has no {entity.kind} {entity.namespace}/{entity.name}"


def _exists(entity: Entity, store: ObjectStore) -> bool:
    if entity.kind == "Node":
        return any(n["metadata"]["name"] == entity.name for n in store.current("Node"))
    if store.get(entity.kind, entity.namespace, entity.name) is not None:
        return True
    made_later = entity.kind in ("Pod", "Job", "Service", "External")
    return made_later or not store.current(entity.kind)
