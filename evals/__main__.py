"""``python -m evals``, which ``srebot eval`` runs: plays scenarios against a running bot and prints how right it was."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.console import Console

from evals import checking, page, sequence_command, table
from evals.catalogue import modes
from evals.playing import BARE, MODEL, RULES, Stage, Terms, play
from evals.processes import Process
from evals.result import Result, totals
from evals.sequence_playing import SCRIPTED
from evals.stages import recorded_stages, scenario_stages
from sandbox.world.scenario import FOLDER, ScenarioError

_MODEL_PREFIX = "OPENAI_"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and play; returns the exit status."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    signal.signal(signal.SIGTERM, _interrupt)
    if options.check:
        return _check(options.check, console)
    model = {k: v for k, v in os.environ.items() if k.startswith(_MODEL_PREFIX)}
    reasoners = _reasoners(options.reasoner, model, console)
    if options.sequence:
        terms = Terms(model, seconds=options.seconds)
        return sequence_command.play_all(options.sequence, reasoners, terms, options.json, console)
    try:
        stages = _stages(options)
    except ScenarioError as error:
        sys.stderr.write(f"srebot eval: {error}\n")
        return 2
    terms = Terms(model, seconds=options.seconds, quiet_seconds=options.quiet_seconds)
    results = _play_all([(s, r) for s in stages for r in reasoners], terms, options.jobs, console)
    if not results:
        sys.stderr.write("srebot eval: there is nothing to play\n")
        return 2
    table.show(console, results)
    _write(results, options)
    return _status(results, options.least)


def _play_all(
    plays: Sequence[tuple[Stage, str]], terms: Terms, jobs: int, console: Console
) -> list[Result]:
    """Play, ``jobs`` at once; the results in the order of ``plays``."""
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(play, stage, reasoner, terms): n
            for n, (stage, reasoner) in enumerate(plays)
        }
        found: dict[int, Result] = {}
        try:
            for done in as_completed(running):
                found[running[done]] = done.result()
                console.print(table.line(done.result()))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            Process.stop_all()
            console.print("Interrupted: what was played by then follows.")
    return [found[n] for n in sorted(found)]


def _stages(options: argparse.Namespace) -> list[Stage]:
    if options.recorded:
        return recorded_stages(options.recorded)
    return scenario_stages(options.scenarios, () if options.all else options.scenario)


def _reasoners(wanted: Sequence[str], model: dict[str, str], console: Console) -> list[str]:
    """The columns; those that need a model are left out where none is configured."""
    chosen = list(dict.fromkeys(wanted)) or [RULES]
    if model.get("OPENAI_API_KEY"):
        return chosen
    skipped = [name for name in chosen if name in (MODEL, BARE)]
    if skipped:
        console.print(
            f"[yellow]Left out: {', '.join(skipped)}.[/] They need a model: set OPENAI_API_KEY "
            "(and OPENAI_BASE_URL, OPENAI_MODEL for an endpoint of your own)."
        )
    return [name for name in chosen if name not in skipped]


def _write(results: Sequence[Result], options: argparse.Namespace) -> None:
    if options.json:
        options.json.write_text(json.dumps(as_json(results), indent=2), encoding="utf-8")
    if options.html:
        options.html.write_text(page.render(as_json(results)), encoding="utf-8")


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The whole evaluation as data."""
    return {
        "totals": [total.__dict__ for total in totals(results)],
        "results": [result.as_json() for result in results],
    }


def _status(results: Sequence[Result], least: float | None) -> int:
    """1 when a reasoner is right in less than ``least`` of the scenarios."""
    if least is None:
        return 0
    return int(any(total.cause < least for total in totals(results)))


def _check(files: Sequence[Path], console: Console) -> int:
    wrong = 0
    for path in files:
        found = checking.problems(path, modes())
        wrong += bool(found)
        console.print(f"{path}: {'not right' if found else 'right'}", highlight=False)
        for problem in found:
            console.print(f"  {problem}", markup=False, highlight=False)
    return int(wrong > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="srebot eval",
        description="Play scenarios against a running bot and judge what it finds. Exit status 1: below --least.",
    )
    add = parser.add_argument
    add("--scenario", action="append", default=[], metavar="NAME", help="one of them; repeatable")
    add("--all", action="store_true", help="all of them, which is also what is played without NAME")
    add("--scenarios", type=Path, default=FOLDER, metavar="DIR", help="a folder of scenario files")
    add(
        "--recorded",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="play a recorded case (docs/replay.md); repeatable",
    )
    add(
        "--reasoner",
        action="append",
        default=[],
        choices=(RULES, MODEL, BARE, SCRIPTED),
        help="repeatable; rules is the default; scripted (with --sequence): a model that thinks as the rules do",
    )
    add(
        "--sequence",
        action="append",
        default=[],
        metavar="FILE|NAME",
        help="recurring incidents in a row against one memory; repeatable",
    )
    add("--json", type=Path, metavar="FILE", help="write everything as JSON")
    add("--html", type=Path, metavar="FILE", help="write a page")
    add("--jobs", type=_positive, default=1, metavar="N", help="plays at once")
    add(
        "--least",
        type=_share,
        metavar="SHARE",
        help="of scenarios right in cause, 0 to 1; below it the exit status is 1",
    )
    add("--seconds", type=float, default=180.0, help="the longest that a play may take")
    add(
        "--quiet-seconds",
        type=float,
        default=20.0,
        help="for so long nothing may begin where nothing is wrong",
    )
    add(
        "--check",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="only say whether scenario files are right",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError("between 0 and 1")
    return share


def _interrupt(_number: int, _frame: object) -> None:
    """Being told to stop is like Ctrl-C: children are stopped as well."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
