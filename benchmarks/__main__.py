"""``python -m benchmarks [name ...] [--json FILE]``: measure, print tables; exit status 1 when a promise is broken."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.figure import Figure, print_table
from bot.log import configure

BENCHMARKS = {
    "startup": "Start-up and memory",
    "investigation": "Wall time of an investigation against its critical path",
    "first_words": "From the alert to words in its thread",
    "tokens": "Prompts of a model",
    "graph_traversal": "A large company's graph: taking it in, and the ways through it",
    "weak_signals": "Emerging Issues: false alarms, lead time, cost",
    "graph_scan": "A large cluster into the graph, and its changes",
    "storm": "A thousand alerts in a minute",
    "rca": "Root causes of recorded faults",
    "kills": "Stories whose bot is killed with -9 at random moments",
    "trust": "Earned autonomy on simulated records, and confidence before and after recalibration",
    "redaction": "Secrets and personal data before the redaction",
    "grounding": "Made-up facts and true ones before the grounding gate",
}

_WITH_CASES = ("rca", "redaction")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, all by default."""
    options = _parser().parse_args(arguments)
    configure("ERROR")
    console = Console(stderr=options.json == "-")
    measured: dict[str, list[Figure]] = {}
    for name in options.names or BENCHMARKS:
        measure: Callable[..., list[Figure]] = import_module(f"benchmarks.{name}").measure
        with console.status(f"Measuring: {BENCHMARKS[name]}"):
            measured[name] = measure(options.cases) if name in _WITH_CASES else measure()
        print_table(console, BENCHMARKS[name], measured[name])
    if options.json:
        _write(options.json, {n: [f.as_json() for f in found] for n, found in measured.items()})
    return 0 if all(f.ok for found in measured.values() for f in found) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="name")
    parser.add_argument("--json", default="", metavar="FILE", help="write the figures; - prints")
    parser.add_argument(
        "--cases", type=Path, metavar="DIR", help="recorded faults for rca, tests for redaction"
    )
    return parser


def _write(place: str, figures: object) -> None:
    text = json.dumps(figures, indent=2) + "\n"
    if place == "-":
        sys.stdout.write(text)
    else:
        Path(place).write_text(text)


if __name__ == "__main__":
    sys.exit(main())
