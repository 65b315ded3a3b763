"""Scenario files are checked with sentences that say where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.catalogue import modes
from evals.checking import problems
from sandbox.world.scenario import FOLDER, scenario_names

GOOD = """
title: "auth is slow"
hour: 3
faults:
  - kind: x
    target: {kind: Deployment, name: auth}
    onset: 1h
    effects: [{service: auth, signal: latency_seconds, multiply: 3}]
alerts: [{monitor: 1003}]
truth: {cause: "x", kind: oom-kill, entity: {kind: Deployment, name: auth}, fix_kinds: [resources]}
"""


@pytest.mark.parametrize("name", scenario_names())
def test_our_own_scenarios_are_right(name: str) -> None:
    assert problems(FOLDER / f"{name}.yaml", modes()) == []


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_small_file_is_right(tmp_path: Path) -> None:
    assert problems(written(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("monitor: 1003", "monitor: 9", "alerts.0: the company has no monitor 9"),
        ("hour: 3", "hour: 30", "hour: "),
        ("name: auth}, fix", "name: nobody}, fix", "truth.entity: the cluster has no Deployment"),
        (", fix_kinds: [resources]", "", "truth: nothing tells what would mend it"),
        ("multiply: 3", "divide: 3", "effects"),
        ("kind: oom-kill", "is_harmless: true, kind: oom-kill", "exclude each other"),
        ("entity: {kind: Deployment, name: auth}, ", "", "there are fixes although nothing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    found = problems(written(tmp_path, GOOD.replace(before, after)))
    assert any(sentence in problem for problem in found), found


def test_a_kind_that_the_bot_has_no_mode_for_needs_words(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert problems(path, frozenset({"oom-kill"})) == []
    assert "no failure mode is called 'oom-kill'" in problems(path, frozenset({"blip"}))[0]


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    assert "is no .yaml file" in problems(tmp_path / "nothing.yaml")[0]
