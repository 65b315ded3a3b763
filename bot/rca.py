"""``srebot rca``: rank the likely causes of a recorded incident from its files, without a vendor, a database or a model."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from agent.analysis.rca.ranking import Ranked
    from agent.analysis.rca.reading import Case

BAD_INPUT = 2
_REASONS = 5
_SHOWN = 10


def run(
    case: Path,
    metrics: Path,
    graph: Path | None = None,
    logs: Path | None = None,
    traces: Path | None = None,
    *,
    explain: bool = False,
    out: TextIO | None = None,
) -> int:
    """Rank, and print one JSON line (or, to explain, a table).

    Returns:
        The exit status: 2 when a file is missing or not in the form, said in one sentence on standard error.
    """
    from agent.analysis.rca.ranking import rank
    from agent.analysis.rca.reading import CaseError, read_case

    started = time.perf_counter()
    try:
        read = read_case(case, metrics, graph, logs, traces)
    except CaseError as error:
        sys.stderr.write(f"srebot: {error}\n")
        return BAD_INPUT
    ranked = rank(read)
    seconds = time.perf_counter() - started
    text = _table(ranked) if explain else json.dumps(answer(read, ranked, seconds))
    (out or sys.stdout).write(text + "\n")
    return 0


def answer(case: Case, ranked: list[Ranked], seconds: float) -> dict[str, object]:
    """The ranking as data: entities best first, and why."""
    reasons = [i for r in ranked for i in r.indicators[:_REASONS]][:_REASONS]
    return {
        "dataset": case.dataset,
        "case_id": case.id,
        "ranking": [r.entity for r in ranked],
        "seconds": round(seconds, 4),
        "indicators": [
            {
                "entity": i.entity,
                "family": i.family,
                "name": i.name,
                "strength": round(i.strength, 2),
                "text": i.text,
            }
            for i in reasons
        ],
    }


def _table(ranked: list[Ranked]) -> str:
    lines = [f"{'entity':44} {'score':>6}  {'onset':8}  why"]
    for r in ranked[:_SHOWN]:
        if not r.indicators:
            break
        onset = f"{datetime.fromtimestamp(r.onset, UTC):%H:%M:%S}" if r.onset else "-"
        first, *others = r.indicators[:_REASONS]
        lines.append(f"{r.entity[:44]:44} {r.score:6.2f}  {onset:8}  {first.family}: {first.text}")
        lines += [f"{'':62}{i.family}: {i.text}" for i in others]
    if len(lines) == 1:
        lines.append("Nothing departed from what is usual.")
    return "\n".join(lines)
