"""``srebot eval`` from end to end: real companies, real bots, and with a scripted model the other two columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sandbox.recorded import building
from tests.e2e.bot_process import ROOT
from tests.e2e.test_model import serving, thinker
from tests.openai_server import KEY, MODEL, Body, call, completion

pytestmark = pytest.mark.timeout(300)

EXAMPLE = Path(building.__file__).parent / "examples" / "login-failure"
BACKUP = "redis-reco-backup"


def evaluate(
    folder: Path, *arguments: str, settings: dict[str, str] | None = None
) -> tuple[int, str, dict[str, Any]]:
    """Exit status, what was printed, and the JSON."""
    out = folder / "eval.json"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SREBOT_", "OPENAI_"))}
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "eval", *arguments, "--json", str(out)],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **(settings or {})},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    found = json.loads(out.read_text()) if out.exists() else {}
    return done.returncode, done.stdout + done.stderr, found


def test_scenarios_are_played_judged_and_written(tmp_path: Path) -> None:
    page = tmp_path / "eval.html"
    status, printed, found = evaluate(
        tmp_path,
        *("--scenario", "login-failure", "--scenario", "blip"),
        *("--jobs", "2", "--least", "1.0", "--html", str(page)),
    )
    assert status == 0, printed
    (total,) = found["totals"]
    assert (total["played"], total["cause"], total["invented_citations"]) == (2, 1.0, 0)
    login, blip = found["results"]
    assert login["score"]["fix"] == 100
    assert login["score"]["citations"] > 5
    assert login["first_words_seconds"] is not None
    assert not blip["told"]["changes"]
    assert "login-failure" in page.read_text()
    assert "right in cause" in printed


def test_a_recorded_case_is_played_as_well(tmp_path: Path) -> None:
    status, printed, found = evaluate(tmp_path, "--recorded", str(EXAMPLE), "--least", "1")
    assert status == 0, printed
    assert found["results"][0]["score"]["cause"]


def test_a_model_and_the_bare_model_are_columns_of_their_own(tmp_path: Path) -> None:
    with serving() as server:
        server.script = either
        status, printed, found = evaluate(
            tmp_path,
            *("--scenario", "redis-memory-pressure", "--reasoner", "model", "--reasoner", "bare"),
            *("--jobs", "2", "--least", "1"),
            settings={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "OPENAI_MODEL": MODEL},
        )
    model, bare = found["results"]
    assert model["told"]["reasoner"] == bare["told"]["reasoner"] == MODEL, printed
    assert model["score"]["cause"], printed
    assert model["score"]["fix"] == 100
    assert model["tokens"] > 0
    assert not bare["score"]["cause"]
    assert bare["score"]["invented_citations"] == [7]
    assert status == 1  # the bare one is below what was asked for


def either(body: Body) -> web.StreamResponse:
    """The scripted model: within the harness it thinks, bare it looks once and blames what it saw first."""
    names = {tool["function"]["name"] for tool in body["tools"]}
    if "report" not in names:
        return thinker(body)
    if len(body["messages"]) == 2:
        return completion(call("kubernetes_rollouts", namespace="production"))
    chain = [{"text": "search was rolled out", "citations": [1, 7]}]
    return completion(
        call("report", ending="cause_found", headline="the rollout", entity="search", chain=chain)
    )


def test_without_a_model_its_columns_are_left_out_and_it_says_so(tmp_path: Path) -> None:
    status, printed, found = evaluate(tmp_path, "--scenario", "blip", "--reasoner", "bare")
    assert status == 2
    assert "set OPENAI_API_KEY" in printed
    assert found == {}


def test_a_file_is_checked(tmp_path: Path) -> None:
    wrong = tmp_path / "mine.yaml"
    wrong.write_text("title: x\n")
    status, printed, _ = evaluate(tmp_path, "--check", str(wrong))
    assert status == 1
    assert "truth: Field required" in printed
