"""The command line, as a person types it: what it prints, how it ends, and one clear sentence for each mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

from tests.e2e.bot_process import ROOT, BotProcess, Company, company, eventually, settings_for

pytestmark = pytest.mark.timeout(120)

OURS = (
    "SREBOT_",
    "OPENAI_",
    "SLACK_",
    "KUBERNETES_",
    "DD_",
    "PAGERDUTY_",
    "DATABASE_",
    "KUBECONFIG",
)


@pytest.fixture(scope="module")
def night() -> Iterator[Company]:
    with company(posts_alerts=False) as served:
        yield served


def srebot(
    *arguments: str, settings: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command with these settings only, in an empty folder."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    environment = {**clean, "COLUMNS": "200", "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        env={**environment, **settings},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def mistake(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a refused command leaves on standard error."""
    assert done.returncode == 1, done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("srebot: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_help_names_every_command(tmp_path: Path) -> None:
    done = srebot("--help", settings={}, folder=tmp_path)
    assert done.returncode == 0
    for command in ("demo", "serve", "investigate", "ask", "scan", "doctor", "db"):
        assert command in done.stdout


def test_investigate_tells_the_cause_with_its_evidence_and_changes_nothing(
    night: Company, database_url: str, tmp_path: Path
) -> None:
    settings = {**settings_for(night.url), "DATABASE_URL": database_url}
    text = "redis-reco is slow in production"
    done = srebot("investigate", text, settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Cause found" in done.stdout
    assert "redis-reco-backup" in done.stdout
    assert "[1] " in done.stdout
    assert "Would propose:" in done.stdout
    assert "+  suspend: true" in done.stdout
    assert night.wire.changes == []
    assert not any("chat." in r.path for r in night.wire.requests)


def test_ask_answers_with_the_source_of_each_statement(
    night: Company, database_url: str, tmp_path: Path
) -> None:
    settings = {**settings_for(night.url), "DATABASE_URL": database_url}
    question = "who owns checkout and who is on call?"
    done = srebot("ask", question, settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "checkout belongs to team payments, tier 1 [1]." in done.stdout
    assert "On call is Diego Santos" in done.stdout
    assert "[2] pagerduty:" in done.stdout


def test_ask_draws_the_answer_as_a_tree_and_as_a_file(
    night: Company, database_url: str, tmp_path: Path
) -> None:
    settings = {
        **settings_for(night.url),
        "DATABASE_URL": database_url,
        "SREBOT_DATA_FOLDER": str(tmp_path),
    }
    done = srebot(
        "ask", "what would break if redis-reco went away?", settings=settings, folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "If redis-reco went away" in done.stdout
    assert "├── is used by" in done.stdout or "└── is used by" in done.stdout
    (file,) = (tmp_path / "pictures").iterdir()
    assert f"Picture: {file}" in done.stdout
    assert file.read_bytes().startswith(b"\x89PNG")


def test_scan_says_what_each_source_gave(night: Company, database_url: str, tmp_path: Path) -> None:
    settings = {**settings_for(night.url), "DATABASE_URL": database_url}
    done = srebot("scan", settings=settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for source in ("kubernetes", "datadog", "pagerduty"):
        assert f"✓ {source}: " in done.stdout


def test_scan_fails_and_names_the_source_that_refused(
    night: Company, database_url: str, tmp_path: Path
) -> None:
    settings = {**settings_for(night.url), "DATABASE_URL": database_url, "DD_API_KEY": "wrong"}
    done = srebot("scan", settings=settings, folder=tmp_path)
    assert done.returncode == 1
    assert "✗ datadog: " in done.stdout
    assert "✓ kubernetes: " in done.stdout
    assert "wrong" not in done.stdout + done.stderr


def test_the_database_is_upgraded_and_reset(empty_database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": empty_database_url}
    before = srebot("db", "status", settings=settings, folder=tmp_path)
    assert before.returncode == 1
    assert "revision none" in before.stdout
    assert "srebot db upgrade" in before.stdout
    assert srebot("db", "upgrade", settings=settings, folder=tmp_path).returncode == 0
    after = srebot("db", "status", settings=settings, folder=tmp_path)
    assert after.returncode == 0, after.stdout
    done = srebot("db", "reset", "--yes", settings=settings, folder=tmp_path)
    assert (done.returncode, "empty and up to date" in done.stdout) == (0, True)
    refused = srebot("db", "reset", settings=settings, folder=tmp_path)
    assert refused.returncode == 1


@pytest.mark.parametrize("command", [("investigate", "cart is slow"), ("ask", "who?"), ("scan",)])
def test_with_nothing_configured_it_says_what_to_configure(
    command: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    done = srebot(*command, settings={"DATABASE_URL": database_url}, folder=tmp_path)
    sentence = mistake(done)
    assert "configure Kubernetes, Datadog or PagerDuty" in sentence
    assert "srebot demo" in sentence


@pytest.mark.parametrize("command", [("scan",), ("db", "status"), ("db", "reset", "--yes")])
def test_a_wrong_database_is_named_without_its_password(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    url = "postgresql://srebot:s3cret@127.0.0.1:1/nowhere"
    done = srebot(*command, settings={"DATABASE_URL": url}, folder=tmp_path)
    sentence = mistake(done)
    assert "127.0.0.1:1/nowhere" in sentence
    assert "DATABASE_URL" in sentence
    assert "s3cret" not in done.stderr + done.stdout


def test_serve_without_slack_says_which_token_it_wants(database_url: str, tmp_path: Path) -> None:
    done = srebot("serve", settings={"DATABASE_URL": database_url}, folder=tmp_path)
    assert "SLACK_BOT_TOKEN" in mistake(done)
    half = {"DATABASE_URL": database_url, "SLACK_BOT_TOKEN": "xoxb-1"}
    done = srebot("serve", settings=half, folder=tmp_path)
    assert "SLACK_APP_TOKEN" in mistake(done)


def test_serve_on_a_taken_port_says_so(night: Company, database_url: str, tmp_path: Path) -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        settings = {
            **settings_for(night.url),
            "DATABASE_URL": database_url,
            "SREBOT_PORT": port,
        }
        done = srebot("serve", settings=settings, folder=tmp_path)
    sentence = mistake(done)
    assert f"127.0.0.1:{port}" in sentence
    assert "SREBOT_PORT" in sentence


def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    done = srebot("serve", settings={"SREBOT_PORT": "eighty"}, folder=tmp_path)
    assert "port" in mistake(done)


def test_serve_that_waits_for_slack_can_be_stopped(
    night: Company, database_url: str, tmp_path: Path
) -> None:
    away = {"SLACK_API_URL": "http://127.0.0.1:1/api/"}
    bot = BotProcess(night.url, database_url, tmp_path / "log", away)
    bot.launch()
    try:
        eventually(lambda: "Cannot connect to host 127.0.0.1:1" in bot.tail(100_000), 60)
        os.kill(bot.pid, signal.SIGTERM)
        eventually(lambda: bot.pid == 0, 60, "it goes on running")
    finally:
        bot.kill()
