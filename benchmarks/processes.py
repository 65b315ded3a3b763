"""Child processes that are measured: commands run to their end, and a bot that serves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from sandbox.datadog.access import API_KEY, APPLICATION_KEY
from sandbox.pagerduty.access import API_TOKEN
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

MB = 1e6
_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.01

# A small interpreter starts the command: a child's peak memory begins at that of the process that forked it.
_LAUNCHER = """
import json, os, resource, sys, time
runs = []
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    child = os.fork()
    if not child:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.execv(sys.argv[2], sys.argv[2:])
    _, status, usage = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    runs.append((time.perf_counter() - began, usage.ru_maxrss * unit, status))
print(json.dumps(runs))
"""


@dataclass(frozen=True)
class Ended:
    """What one run of a command took."""

    seconds: float
    peak_bytes: int


def run_to_the_end(command: Sequence[str], times: int) -> list[Ended]:
    """Run a command several times, one after the other.

    Raises:
        RuntimeError: it failed.
    """
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(times), *command]
    answer = subprocess.run(launcher, stdout=subprocess.PIPE, check=True, text=True)
    runs = json.loads(answer.stdout)
    if any(status for _, _, status in runs):
        raise RuntimeError(f"{' '.join(command)} failed")
    return [Ended(seconds, peak_bytes) for seconds, peak_bytes, _ in runs]


def environment(sandbox_url: str) -> dict[str, str]:
    """The settings with which a bot connects to a sandbox."""
    return {
        "SLACK_API_URL": f"{sandbox_url}/slack/api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "KUBERNETES_API_URL": f"{sandbox_url}/k8s",
        "KUBERNETES_READ_TOKEN": "sandbox-read",
        "KUBERNETES_WRITE_TOKEN": "sandbox-write",
        "DD_API_KEY": API_KEY,
        "DD_APP_KEY": APPLICATION_KEY,
        "DD_API_URL": f"{sandbox_url}/datadog",
        "PAGERDUTY_TOKEN": API_TOKEN,
        "PAGERDUTY_API_URL": f"{sandbox_url}/pagerduty",
        "PAGERDUTY_EVENTS_URL": f"{sandbox_url}/pagerduty",
        "OPENAI_API_KEY": "",
    }


@contextmanager
def company(scenario: str) -> Iterator[str]:
    """URL of a sandbox in a process of its own, where no alert is posted."""
    with _server("sandbox", "--no-alert", "--port", "0", "--scenario", scenario) as url:
        yield url


@contextmanager
def replayed(sandbox_url: str, seconds: float) -> Iterator[str]:
    """URL of a stand-in that repeats a sandbox's answers, each after ``seconds`` (``benchmarks.replay``)."""
    with _server("benchmarks.replay", sandbox_url, str(seconds)) as url:
        yield url


@contextmanager
def served(module: str, *arguments: str) -> Iterator[str]:
    """URL of a stand-in in a process of its own: a module that prints ``page=URL`` when it is ready."""
    with _server(module, *arguments) as url:
        yield url


@contextmanager
def _server(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that prints ``page=URL`` when it is ready.

    Raises:
        RuntimeError: it did not start.
    """
    command = [sys.executable, "-m", module, *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = child.stdout.readline() if child.stdout else ""
        found = dict(part.split("=", 1) for part in line.split() if "=" in part)
        if "page" not in found:
            raise RuntimeError(f"{module} did not start")
        yield found["page"].rstrip("/")
    finally:
        _stop(child)


@dataclass(frozen=True)
class Bot:
    """A bot that serves."""

    process: psutil.Process
    ready_seconds: float
    """From the start of the process to ``/readyz`` answering 200."""

    def resident_bytes(self) -> int:
        """Memory of the bot and its children, the embedded database apart."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(p.memory_info().rss for p in family if "postgres" not in p.name())


@contextmanager
def bot(sandbox_url: str, **settings: str) -> Iterator[Bot]:
    """``srebot serve`` against a sandbox, with further settings by their environment names.

    Raises:
        RuntimeError: it did not get ready; with the end of its log.
    """
    port = _free_port()
    given = {**environment(sandbox_url), "SREBOT_PORT": str(port), **settings}
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"],
            stdout=log,
            stderr=log,
            env={**os.environ, **given},
        )
        try:
            if not _becomes_ready(child, f"http://127.0.0.1:{port}/readyz"):
                log.seek(0)
                raise RuntimeError(f"the bot did not get ready:\n{log.read()[-2000:].decode()}")
            yield Bot(psutil.Process(child.pid), time.perf_counter() - began)
        finally:
            _stop(child)


def _becomes_ready(child: subprocess.Popen[bytes], url: str) -> bool:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and child.poll() is None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _stop(child: subprocess.Popen[Any]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(name: str) -> str:
    """A console script beside this interpreter."""
    return str(Path(sys.executable).with_name(name))
