"""A real bot process against a simulated company: started, killed with -9 and started again with the same memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server
from threading import Event, Lock, Thread
from typing import Any, TypeVar
from urllib.parse import parse_qs

from sandbox.datadog.access import API_KEY, APPLICATION_KEY
from sandbox.github.access import SREBOT_TOKEN
from sandbox.github.api import REPOSITORY
from sandbox.pagerduty.access import API_TOKEN
from sandbox.serving import Running, running
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.unit.sandbox.slack.patience import be_patient

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.1
READY_SECONDS = 90.0
STOP_SECONDS = 30.0


def eventually(
    condition: Callable[[], T], seconds: float = 60.0, what: str | Callable[[], str] = ""
) -> T:
    """Wait until it gives something true, and return that.

    Bounds are for a machine that is busy with other tests: what happens is not waited for so long.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            told = what() if callable(what) else what
            raise AssertionError(told or f"it did not happen within {seconds:g} s")
        time.sleep(POLL_SECONDS)
    return found


def settings_for(company: str) -> dict[str, str]:
    """The settings with which a bot connects to the sandbox at that URL."""
    return {
        "SLACK_API_URL": f"{company}/slack/api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "KUBERNETES_API_URL": f"{company}/k8s",
        "KUBERNETES_READ_TOKEN": "sandbox-read",
        "KUBERNETES_WRITE_TOKEN": "sandbox-write",
        "DD_API_KEY": API_KEY,
        "DD_APP_KEY": APPLICATION_KEY,
        "DD_API_URL": f"{company}/datadog",
        "PAGERDUTY_TOKEN": API_TOKEN,
        "PAGERDUTY_API_URL": f"{company}/pagerduty",
        "PAGERDUTY_EVENTS_URL": f"{company}/pagerduty",
        "PAGERDUTY_FROM_EMAIL": "mira@sundial.example",
        "GITHUB_API_URL": f"{company}/github",
        "GITHUB_TOKEN": SREBOT_TOKEN,
        "GITHUB_REPOSITORY": REPOSITORY,
        "SREBOT_CHANGE_APPROVERS": "discovery,identity,payments,platform",
        "SREBOT_TEAM_LEADS": "U0TEAMLEAD,U0GRACE,U0AISHA",
    }


class BotProcess:
    """``srebot serve`` as a child process.

    Args:
        company: the sandbox's URL.
        database_url: a migrated database, which is the bot's whole memory.
        log: where its standard output and error go.
        settings: environment variables beside those that connect it.
    """

    def __init__(
        self, company: str, database_url: str, log: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self.pages = ""
        self.starts = 0
        """How often a supervisor started it."""
        self._settings = {
            "DATABASE_URL": database_url,
            "SREBOT_LOG_JSON": "false",
            "SREBOT_WATCH_SECONDS": "3",
            "SREBOT_WATCH_INTERVAL_SECONDS": "1",
            "SREBOT_PATIENCE_SECONDS": "1",
            # A story's alert is not to be anticipated: those on weak signals set it.
            "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "0",
            **settings_for(company),
            **(settings or {}),
        }
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    @property
    def pid(self) -> int:
        """Of the running process; 0 when none runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else 0

    def launch(self) -> None:
        """Start it, without waiting until it is ready."""
        port = _free_port()
        self.pages = f"http://127.0.0.1:{port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("SREBOT_", "OPENAI_"))}
        with self.log.open("ab") as stream:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "serve"],
                cwd=ROOT,
                env={**clean, **self._settings, "SREBOT_PORT": str(port)},
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start it and wait until all its parts are ready."""
        self.launch()
        eventually(self._is_ready_or_dead, READY_SECONDS, f"not ready:\n{self.tail()}")
        assert self.pid, f"the bot ended:\n{self.tail()}"

    def kill(self) -> None:
        """``kill -9``, at once; may be called from any thread."""
        with self._lock:
            if self.pid and self._child is not None:
                self._child.kill()
                self._child.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to stop, and make it when it does not."""
        if not self.pid or self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """While this lasts, it is started again whenever it has died, as a supervisor would; killed in the end."""
        over = Event()

        def keep() -> None:
            while not over.wait(POLL_SECONDS):
                with self._lock:
                    if not self.pid:
                        self.launch()
                        self.starts += 1

        keeper = Thread(target=keep, name="supervisor", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            self.kill()

    def tail(self, characters: int = 4000) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def _is_ready_or_dead(self) -> bool:
        if not self.pid:
            return True
        try:
            with urllib.request.urlopen(f"{self.pages}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as bound:
        return int(bound.getsockname()[1])


@dataclass(frozen=True)
class Request:
    """One request that the bot made of the company."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    status: int = 0

    @property
    def is_change(self) -> bool:
        """Whether it wrote to the cluster, a dry run not being a change."""
        writes = self.method in ("PATCH", "PUT", "POST", "DELETE")
        return writes and self.path.startswith("/k8s/") and "dryRun" not in self.query


@dataclass
class Wire:
    """Between the bot and the company: sees every request, and can act before it is handled or once it was.

    It takes the place of the sandbox's ASGI application. ``before`` and ``after`` run on the sandbox's event loop;
    ``after`` runs when the company has done what was asked and before the bot hears of it.
    """

    app: Any
    before: Callable[[Request], None] = lambda _: None
    after: Callable[[Request], None] = lambda _: None
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle an ASGI connection."""
        if scope["type"] != "http" or scope["path"].startswith("/page/"):
            await self.app(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode())
        asked = Request(scope["method"], scope["path"], query)
        self.before(asked)

        async def answering(message: Any) -> None:
            if message["type"] == "http.response.start":
                done = Request(asked.method, asked.path, query, message["status"])
                self.requests.append(done)
                self.after(done)
            await send(message)

        await self.app(scope, receive, answering)

    @property
    def changes(self) -> list[Request]:
        """The writes that the cluster accepted."""
        return [r for r in self.requests if r.is_change and r.status < 300]


@dataclass(frozen=True)
class Company:
    """A sandbox that is served, with its wire."""

    running: Running
    wire: Wire

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.running.url


@contextmanager
def company(scenario: str = "redis-memory-pressure", **options: Any) -> Iterator[Company]:
    """Serve a scenario in a thread; ``options`` are those of ``sandbox.app.build``."""
    options.setdefault("alert_delay_seconds", 0.2)
    with running(scenario, **options) as served:
        be_patient(served.sandbox.workspace)
        app = served.sandbox.app
        wire = Wire(app.middleware_stack)
        app.middleware_stack = wire
        yield Company(served, wire)
