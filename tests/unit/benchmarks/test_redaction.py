"""The benchmark of redaction reads public tests without running them, and sees what is missed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import redaction
from benchmarks.redaction import Case, cases_of, measure

TESTS = """
import no_such_module

@pytest.mark.parametrize("payload, should_flag", [
    ("ghp_" "0123456789abcdefghijklmnopqrstuvwxyz", True),
    ("nothing", False),
    (json.dumps("worked out"), True),
])
def test_one(): ...

@pytest.mark.parametrize("payload", ("missed",))
def test_two(): ...
"""


def test_payloads_are_read_and_code_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "github_test.py").write_text(TESTS)
    assert cases_of(tmp_path / "github_test.py") == [
        Case("github", "ghp_0123456789abcdefghijklmnopqrstuvwxyz", True),
        Case("github", "nothing", False),
        Case("github", "missed", True),
    ]


def test_what_is_missed_is_counted_and_what_is_promised_is_kept(tmp_path: Path) -> None:
    (tmp_path / "github_test.py").write_text(TESTS)
    figures = {figure.name: figure for figure in measure(tmp_path)}
    assert figures["public, github: missed of 2"].value == 1
    assert figures["public, github: struck of 1 harmless"].value == 0
    assert [name for name, figure in figures.items() if not figure.ok] == []


def test_a_redaction_that_strikes_nothing_misses_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redaction, "redact", lambda text: text)
    assert {share for _, share in redaction._missed(random.Random(1))} == {100.0}
