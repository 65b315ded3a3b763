"""Scenario files are checked, and what is wrong with one is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.world.durations import duration
from sandbox.world.manifests.common import inventory
from sandbox.world.scenario import ScenarioError, load_scenario, scenario_names
from sandbox.world.signals import SIGNALS

GOOD: dict[str, Any] = {
    "title": "A test",
    "hour": 4,
    "faults": [
        {
            "kind": "leak",
            "target": {"kind": "Deployment", "name": "cart"},
            "onset": "1h",
            "effects": [{"service": "cart", "signal": "memory_bytes", "add": 1e8}],
            "mends": [
                [{"is": "replicas_at_least", "kind": "Deployment", "name": "cart", "value": 4}]
            ],
        }
    ],
    "alerts": [{"monitor": 1001}],
    "truth": {"cause": "a leak", "kind": "leak"},
}


def write(folder: Path, content: Any, name: str = "test") -> Path:
    (folder / f"{name}.yaml").write_text(
        content if isinstance(content, str) else yaml.safe_dump(content)
    )
    return folder


def test_a_good_file_is_read(tmp_path: Path) -> None:
    scenario = load_scenario("test", write(tmp_path, GOOD))
    assert scenario.name == "test"
    assert scenario.faults[0].onset == timedelta(hours=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hour": 25}, "hour"),
        ({"surprise": 1}, "surprise"),
        ({"alerts": [{"sender": "grafana"}]}, "a monitor, or a title of its own"),
        ({"changes": [{"is": "prayer"}]}, "prayer"),
        ({"faults": [{**GOOD["faults"][0], "onset": "soon"}]}, "'soon' is no duration"),
        ({"faults": [{**GOOD["faults"][0], "lag_seconds": 0}]}, "lag_seconds"),
        (
            {"faults": [{**GOOD["faults"][0], "effects": [{"service": "cart", "signal": "x"}]}]},
            "multiply, add, compound",
        ),
        (
            {
                "faults": [
                    {
                        **GOOD["faults"][0],
                        "mends": [[{"is": "prayed_for", "kind": "Pod", "name": "x"}]],
                    }
                ]
            },
            "prayed_for",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ScenarioError, match=r"test\.yaml is not a scenario") as caught:
        load_scenario("test", write(tmp_path, GOOD | change))
    assert said in str(caught.value)


@pytest.mark.parametrize("content", ["[1, 2]", "title: [unclosed"])
def test_a_file_that_holds_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ScenarioError, match=r"test\.yaml"):
        load_scenario("test", write(tmp_path, content))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="redis-memory-pressure"):
        load_scenario("no-such-story")


def test_a_name_is_no_path() -> None:
    with pytest.raises(ScenarioError, match="there is no scenario"):
        load_scenario("../world/company")


@pytest.mark.parametrize("name", scenario_names())
def test_files_name_services_and_signals_that_exist(name: str) -> None:
    known = inventory()["workloads"].keys() | inventory()["cron_jobs"].keys()
    for fault in load_scenario(name).faults:
        assert {effect.service for effect in fault.effects} | {
            log.service for log in fault.logs
        } <= known
        assert {effect.signal for effect in fault.effects} <= SIGNALS.keys()


@pytest.mark.parametrize(
    ("text", "seconds"), [("40m", 2400), ("1d 6h", 108_000), ("1.5h", 5400), ("3s", 3)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "1h30m", "-1h", "one hour"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)
