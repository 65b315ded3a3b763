"""The two sides of a play as child processes: the company behind its vendors' APIs, and the bot that works for it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from socket import create_server
from typing import ClassVar

_START_SECONDS = 90.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_TAIL = 2_000
_ROOT = Path(__file__).parents[1]
_FOREIGN = ("SREBOT_", "OPENAI_", "SLACK_", "DD_", "PAGERDUTY_", "KUBERNETES_", "DATABASE_URL")
"""Settings of the machine's own bot, which have no business in a play."""


class PlayError(RuntimeError):
    """A play could not be carried out; the sentence says why."""


class Process:
    """A child process; standard error goes to a file, standard output is read line by line.

    It runs in the folder of that file, so that no ``.env`` of the machine's own bot is read.
    """

    _alive: ClassVar[set[Process]] = set()

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], errors: Path) -> None:
        self._errors = errors
        own = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        paths = [str(_ROOT), *filter(None, [own.get("PYTHONPATH")])]
        with errors.open("wb") as stream:
            self._child = subprocess.Popen(  # noqa: S603 (our own modules)
                [sys.executable, *arguments],
                stdout=subprocess.PIPE,
                stderr=stream,
                cwd=errors.parent,
                env={**own, **settings, "PYTHONPATH": os.pathsep.join(paths)},
                text=True,
                start_new_session=True,
            )
        self._alive.add(self)
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._child.stdout or ():
            self._lines.put(line)

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def line(self, pattern: str, seconds: float) -> str:
        """The next line that matches.

        Raises:
            PlayError: it ended, or did not print it in time.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=_POLL_SECONDS)
            except Empty:
                if not self.running:
                    break
                continue
            if re.search(pattern, line):
                return line
        raise PlayError(f"it did not print {pattern}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of what it wrote on standard error."""
        return self._errors.read_text(errors="replace")[-_TAIL:]

    def stop(self) -> None:
        """Ask it to stop, and make it."""
        self._alive.discard(self)
        if not self.running:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @classmethod
    def stop_all(cls) -> None:
        """Stop every one that runs, so that the plays they belong to come to an end."""
        for process in list(cls._alive):
            process.stop()


@dataclass(frozen=True)
class Company:
    """Where a company's APIs are, from the line that its server prints."""

    addresses: Mapping[str, str]

    @property
    def page(self) -> str:
        """The page of its Slack."""
        return self.addresses["page"].rstrip("/")

    def settings(self) -> dict[str, str]:
        """With which a bot connects to it."""
        found = self.addresses
        read, write = found["k8s_tokens"].split(",")
        api_key, app_key = found["datadog_keys"].split(",")
        return {
            "SLACK_API_URL": found["slack"],
            "SLACK_BOT_TOKEN": found["slack_bot_token"],
            "SLACK_APP_TOKEN": found["slack_app_token"],
            "SLACK_SIGNING_SECRET": found["slack_signing_secret"],
            "SLACK_ALERT_CHANNELS": "alerts",
            "SLACK_SUPPORT_CHANNELS": "support-tickets",
            "SLACK_KNOWLEDGE_CHANNELS": "team-discovery,team-identity,incidents,deploys",
            "KUBERNETES_API_URL": found["k8s"],
            "KUBERNETES_READ_TOKEN": read,
            "KUBERNETES_WRITE_TOKEN": write,
            "DD_API_KEY": api_key,
            "DD_APP_KEY": app_key,
            "DD_API_URL": found["datadog"],
            "PAGERDUTY_TOKEN": found["pagerduty_token"],
            "PAGERDUTY_API_URL": found["pagerduty"],
            "PAGERDUTY_EVENTS_URL": found["pagerduty"],
        }


@contextmanager
def company(arguments: Sequence[str], folder: Path) -> Iterator[Company]:
    """A company that is served; ``arguments`` are those of ``python -m sandbox``."""
    process = Process(["-m", "sandbox", "--port", "0", *arguments], {}, folder / "sandbox.log")
    try:
        line = process.line(r"^sandbox ready ", _START_SECONDS)
        yield Company(dict(part.split("=", 1) for part in line.split()[2:]))
    finally:
        process.stop()


@contextmanager
def bot(
    company: Company,
    folder: Path,
    settings: Mapping[str, str],
    module: Sequence[str] = ("bot.cli", "serve"),
) -> Iterator[str]:
    """``srebot serve`` with a database of its own in ``folder``; yields the URL of its pages once it is ready.

    ``module`` is what serves, with its arguments.

    Raises:
        PlayError: it does not get ready.
    """
    port = _free_port()
    pages = f"http://127.0.0.1:{port}"
    given = {
        "SREBOT_DATA_FOLDER": str(folder / "data"),
        "SREBOT_PORT": str(port),
        "SREBOT_EXECUTOR_ID": "srebot-eval",
        "SREBOT_LOG_JSON": "false",
        **company.settings(),
        **settings,
    }
    process = Process(["-m", *module], given, folder / "srebot.log")
    try:
        _wait_until_ready(process, f"{pages}/readyz")
        yield pages
    finally:
        process.stop()


def _wait_until_ready(process: Process, url: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.running:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (loopback)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_SECONDS)
    raise PlayError(f"the bot did not get ready:\n{process.tail()}")


def _free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as bound:
        return int(bound.getsockname()[1])
