"""``srebot demo`` in the terminal: the story by itself, its exit status, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.store.repository import Store
from tests.e2e.bot_process import ROOT, eventually

pytestmark = pytest.mark.timeout(300)


def demo(*arguments: str, output: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start a demo that writes to a file."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SREBOT_", "OPENAI_"))}
    with output.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "demo", "--headless", "--port", "0", *arguments],
            cwd=ROOT,
            env={**clean, "COLUMNS": "200", **settings},
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def family(demo: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Every process that a demo started."""
    return psutil.Process(demo.pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module", autouse=True)
def approved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    """A demo that approves by itself; recovery takes a minute or two, in which the other tests run."""
    output = tmp_path_factory.mktemp("demo") / "output"
    playing = demo("--approve", output=output)
    try:
        yield playing, output
    finally:
        if playing.poll() is None:
            playing.terminate()
            playing.wait(30)


def test_without_approval_it_ends_at_the_proposal_having_changed_nothing(tmp_path: Path) -> None:
    output = tmp_path / "output"
    status = demo(output=output).wait(120)
    text = output.read_text()
    assert status == 0, text
    assert "The fix waits for approval" in text
    assert "Applied" not in text


async def test_it_leaves_the_database_of_a_real_bot_alone(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    await store.audit.append("U1", "approved", "proposal:1", {}, datetime.now(UTC))
    settings = {"DATABASE_URL": database_url, "SLACK_ALERT_CHANNELS": "prod-alerts"}
    status = await asyncio.to_thread(demo(output=tmp_path / "output", **settings).wait, 120)
    assert status == 0
    assert len(await store.audit.entries()) == 1
    assert await store.investigations.list(1) == []


def test_a_blip_ends_well_by_itself(tmp_path: Path) -> None:
    output = tmp_path / "output"
    status = demo("--scenario", "blip", output=output).wait(200)
    text = output.read_text()
    assert status == 0, text
    assert "Nothing is wrong" in text
    assert "Proposed fix" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_stopped_in_the_middle_it_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "output"
    running = demo(output=output)
    try:
        eventually(lambda: "Ready after" in output.read_text() or None, 60)
        children = family(running)
        assert len(children) >= 2
        running.send_signal(number)
        running.wait(30)
        eventually(lambda: all_gone(children), 60, f"still there: {children}")
    finally:
        if running.poll() is None:
            running.kill()


def test_an_unknown_scenario_is_named_with_the_known_ones(tmp_path: Path) -> None:
    output = tmp_path / "output"
    assert demo("--scenario", "nonesuch", output=output).wait(60) == 1
    text = output.read_text()
    assert "Traceback" not in text
    assert re.search(r"nonesuch.*redis-memory-pressure", text, re.DOTALL)


def test_approved_it_plays_to_the_recovery(approved: tuple[Any, Path]) -> None:
    playing, output = approved
    status = playing.wait(240)
    text = output.read_text()
    assert status == 0, text
    order = ["Ready after", "Cause found", "Proposed fix", "approved the change", "Recovered."]
    places = [text.find(part) for part in order]
    assert -1 not in places, text
    assert places == sorted(places)
    assert "The story ended well" in text
