"""What there is to play: scenario files of a folder, and recorded cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from evals.alerting import alert_message
from evals.mending import Company
from evals.playing import Stage
from evals.wire import words_of
from sandbox.app import build
from sandbox.recorded.building import build_recorded
from sandbox.recorded.case import read_case
from sandbox.world.scenario import Scenario, load_scenario, scenario_names


def scenario_stages(folder: Path, names: Sequence[str] = ()) -> list[Stage]:
    """The scenarios of a folder, all of them unless some are named.

    Raises:
        ScenarioError: one does not exist or is not right.
    """
    return [_stage(load_scenario(name, folder), folder) for name in names or scenario_names(folder)]


def _stage(scenario: Scenario, folder: Path) -> Stage:
    arguments = ["--scenario", scenario.name, "--scenarios", str(folder)]
    return Stage(scenario, arguments, partial(Company, scenario), partial(_alert, scenario))


def _alert(scenario: Scenario) -> str:
    """The first alert's words; where none is posted, what a person would ask."""
    if not scenario.alerts:
        return "Is anything going wrong in production that no alert has told of yet?"
    return words_of(alert_message(build(scenario, posts_alerts=False)))


def recorded_stages(folders: Iterable[Path]) -> list[Stage]:
    """Recorded cases, each a folder; without ``truth.yaml`` what is found is shown and not judged.

    Raises:
        ScenarioError: one is not right.
    """
    return [_recorded(folder.resolve()) for folder in folders]


def _recorded(folder: Path) -> Stage:
    case = read_case(folder)
    return Stage(
        case.scenario,
        ["--recorded", str(folder)],
        alert=lambda: words_of(alert_message(build_recorded(case, posts_alerts=False))),
        judged=case.has_truth,
    )
