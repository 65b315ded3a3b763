"""A cluster of 5,000 Deployments with what belongs to them: the scan into the graph, and a change on its way there.

The cluster's stand-in, the database and the process that scans are apart, so that time and memory are the scanner's own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.databases import database
from benchmarks.figure import Figure, percentile
from benchmarks.processes import MB, run_to_the_end, served

DEPLOYMENTS = 5_000
SCAN_SECONDS = 60.0
RESIDENT_MB = 400.0
CHANGE_SECONDS = 2.0
_CHANGES = 40


def measure() -> list[Figure]:
    """Scan twice, each time in a fresh process, then follow changes in a third."""
    with database() as url, served("benchmarks.large_cluster", str(DEPLOYMENTS)) as cluster:
        figures: list[Figure] = []
        for name in ("new to the graph", "nothing changed"):
            figures += _scan(cluster, url, name)
        return figures + _follow(cluster, url)


def _scan(cluster: str, url: str, name: str) -> list[Figure]:
    seen, ended = _run("scan", cluster, url)
    size = f"{seen['entities']:,} entities, {seen['relations']:,} relations"
    return [
        Figure(f"scan of {size}, {name}", seen["seconds"], "s", SCAN_SECONDS),
        Figure(f"peak memory of the process, {name}", ended / MB, "MB", RESIDENT_MB),
    ]


def _follow(cluster: str, url: str) -> list[Figure]:
    seen, ended = _run("follow", cluster, url, str(_CHANGES))
    return [
        Figure("start of a watch, until the graph is whole", seen["seconds"], "s"),
        Figure("from a change to its row, p50", percentile(seen["delays"], 0.5), "s"),
        Figure(
            "from a change to its row, p95", percentile(seen["delays"], 0.95), "s", CHANGE_SECONDS
        ),
        Figure("peak memory of the process that watches", ended / MB, "MB", RESIDENT_MB),
    ]


def _run(*arguments: str) -> tuple[dict[str, Any], int]:
    """What ``benchmarks.cluster_reader`` tells of its work, and the most memory it had, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = [sys.executable, "-m", "benchmarks.cluster_reader", str(told), *arguments]
        ended = run_to_the_end(command, 1)[0]
        return json.loads(told.read_text()), ended.peak_bytes
