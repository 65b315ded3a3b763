"""Root causes ranked on recorded faults of real systems that no one here made: ``python -m benchmarks rca --cases DIR``.

``DIR`` holds a folder for each system with a ``truth.json`` (case id -> entity) and a folder for each case, in the form that
``srebot rca`` reads. Cases are read and ranked one after the other in this process. What others reach on the same cases is
set beside it: that of n-sigma, BARO (FSE 2024), traversal and self-time was measured on the development part, that of Nezha
is as published for all its cases. The truth is opened here only, once the ranking is made.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from agent.analysis.rca.ranking import rank
from agent.analysis.rca.reading import read_folder
from benchmarks.figure import Figure

AIMS = {"nezha-onlineboutique": 0.90, "nezha-trainticket": 0.80, "petshop": 0.60}
"""AC@1 that was promised."""
_PEERS = {
    "nezha-onlineboutique": {
        "n-sigma": 0.417,
        "BARO": 0.458,
        "traversal": 0.333,
        "self-time": 0.333,
        "Nezha": 0.929,
    },
    "nezha-trainticket": {
        "n-sigma": 0.059,
        "BARO": 0.000,
        "traversal": 0.000,
        "self-time": 0.176,
        "Nezha": 0.867,
    },
    "petshop": {"n-sigma": 0.100, "BARO": 0.300, "traversal": 0.000},
}
_SECONDS = 1.0


@dataclass(frozen=True)
class Placed:
    """Where the true entity came in one case's ranking, and how long that took."""

    place: int | None
    """1 is first; None where the ranking lacks it."""
    seconds: float


def measure(cases: Path | None = None) -> list[Figure]:
    """Shares of cases whose true entity is not among the first, and the median seconds of a case; empty without cases."""
    folders = sorted(p.parent for p in cases.glob("*/truth.json")) if cases else []
    if not folders:
        where = cases or "no folder"
        sys.stderr.write(f"rca: {where} holds no recorded cases; name a folder with --cases DIR.\n")
        return []
    return [figure for folder in folders for figure in figures(folder.name, placed(folder))]


def placed(folder: Path) -> list[Placed]:
    """Rank all cases of one system."""
    truth = json.loads((folder / "truth.json").read_text())
    found = []
    for case, facts in truth.items():
        started = time.perf_counter()
        entities = [r.entity for r in rank(read_folder(folder / case))]
        seconds = time.perf_counter() - started
        entity = facts["entity"]
        place = entities.index(entity) + 1 if entity in entities else None
        found.append(Placed(place, seconds))
    return found


def figures(system: str, cases: list[Placed]) -> list[Figure]:
    """A system's figures; misses, since figures are promised as the most that they may be."""

    def missed(first: int) -> float:
        return sum(c.place is None or c.place > first for c in cases) / len(cases)

    aim = AIMS.get(system)
    peers = ", ".join(f"{name} {1 - ac:.3f}" for name, ac in _PEERS.get(system, {}).items())
    beside = f" ({peers})" if peers else ""
    return [
        Figure(
            f"{system}, {len(cases)} cases: cause not first{beside}",
            missed(1),
            "",
            None if aim is None else 1 - aim,
        ),
        Figure(f"{system}: cause not among the first 3", missed(3), ""),
        Figure(f"{system}: cause not among the first 5", missed(5), ""),
        Figure(
            f"{system}: median of a case",
            statistics.median(c.seconds for c in cases),
            "s",
            _SECONDS,
        ),
    ]
