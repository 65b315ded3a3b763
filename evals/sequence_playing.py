"""Plays a sequence: one memory, and for each incident the company as it is then, a week after the one before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from evals import processes
from evals.citations import check
from evals.mending import Company
from evals.playing import MODEL, Terms, folder_of_a_play
from evals.processes import PlayError
from evals.result import Result
from evals.scoring import is_healthy, score
from evals.sequence import Incident, IncidentSequence, Lived, Poison, scenario_of
from evals.told import Told
from evals.wire import Records

SCRIPTED = "scripted"
"""A model that thinks as the rules do, to compare tokens where no model can be reached."""
BETWEEN = "7 days"
_ENDED = ("closed", "stopped", "failed", "waiting_for_input")
_CLOSING_SECONDS = 120.0
_POLL_SECONDS = 0.2
_TAIL = 1_500
_KNOWN = "Known incident"
_SETTINGS = {
    # Nobody decides on proposals here: they expire at once, so that the investigation is closed and learnt from.
    "SREBOT_PROPOSAL_EXPIRY_SECONDS": "1",
    # Nobody mends anything here, and the next company is another one: what it shows tells nothing of earlier findings.
    "SREBOT_VERDICT_FIRST_SECONDS": "1000000000",
    "SREBOT_VERDICT_LAST_SECONDS": "2000000000",
    "SREBOT_PATIENCE_SECONDS": "2",
    "SREBOT_WEAK_SIGNAL_INTERVAL_SECONDS": "0",
}


def live_through(
    sequence: IncidentSequence, reasoner: str, terms: Terms, heard: Callable[[Lived], None]
) -> list[Lived]:
    """Play all incidents in order; ``heard`` is told of each as soon as it is over."""
    lived: list[Lived] = []
    numbers: dict[int, int] = {}
    with folder_of_a_play() as folder:
        for place, incident in enumerate(sequence.incidents, 1):
            if incident.poison is not None:
                continue
            poisons = _following(sequence, place)
            one, number = _incident(place, incident, reasoner, terms, folder, poisons, numbers)
            numbers[place] = number
            lived.append(one)
            heard(one)
    return lived


def _following(sequence: IncidentSequence, place: int) -> tuple[Poison, ...]:
    """The poisons between an incident and the next one; they come in while its bot still runs."""
    after = takewhile(lambda one: one.poison is not None, sequence.incidents[place:])
    return tuple(one.poison for one in after if one.poison is not None)


def _incident(
    place: int,
    incident: Incident,
    reasoner: str,
    terms: Terms,
    folder: Path,
    poisons: Sequence[Poison],
    numbers: Mapping[int, int],
) -> tuple[Lived, int]:
    scenario, scenarios = scenario_of(incident.scenario)
    arguments = ["--scenario", scenario.name, "--scenarios", str(scenarios), "--alert-delay", "0.5"]
    settings = {**_SETTINGS, **(terms.model_settings if reasoner == MODEL else {})}
    serve = ("benchmarks.scripted_serve",) if reasoner == SCRIPTED else ("bot.cli", "serve")
    try:
        with (
            processes.company(arguments, folder) as company,
            processes.bot(company, folder, settings, serve) as pages,
        ):
            records = Records(pages)
            record = _new(records, max(numbers.values(), default=0), terms.seconds)
            number = int((record.get("investigation") or {}).get("id", 0))
            told = Told.of(record)
            checked = check(told.sentences, lambda n: records.opens(number, n))
            copy = Company(scenario) if told.changes else None
            judged = score(told, scenario.truth, copy.mends if copy else lambda _: False, checked)
            result = Result(scenario, reasoner, told=told, score=judged, seconds=_seconds(record))
            if not record and not is_healthy(scenario.truth):
                result = replace(result, problem="nothing was investigated")
            with _database(folder) as database:
                _wait_until_learnt(database, records, number)
                for poison in poisons:
                    _poison(database, poison, {**numbers, place: number})
                _pass_time(database)
    except (PlayError, OSError, psycopg.Error) as error:
        problem = f"{error}\n{_tail(folder)}"
        failed = Result(scenario, reasoner, problem=problem)
        return Lived(place=place, incident=incident, result=failed), 0
    stopped = str((record.get("finding") or {}).get("stopped_because") or "")
    recalled = stopped.startswith(_KNOWN)
    return Lived(place=place, incident=incident, result=result, recalled=recalled), number


def _tail(folder: Path) -> str:
    """The end of what the bot wrote."""
    log = folder / "srebot.log"
    return log.read_text(errors="replace")[-_TAIL:] if log.exists() else ""


def _new(records: Records, last: int, seconds: float) -> Mapping[str, Any]:
    """The investigation that began with this incident, once it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fresh = [one for one in records.all() if one["investigation"]["id"] > last]
        if fresh and fresh[0]["finding"] is not None:
            return records.record(fresh[0]["investigation"]["id"])
        time.sleep(_POLL_SECONDS)
    return {}


