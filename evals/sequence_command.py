"""``srebot eval --sequence``: plays sequences, and says what known incidents cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from evals import sequence_table
from evals.playing import Terms
from evals.sequence import read_sequence
from evals.sequence_playing import live_through
from sandbox.world.scenario import ScenarioError


def play_all(
    wanted: Sequence[str],
    reasoners: Sequence[str],
    terms: Terms,
    json_file: Path | None,
    console: Console,
) -> int:
    """Play each sequence with each reasoner; 1 when one was wrong, or a known incident cost too much."""
    try:
        sequences = [read_sequence(name) for name in wanted]
    except ScenarioError as error:
        sys.stderr.write(f"srebot eval: {error}\n")
        return 2
    found, right = [], True
    for sequence in sequences:
        for reasoner in reasoners:
            lived = live_through(
                sequence, reasoner, terms, lambda one: console.print(sequence_table.line(one))
            )
            sequence_table.show(console, sequence, reasoner, lived)
            found.append(sequence_table.as_json(sequence, reasoner, lived))
            right = right and sequence_table.all_right(lived)
    if json_file:
        json_file.write_text(json.dumps({"sequences": found}, indent=2), encoding="utf-8")
    return int(not right)
