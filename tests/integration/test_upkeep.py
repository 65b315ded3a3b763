"""The schedules in real processes on a real database: one or two of them, killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from croniter import croniter  # type: ignore[import-untyped]  # what DBOS reads them with
from hypothesis import given
from hypothesis import strategies as st

from agent.upkeep import cron_of
from tests.e2e.bot_process import ROOT, eventually

SECONDS = 60


@contextmanager
def process(
    url: str, journal: Path, executor: str, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A process that serves the schedules, ready."""
    with (journal.parent / f"{executor}.log").open("ab") as log:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.integration.upkeep_process",
                url,
                str(journal),
                str(SECONDS),
            ],
            cwd=ROOT,
            env={**os.environ, "EXECUTOR": executor, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert child.stdout is not None
            while (line := child.stdout.readline()) != "ready\n":
                assert line, "it ended before it was ready"
            yield child
        finally:
            child.kill()
            child.wait()
            child.stdout.close()  # type: ignore[union-attr]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where the sources note that they were scanned."""
    place = tmp_path / "journal"
    place.touch()
    return place


def scans(journal: Path) -> list[tuple[str, str]]:
    """(executor, source) of each scan of a source."""
    return [(w[0], w[1]) for w in map(str.split, journal.read_text().splitlines())]


def ticks(url: str) -> list[tuple[str, str]]:
    """(id, status) of the workflows of the schedule."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute(
            "SELECT workflow_uuid, status FROM dbos.workflow_status"
            " WHERE workflow_uuid LIKE 'sched-srebot-scan-2%' ORDER BY workflow_uuid"
        )
        return [(str(a), str(b)) for a, b in found.fetchall()]


def steps(url: str) -> int:
    """How many steps are kept."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute("SELECT count(*) FROM dbos.operation_outputs").fetchone()
        assert found is not None
        return int(found[0])


def schedules(url: str) -> list[str]:
    """Names of the schedules in the database."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute("SELECT schedule_name FROM dbos.workflow_schedules")
        return sorted(str(name) for (name,) in found.fetchall())


def test_two_processes_run_each_tick_once_and_a_failing_source_stops_no_other(
    database_url: str, journal: Path
) -> None:
    with process(database_url, journal, "one"), process(database_url, journal, "two"):
        eventually(lambda: len(ticks(database_url)) >= 4 and len(scans(journal)) >= 15, 90)

    done = [name for name, status in ticks(database_url) if status == "SUCCESS"]
    by_source = Counter(source for _, source in scans(journal))
    assert set(by_source) == {"away", "defective", "sound"}
    starts = 2  # at most: processes that start in the same minute share their first scan
    assert len(done) <= by_source["sound"] <= len(ticks(database_url)) + starts
    assert max(by_source.values()) - min(by_source.values()) <= 1


def test_a_restart_finds_its_schedules_and_goes_on(database_url: str, journal: Path) -> None:
    with process(database_url, journal, "one") as child:
        eventually(lambda: len(ticks(database_url)) >= 2, 50)
        child.kill()  # as kill -9 does
        child.wait()
    before, seen = schedules(database_url), len(scans(journal))

    with process(database_url, journal, "one"):
        eventually(lambda: len(scans(journal)) >= seen + 6, 50)

    assert schedules(database_url) == before
    assert "srebot-scan" in before
    assert "srebot-digest" not in before, "the timetable wants none"


def test_ticks_that_are_over_do_not_pile_up(database_url: str, journal: Path) -> None:
    with process(database_url, journal, "one", TICKS_KEPT_SECONDS="0"):
        eventually(lambda: len(scans(journal)) >= 3 * 8, 90)
    assert len(ticks(database_url)) <= 4
    assert steps(database_url) <= 4 * len(ticks(database_url)) + 12, "their steps go with them"


@given(st.floats(min_value=1, max_value=90_000))
def test_an_interval_becomes_a_cron_expression_that_comes_no_less_often(seconds: float) -> None:
    it = croniter(cron_of(seconds), datetime(2026, 1, 1, tzinfo=UTC), second_at_beginning=True)
    moments = [it.get_next(datetime) for _ in range(4)]
    gaps = {b - a for a, b in pairwise(moments)}

    assert len(gaps) == 1, "evenly spaced"
    gap = gaps.pop()
    assert timedelta(seconds=seconds / 2.1) <= gap <= timedelta(seconds=max(seconds, 1) * 1.5)
