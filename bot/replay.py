"""``srebot replay``: shows a past investigation as it went, plays it again, and takes it another way."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from agent.errors import SrebotError
from agent.investigation.comparing import first_difference
from agent.investigation.forking import Present, fork, point_of
from agent.investigation.recorded import PastRun, runs_of
from agent.investigation.replay import Differs, play
from agent.investigation.verdicts import Verdict, differing, verdict_of
from agent.model import Case, Hypothesis, SignalKind, Step
from agent.ports import Reasoner
from agent.reasoning.rules import Rules
from agent.store.engine import create_engine
from agent.store.repository import Store
from agent.tools import Registry
from bot.replay_text import print_run, print_verdicts
from bot.runtime import parts, reasoner_of
from bot.settings import Settings

MOST_INVESTIGATIONS = 2**63 - 1
"""What the column holds: larger numbers exist nowhere."""


@dataclass(frozen=True)
class Wanted:
    """What a person wants to see of a past investigation."""

    number: int
    start: str = ""
    """Where it is taken another way, as ``point_of`` reads it; empty: at the start, if at all."""
    hint: str = ""
    model: str = ""
    """The model that thinks from there on, ``rules`` for none; empty: the sort of reasoner that it had."""
    live: bool = False
    as_json: bool = False

    @property
    def is_fork(self) -> bool:
        """Whether it is taken another way."""
        return bool(self.start or self.hint or self.model or self.live)


@dataclass(frozen=True)
class Record:
    """A past investigation as the database holds it."""

    case: Case
    runs: tuple[PastRun, ...]
    boards: tuple[tuple[int, tuple[Hypothesis, ...]], ...]
    steps: tuple[Step, ...]
    """With their raw answers, as far as these are kept."""
    emptied: int
    """How many steps' raw answers were let go by the retention."""


async def replay(settings: Settings, url: str, wanted: Wanted, console: Console) -> int:
    """Show what is wanted; returns the exit status: 1 when it is not the same when it is played again.

    Raises:
        SrebotError: there is no such investigation, step or round, or no journal of it.
    """
    store = Store(create_engine(url))
    try:
        record = await _record(store, wanted.number)
    finally:
        await store.close()
    if wanted.is_fork:
        await _fork(settings, url, record, wanted, console)
        return 0
    return await _play(record, wanted, console)


async def _record(store: Store, number: int) -> Record:
    if not 0 < number <= MOST_INVESTIGATIONS:
        raise SrebotError(f"There is no investigation {number}.")
    case = await store.cases.load(number)
    if case.signal.kind is SignalKind.QUESTION:
        raise SrebotError(f"Number {number} is a question: only investigations are played again.")
    return Record(
        case=case,
        runs=runs_of(await store.journal.read(number), number),
        boards=await store.cases.boards(number),
        steps=await store.cases.load_steps(number),
        emptied=await store.cases.emptied(number),
    )


async def _play(record: Record, wanted: Wanted, console: Console) -> int:
    difference = ""
    try:
        played = await play(wanted.number, record.runs)
    except Differs as differs:
        difference, cut_short = str(differs), ""
    else:
        cut_short = played.cut_short
        if not cut_short:
            case = record.case
            difference = first_difference(played, record.boards, case.evidence, case.finding)
    identical = not difference and not cut_short
    if wanted.as_json:
        console.print_json(
            json.dumps(
                {
                    "investigation": wanted.number,
                    "identical": identical,
                    "difference": difference,
                    "cut_short": cut_short,
                    "raw_answers_let_go": record.emptied,
                    "verdict": _as_json(_verdict(record.case, record.steps)),
                }
            )
        )
        return 0 if identical else 1
    print_run(console, record.case, record.boards, record.steps)
    _print_emptied(console, record)
    if cut_short:
        console.print(f"[yellow]It did not come to its end.[/yellow] {cut_short}")
    elif difference:
        console.print(f"[red]Not identical when played again:[/red] {difference}", markup=True)
    else:
        console.print(
            "[green]Played again from the record, it is identical[/green] "
            "(boards, evidence and finding, byte for byte)."
        )
    return 0 if identical else 1


async def _fork(
    settings: Settings, url: str, record: Record, wanted: Wanted, console: Console
) -> None:
    point = point_of(record.runs, wanted.start or "0")
    finding = point.run.finding
    if finding is None:
        raise SrebotError(
            f"Investigation {wanted.number} did not come to its end: there is no verdict to compare with."
        )
    async with parts(settings, url) as made:
        present = Present(
            _reasoner_for(settings, wanted.model, point.run), made.registry, wanted.live
        )
        other = await fork(
            wanted.number, point, record.steps, present, wanted.hint, getpass.getuser()
        )
    last = max((s.number for s in point.run.steps), default=0)
    was = verdict_of(finding, [s for s in record.steps if s.number <= last])
    assert other.case.finding is not None, "the loop always concludes"
    now = verdict_of(other.case.finding, other.steps)
    if wanted.as_json:
        console.print_json(
            json.dumps(
                {
                    "investigation": wanted.number,
                    "from": point.words,
                    "hint": wanted.hint,
                    "recorded": _as_json(was),
                    "forked": _as_json(now),
                    "differs": differing(was, now),
                }
            )
        )
        return
    console.print(f"Investigation {wanted.number}, taken another way from {point.words}.")
    _print_emptied(console, record)
    print_verdicts(console, was, now)


def _reasoner_for(settings: Settings, model: str, run: PastRun) -> Callable[[Registry], Reasoner]:
    """Who thinks in a fork.

    Raises:
        SrebotError: a model is wanted and none is configured.
    """
    rules = Rules()
    if model == rules.name or (not model and run.begun.reasoner == rules.name):
        return lambda _: rules
    chosen = settings.model
    if model:
        if not chosen.api_key.get_secret_value():
            raise SrebotError(
                f"No model is configured, so {model} cannot be asked: set OPENAI_API_KEY (see .env.example), "
                "or fork with --model rules."
            )
        chosen = chosen.model_copy(update={"model": model})
    changed = settings.model_copy(update={"model": chosen})
    return lambda registry: reasoner_of(changed, registry, rules)


def _verdict(case: Case, steps: tuple[Step, ...]) -> Verdict | None:
    return None if case.finding is None else verdict_of(case.finding, steps)


def _as_json(verdict: Verdict | None) -> object:
    return None if verdict is None else verdict.model_dump(mode="json")


def _print_emptied(console: Console, record: Record) -> None:
    if record.emptied:
        console.print(
            f"[dim]The raw answers and series of {record.emptied} of its steps are no longer kept "
            "(SREBOT_RAW_RETENTION_DAYS).[/dim]"
        )
