"""Plays one scenario against a running bot, over the wire, and judges what it told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals import bare, processes
from evals.citations import check
from evals.mending import Company
from evals.processes import PlayError
from evals.result import Result
from evals.scoring import is_healthy, score
from evals.told import CAUSE_FOUND, Told
from evals.wire import Records, Slack
from sandbox.world.scenario import Scenario

Json = Mapping[str, Any]

RULES, MODEL, BARE = "rules", "model", "bare"
_PATIENCE_SECONDS = 2.0
_ALERT_DELAY_SECONDS = 0.5
_WEAK_SIGNAL_SECONDS = 10
_HARMLESS_TIME_SCALE = 0.2
"""Seconds for one of the script where nobody needs to be told, so that much of it is seen in a short time."""


@dataclass(frozen=True)
class Terms:
    """How scenarios are played."""

    model_settings: Mapping[str, str]
    """``OPENAI_*``; empty without a model."""
    seconds: float = 180.0
    """The longest that a play may take once the bot is ready."""
    quiet_seconds: float = 20.0
    """For so long nothing has to begin before it counts as staying quiet."""


@dataclass(frozen=True)
class Stage:
    """A scenario and how the sandbox is told to serve it."""

    scenario: Scenario
    arguments: Sequence[str]
    mends: Callable[[], Company] | None = None
    """A copy of its company to try changes on; None when there is none."""
    alert: Callable[[], str] = lambda: ""
    """The words of its first alert, for the bare model, which hears no Slack."""
    judged: bool = True
    """Whether there is a truth."""


def play(stage: Stage, reasoner: str, terms: Terms) -> Result:
    """Play a scenario with a reasoner; what goes wrong is in ``problem``."""
    began = time.monotonic()
    try:
        with folder_of_a_play() as folder:
            result = _played(stage, reasoner, terms, folder)
    except (PlayError, OSError) as error:
        result = Result(stage.scenario, reasoner, judged=stage.judged, problem=str(error))
    return replace(result, wall_seconds=time.monotonic() - began)


def _played(stage: Stage, reasoner: str, terms: Terms, folder: Path) -> Result:
    arguments = [
        *stage.arguments,
        "--alert-delay",
        str(_ALERT_DELAY_SECONDS),
        "--time-scale",
        str(_HARMLESS_TIME_SCALE if stage.scenario.truth.is_harmless else 1.0),
    ]
    with processes.company(arguments, folder) as company:
        if reasoner == BARE:
            record, opens = bare.play(
                company, folder, terms.model_settings, stage.alert(), terms.seconds
            )
            return _judged(stage, reasoner, record, opens)
        with processes.bot(company, folder, _settings(stage, reasoner, terms)) as pages:
            records = Records(pages)
            ended = records.ended(terms.seconds, _quiet_seconds(stage, terms))
            record = _meant(ended, stage)
            number = (record.get("investigation") or {}).get("id", 0)
            result = _judged(stage, reasoner, record, lambda n: records.opens(number, n))
            return replace(result, first_words_seconds=Slack(company.page).first_words_seconds())


def _settings(stage: Stage, reasoner: str, terms: Terms) -> dict[str, str]:
    weak = _WEAK_SIGNAL_SECONDS if not stage.scenario.alerts else 0
    return {
        "SREBOT_PATIENCE_SECONDS": str(_PATIENCE_SECONDS),
        "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": str(weak),
        **(terms.model_settings if reasoner == MODEL else {}),
    }


def _quiet_seconds(stage: Stage, terms: Terms) -> float:
    """Where something is wrong it may take its time to be noticed."""
    healthy = stage.judged and is_healthy(stage.scenario.truth)
    return terms.quiet_seconds if healthy else terms.seconds


def _meant(records: Sequence[Json], stage: Stage) -> Json:
    """The investigation that is judged: the first; in a healthy company the first that claims a cause."""
    if stage.judged and is_healthy(stage.scenario.truth):
        for record in records:
            if (record.get("finding") or {}).get("ending") == CAUSE_FOUND:
                return record
    return records[0] if records else {}


def _judged(
    stage: Stage, reasoner: str, record: Json, opens: Callable[[int], str | None]
) -> Result:
    told = Told.of(record)
    copy = stage.mends() if stage.mends and told.changes else None
    checked = check(told.sentences, opens)
    judged = score(told, stage.scenario.truth, copy.mends if copy else lambda _: False, checked)
    return Result(
        scenario=stage.scenario,
        reasoner=reasoner,
        judged=stage.judged,
        told=told,
        score=judged,
        seconds=float(((record.get("investigation") or {}).get("spent") or {}).get("seconds") or 0),
        problem="" if record or is_healthy(stage.scenario.truth) else "nothing was investigated",
        timeline=[_step(step) for step in record.get("steps") or ()],
        hypotheses=[_hypothesis(h) for h in record.get("hypotheses") or ()],
    )


def _step(step: Json) -> dict[str, Any]:
    reading = step.get("reading") or {}
    return {
        "number": step["number"],
        "round": step["round"],
        "tool": step["check"]["tool"],
        "arguments": step["check"]["arguments"],
        "status": step["status"],
        "seconds": step["seconds"],
        "answer": (step.get("error") or reading.get("observation") or "")[:400],
    }


def _hypothesis(hypothesis: Json) -> dict[str, Any]:
    kept = ("id", "mode", "statement", "entity", "log_odds", "status")
    return {name: hypothesis.get(name) for name in kept}


@contextmanager
def folder_of_a_play() -> Iterator[Path]:
    """A temporary folder that the database's account may enter, also when root plays."""
    with tempfile.TemporaryDirectory(prefix="srebot-eval-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)
