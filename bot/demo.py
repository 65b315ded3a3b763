"""``srebot demo``: a simulated company beside the bot, each in its own process, meeting on the wire only.

The person at the page is a human, or, with ``--headless --approve``, this process clicking through the page's JSON.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from rich.console import Console
from rich.markup import escape

from agent.errors import SrebotError
from bot.demo_person import Person, Story

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_MOST_DEMOS = 9
_ENGINEER = "U0ENGINEER"
_ALERTS = "C0ALERTS"


@dataclass(frozen=True)
class Company:
    """Where the simulated company's APIs are, from the line that its server prints."""

    addresses: Mapping[str, str]

    @property
    def page(self) -> str:
        """The Slack page."""
        return self.addresses["page"]

    def environment(self) -> dict[str, str]:
        """The settings with which a bot connects to it."""
        found = self.addresses
        read, write = found["k8s_tokens"].split(",")
        api_key, app_key = found["datadog_keys"].split(",")
        return {
            "SLACK_API_URL": found["slack"],
            "SLACK_BOT_TOKEN": found["slack_bot_token"],
            "SLACK_APP_TOKEN": found["slack_app_token"],
            "SLACK_SIGNING_SECRET": found["slack_signing_secret"],
            "SLACK_ALERT_CHANNELS": "alerts",
            "KUBERNETES_API_URL": found["k8s"],
            "KUBERNETES_READ_TOKEN": read,
            "KUBERNETES_WRITE_TOKEN": write,
            "DD_API_KEY": api_key,
            "DD_APP_KEY": app_key,
            "DD_API_URL": found["datadog"],
            "PAGERDUTY_TOKEN": found["pagerduty_token"],
            "PAGERDUTY_API_URL": found["pagerduty"],
            "PAGERDUTY_EVENTS_URL": found["pagerduty"],
            "PAGERDUTY_FROM_EMAIL": "mira@sundial.example",
            "GITHUB_API_URL": found["github"],
            "GITHUB_TOKEN": found["github_token"],
            "GITHUB_REPOSITORY": found["github_repository"],
            "SREBOT_CHANGE_APPROVERS": "discovery,identity,payments,platform",
            "SREBOT_TEAM_LEADS": "U0TEAMLEAD,U0GRACE,U0AISHA",
            "SREBOT_REPOSITORIES": found["git"],
            "SLACK_SUPPORT_CHANNELS": "support-tickets",
            "SLACK_KNOWLEDGE_CHANNELS": "team-discovery,team-identity,incidents,deploys",
        }


class Process:
    """A child process whose standard output is read line by line."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as stream:
            self._child = subprocess.Popen(  # noqa: S603 (our own modules)
                [sys.executable, *arguments],
                stdout=subprocess.PIPE,
                stderr=stream,
                env={**os.environ, **environment},
                text=True,
                start_new_session=True,
            )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._child.stdout or ():
            self._lines.put(line)

    def line(self, pattern: str, seconds: float) -> str:
        """The next line that matches.

        Raises:
            SrebotError: it ended, or did not print it in time; with the end of what it wrote on standard error.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=0.2)
            except Empty:
                if self._child.poll() is not None:
                    break
                continue
            if re.search(pattern, line):
                return line
        tail = self._errors.read_text(errors="replace")[-2000:]
        raise SrebotError(f"A part of the demo did not start:\n{tail}")

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def stop(self) -> None:
        """Ask it to stop, and make it."""
        if self.running:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()


_UNALERTED = {
    "emerging-redis": "no alert will fire for hours: watch what srebot notices by itself within a minute",
    "quiet-week": "nothing is wrong, so nothing should be said",
}
"""Scenarios in which no alert is posted."""


@contextmanager
def _company(scenario: str, port: int, folder: Path) -> Iterator[Company]:
    arguments = ["-m", "sandbox", "--scenario", scenario, "--port", str(port)]
    process = Process(arguments, {}, folder / "sandbox.log")
    try:
        line = process.line(r"^sandbox ready ", _START_SECONDS)
        yield Company(dict(part.split("=", 1) for part in line.split()[2:]))
    finally:
        process.stop()


@contextmanager
def _bot(company: Company, folder: Path, data: Path, scenario: str) -> Iterator[str]:
    """The bot as ``srebot serve`` runs it; yields the URL of its pages."""
    environment = {
        "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "15" if scenario in _UNALERTED else "300",
        "SREBOT_DATA_FOLDER": str(data),
        "SREBOT_PORT": "0",
        "SREBOT_WATCH_SECONDS": "240",
        "SREBOT_WATCH_HOLD_SECONDS": "10",
        "SREBOT_WATCH_INTERVAL_SECONDS": "5",
        "SREBOT_EXECUTOR_ID": "srebot-demo",
        **company.environment(),
    }
    process = Process(["-m", "bot.demo_bot"], environment, folder / "srebot.log")
    try:
        yield process.line(r"^srebot ready ", _START_SECONDS).split()[2]
    finally:
        process.stop()


@contextmanager
def _data_folder() -> Iterator[Path]:
    """The demo's own database, apart from a real bot's; demos that run at the same time take one each."""
    from agent.store.embedded import default_data_folder

    parent = default_data_folder().parent
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_DEMOS + 1):
        with (parent / f"demo-{number}.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield parent / f"demo-{number}"
            return
    raise SrebotError(f"{_MOST_DEMOS} demos are running already; stop one of them.")


def play(scenario: str, port: int, *, headless: bool, approve: bool, open_page: bool) -> int:
    """Play a scenario; returns the exit status: 1 when ``approve`` was asked for and no recovery was seen."""
    console = Console()
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="srebot-demo-")))
        with console.status("Starting a simulated company and its Slack"):
            company = stack.enter_context(_company(scenario, port, folder))
        with console.status("Starting srebot with its database"):
            data = stack.enter_context(_data_folder())
            pages = stack.enter_context(_bot(company, folder, data, scenario))
        person = Person(company.page, _ENGINEER, _ALERTS)
        console.print(
            f"Ready after {time.monotonic() - began:.1f} s. At the company it is the quiet of 3 AM "
            f"(clocks show your time), and {_UNALERTED.get(scenario, 'an alert is about to fire')}."
        )
        _print_addresses(console, company, pages)
        if headless:
            return Story(person, console, approves=approve).tell()
        if open_page and sys.stdout.isatty():
            webbrowser.open(person.page)
        Story(person, console, approves=False).follow()
    console.print("\nStopped.")
    return 130 if headless else 0


def _interrupt(_number: int, _frame: object) -> None:
    """Being told to stop is like Ctrl-C: the children are stopped as well."""
    raise KeyboardInterrupt


def _print_addresses(console: Console, company: Company, pages: str) -> None:
    alerts = f"{company.page}?user={_ENGINEER}&channel={_ALERTS}"
    console.print(f"  Slack, as the engineer on call: [link={alerts}]{escape(alerts)}[/link]")
    console.print(f"  Investigation records:          [link={pages}]{escape(pages)}[/link]")
    console.print("  Ctrl-C stops everything.\n")
