"""``srebot policy`` at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.errors import BadArguments
from bot.policy import app
from bot.policy_in_force import policy_of
from bot.settings import Settings

EXAMPLE = "deploy/policy.example.yaml"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SREBOT_POLICY_FILE", "SREBOT_TEAM_LEADS", "SREBOT_CHANGE_APPROVERS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("DATABASE_URL", "")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> dict[str, str]:
    result = run("explain", *arguments)
    assert result.exit_code == 0, result.output
    lines = [line.strip().partition("  ") for line in result.output.splitlines()[1:]]
    return {label: text.strip() for label, _, text in lines}


def test_the_schema_knows_every_kind_and_no_other_field() -> None:
    schema = json.loads(run("schema").output)
    assert schema["additionalProperties"] is False
    assert "delete_pod" in schema["$defs"]["ChangeKind"]["enum"]


def test_what_holds_is_shown_and_has_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "an engineer approves" in run("show").output
    assert run("check").output == "Nothing is wrong.\n"
    monkeypatch.setenv("SREBOT_POLICY_FILE", EXAMPLE)
    assert "payments are changed by hand" in run("show").output
    assert run("check").exit_code == 0


def test_what_is_wrong_is_listed_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("environments:\n  production:\n    rules:\n      - {name: a, kinds: [x]}\n")
    result = run("check", str(file))
    assert result.exit_code == 1
    assert result.output.startswith("line 4: Unknown kind 'x'; the kinds are resources,")


def test_the_policy_in_docs_has_nothing_wrong(tmp_path: Path) -> None:
    text = Path("docs/resolution.md").read_text(encoding="utf-8")
    file = tmp_path / "policy.yaml"
    file.write_text(text.split("```yaml\n")[1].split("```")[0])
    assert run("check", str(file)).output == "Nothing is wrong.\n"


def test_a_change_is_explained_against_what_is_there_now() -> None:
    asked = ("resources", "cart", "--environment", "staging", "--now", "memory_bytes=1Gi")
    assert "more than 2 times 1Gi" in told(*asked, "--argument", "memory_bytes=3Gi")["proposed"]
    said = told(*asked, "--argument", "memory_bytes=2Gi", "--by", "U1", "--group", "team-leads")
    assert said["by U1"] == "yes, they may approve it."
    assert said["applied"] == "now, once it is approved"


def test_the_time_counts() -> None:
    asked = ("rollback", "production/deployment/cart", "--file", EXAMPLE, "--pull-request", "--at")
    assert told(*asked, "2026-11-25T10:00")["applied"].startswith("now")
    assert told(*asked, "2026-11-25T22:00")["applied"].startswith("from 2026-11-26 08:00 UTC")
    assert told(*asked, "2026-12-24T10:00")["applied"].endswith("before that it is refused.")


@pytest.mark.parametrize(
    "asked",
    [("reboot", "cart"), ("restart", "a/b/c/d"), ("restart", "cart", "--argument", "x")],
)
def test_what_cannot_be_understood_is_said(asked: tuple[str, ...]) -> None:
    assert isinstance(run("explain", *asked).exception, BadArguments)


def test_the_settings_name_who_approves_by_the_packaged_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SREBOT_TEAM_LEADS", "U0LEAD1")
    assert told("resources", "cart", "--environment", "staging")["approved by"].startswith(
        "U0LEAD1"
    )
    assert policy_of(Settings()).environments["staging"].rules[0].approvers == ("U0LEAD1",)