def _seconds(record: Mapping[str, Any]) -> float:
    spent = (record.get("investigation") or {}).get("spent") or {}
    return float(spent.get("seconds") or 0.0)


def _wait_until_learnt(database: psycopg.Connection, records: Records, number: int) -> None:
    """Until it is closed, and what it taught is kept."""
    if not number:
        return
    end = time.monotonic() + _CLOSING_SECONDS
    while time.monotonic() < end:
        record = records.record(number)
        found = (record.get("finding") or {}).get("ending") == "cause_found"
        seen = database.execute(
            "SELECT 1 FROM pattern_sightings WHERE investigation = %s", [number]
        ).fetchone()
        if record["investigation"]["status"] in _ENDED and (seen or not found):
            return
        time.sleep(_POLL_SECONDS)
    raise PlayError(f"investigation {number} was not closed within {_CLOSING_SECONDS:g} s")


def _pass_time(database: psycopg.Connection) -> None:
    """Let a week pass: all that is remembered of when something was is a week longer ago.

    Only the audit log, which takes no change, stays as it is.
    """
    columns = database.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND data_type = 'timestamp with time zone'"
        " AND table_type = 'BASE TABLE' AND table_name <> 'audit_log'"
    ).fetchall()
    for table, column in columns:
        names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
        earlier = sql.SQL("UPDATE {table} SET {column} = {column} - %s::interval").format(**names)
        database.execute(earlier, [BETWEEN])


_COPY = """
INSERT INTO patterns (symptoms, mode, entity, entity_kind, environment, alerted, role, features, checks, probes,
    tool_calls, fix, outcome, times_seen, times_wrong, state, investigation, last_seen, words)
SELECT p.symptoms, %(mode)s, %(entity)s, p.entity_kind, p.environment, p.alerted,
    CASE WHEN p.alerted = %(entity)s THEN 'alerted' ELSE 'dependency:database' END,
    p.features, p.checks, p.probes, p.tool_calls, '', '', 3, %(wrong)s, %(state)s, p.investigation, p.last_seen,
    replace(%(mode)s, '_', ' ') || ' ' || %(entity)s || ' ' || p.symptoms::text
FROM patterns p JOIN pattern_sightings s ON s.pattern_id = p.id
WHERE s.investigation = %(number)s LIMIT 1
ON CONFLICT DO NOTHING
"""


def _poison(database: psycopg.Connection, poison: Poison, numbers: Mapping[int, int]) -> None:
    wrong = poison.said == "wrong"
    database.execute(
        _COPY,
        {
            "mode": poison.mode,
            "entity": poison.entity,
            "wrong": int(wrong),
            "state": "disputed" if wrong else "active",
            "number": numbers.get(poison.of, 0),
        },
    )


@contextmanager
def _database(folder: Path) -> Iterator[psycopg.Connection]:
    """The bot's database, while the bot runs."""
    sockets = sorted((folder / "data").rglob(".s.PGSQL.*"))
    sockets = [s for s in sockets if not s.name.endswith(".lock")]
    if not sockets:
        raise PlayError("the bot's database is not to be found")
    with psycopg.connect(
        host=str(sockets[0].parent), user="srebot", dbname="srebot", autocommit=True
    ) as connection:
        yield connection
