"""Start-up and memory: ``srebot --help`` against an empty Python, and ``srebot serve`` until it is ready, then at rest."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.databases import database, folder
from benchmarks.figure import Figure
from benchmarks.processes import MB, Bot, Ended, bot, command, run_to_the_end
from sandbox.serving import running

_HELPS = 9
_STARTS = 3
_REST_SECONDS = 5.0
"""How long after it is ready a bot is taken to be at rest."""


def measure() -> list[Figure]:
    """Medians of several starts each."""
    with running("blip", posts_alerts=False) as sandbox:
        return [*_help(), *_serve(sandbox.url), *_serve_with_embedded(sandbox.url)]


def _help() -> list[Figure]:
    run_to_the_end([command("srebot"), "--help"], 1)  # compiles what is not compiled yet
    ours = run_to_the_end([command("srebot"), "--help"], _HELPS)
    empty = run_to_the_end([sys.executable, "-c", "pass"], _HELPS)
    return [
        Figure("srebot --help", _seconds(ours), "s", 0.3),
        Figure("srebot --help / python -c pass", _seconds(ours) / _seconds(empty), "x"),
        Figure("srebot --help, peak memory", _peak(ours) / MB, "MB", 50.0),
        Figure("python -c pass, peak memory", _peak(empty) / MB, "MB"),
    ]


def _seconds(runs: Sequence[Ended]) -> float:
    return median(r.seconds for r in runs)


def _peak(runs: Sequence[Ended]) -> float:
    return median(r.peak_bytes for r in runs)


def _serve(sandbox_url: str) -> list[Figure]:
    ready, resident = [], []
    with database() as url:
        for _ in range(_STARTS):
            with bot(sandbox_url, DATABASE_URL=url) as started:
                ready.append(started.ready_seconds)
                resident.append(_at_rest(started))
    return [
        Figure("serve: start to ready, database running", median(ready), "s", 5.0),
        Figure("serve: resident at rest", median(resident) / MB, "MB", 200.0),
    ]


def _at_rest(started: Bot) -> int:
    time.sleep(_REST_SECONDS)
    return started.resident_bytes()


def _serve_with_embedded(sandbox_url: str) -> list[Figure]:
    first, later = [], []
    for _ in range(_STARTS):
        with folder() as place:
            first.append(_embedded_start(sandbox_url, place))
            later.append(_embedded_start(sandbox_url, place))
    return [
        Figure("serve: start to ready, embedded database made anew", median(first), "s", 5.0),
        Figure("serve: start to ready, embedded database", median(later), "s", 5.0),
    ]


def _embedded_start(sandbox_url: str, place: Path) -> float:
    with bot(sandbox_url, DATABASE_URL="", SREBOT_DATA_FOLDER=str(place)) as started:
        return started.ready_seconds
