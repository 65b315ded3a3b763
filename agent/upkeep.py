"""What srebot does by the clock, as durable scheduled workflows (DBOS): scans, weak signals, the digest, tidying.

Each schedule is a row in the database, put there anew at each start under its own name, so that a restart changes nothing
and several processes have one set. A tick's workflow takes its id from the schedule's name and the tick's time: however many
processes see the tick, one runs it, once. Ticks missed while everything was down are let go, but for the digest's. A tick
that comes while the one before is still at work is let go as well.

DBOS runs scheduled workflows without an instance, so this is a class of class methods; ``Upkeep.serves`` gives it its house.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypedDict

import structlog
from dbos import DBOS, SetWorkflowID

from agent.awareness import emerging
from agent.chores import CHORES
from agent.errors import ToolError
from agent.house import House
from agent.knowledge.scan import Scanned, scan_one
from agent.model import Json, Signal
from agent.ports import Answering, GraphBuilder
from agent.workflow import DbosWorkflow

QUEUE = "upkeep"
"""The queue of scheduled work."""
_WORKERS = 3
_QUEUE_POLL_SECONDS = 1.0
_PREFIX = "srebot-"
_STALE = timedelta(hours=12)
"""A tick that is so late (everything was down) is let go, the digest's too."""
_AT_WORK_AT_MOST = timedelta(minutes=15)
"""An earlier tick that began longer ago does not hold up the next: its process is gone for good."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timetable:
    """How often what is done; 0 is never."""

    scan_seconds: float = 300.0
    weak_signals_seconds: float = 300.0
    digest_hour: int | None = 8
    """UTC; None: no digest."""
    attention_seconds: float = 600.0
    expiry_seconds: float = 600.0
    graph_upkeep_seconds: float = 3_600.0
    pages_seconds: float = 0.0
    tidy_seconds: float = 3_600.0
    retention_seconds: float = 21_600.0
    verdicts_seconds: float = 600.0


class Schedule(TypedDict):
    """A schedule as DBOS takes it."""

    schedule_name: str
    workflow_fn: Any
    schedule: str
    context: Any
    automatic_backfill: bool
    queue_name: str


@DBOS.dbos_class()
class Upkeep:
    """The scheduled workflows of this process's house."""

    _house: ClassVar[House]
    _answering: ClassVar[Answering]

    @classmethod
    def serves(cls, house: House, answering: Answering) -> None:
        """Say whose work is done, before DBOS is launched (it takes up what a crash cut short).

        Args:
            house: the parts.
            answering: where emerging problems are handed in.
        """
        cls._house, cls._answering = house, answering

    @classmethod
    async def begin(cls, timetable: Timetable) -> None:
        """Put the schedules in place, after DBOS was launched; those that are no longer wanted go."""
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=_WORKERS, polling_interval_sec=_QUEUE_POLL_SECONDS
        )
        wanted = cls._schedules(timetable)
        names = {s["schedule_name"] for s in wanted}
        known = await DBOS.list_schedules_async(schedule_name_prefix=_PREFIX)
        for gone in {s["schedule_name"] for s in known} - names:
            await DBOS.delete_schedule_async(gone)
        await DBOS.apply_schedules_async(wanted)  # type: ignore[arg-type]

    @classmethod
    async def first_scan(cls, patience_seconds: float) -> None:
        """Begin a scan now; processes that start together share one.

        Only who knows nothing yet waits for it, and not longer than that: the first alert should find a graph.
        """
        now = cls._house.clock.now()
        known, _ = await cls._house.store.graph.size()
        with SetWorkflowID(f"{_scans()}start-{now:%Y-%m-%dT%H:%M}"):
            handle = await DBOS.start_workflow_async(cls.scan, now, None)
        result = asyncio.ensure_future(handle.get_result())
        result.add_done_callback(_note_failure)
        if not known:
            await asyncio.wait({result}, timeout=patience_seconds)

    @classmethod
    @DBOS.workflow()
    async def scan(cls, at: datetime, _: object) -> Json:
        """Scan the company, every source a step of its own: one that fails stops no other."""
        if not await _is_our_turn(at, _scans()):
            return {}
        found = await asyncio.gather(*map(cls._scan_source, range(len(cls._house.builders))))
        return {each["origin"]: each for each in found}

    @classmethod
    @DBOS.workflow()
    async def weak_signals(cls, at: datetime, _: object) -> Json:
        """Look at the weak signals, and hand in what emerges and what has turned."""
        if not await _is_our_turn(at, f"sched-{_PREFIX}weak-signals-"):
            return {}
        found: Json = await DBOS.run_step_async({"name": "look"}, cls._look)
        for signal in found.pop("signals"):
            await cls._answering.receive(Signal.model_validate(signal))
        return found

    @classmethod
    @DBOS.workflow()
    async def chore(cls, at: datetime, name: str) -> int:
        """One of ``agent.chores``, tried again while what it needs is away; returns how much it did."""
        if not await _is_our_turn(at, f"sched-{_PREFIX}{name}-"):
            return 0

        async def work() -> int:
            done = await CHORES[name](cls._house, cls._house.clock.now())
            _log.info("chore_done", chore=name, count=done)
            return done

        return await DbosWorkflow().step(name, work)

    @classmethod
    async def _scan_source(cls, number: int) -> Json:
        builder = cls._house.builders[number]

        async def work() -> Json:
            scanned = await _scanned(builder, cls._house)
            log = _log.warning if scanned.problem else _log.info
            log("scanned", **scanned.model_dump())
            return scanned.model_dump()

        return await DBOS.run_step_async({"name": f"scan-{builder.origin}"}, work)

    @classmethod
    async def _look(cls) -> Json:
        try:
            found = await emerging.look(cls._house, cls._house.clock.now())
        except ToolError as error:
            _log.warning("weak_signals_not_read", problem=str(error))
            found = emerging.Pass()
        return found.model_dump(mode="json")

    @classmethod
    def _schedules(cls, timetable: Timetable) -> Sequence[Schedule]:
        chores = {
            "graph-upkeep": timetable.graph_upkeep_seconds,
            "attention": timetable.attention_seconds,
            "expiry": timetable.expiry_seconds,
            "pages": timetable.pages_seconds,
            "tidy": timetable.tidy_seconds,
            "retention": timetable.retention_seconds,
            "verdicts": timetable.verdicts_seconds,
        }
        wanted = [
            ("scan", cls.scan, timetable.scan_seconds, None),
            ("weak-signals", cls.weak_signals, timetable.weak_signals_seconds, None),
            *((name, cls.chore, seconds, name) for name, seconds in chores.items()),
        ]
        schedules = [
            _schedule(name, work, cron_of(seconds), context)
            for name, work, seconds, context in wanted
            if seconds > 0
        ]
        if timetable.digest_hour is not None:
            cron = f"0 {timetable.digest_hour} * * *"
            schedules.append(_schedule("digest", cls.chore, cron, "digest", late=True))
        return schedules


def cron_of(seconds: float) -> str:
    """The cron expression (with seconds where needed) of an interval, rounded to one that divides a minute, hour or day."""
    for unit_seconds, per_unit, form in (
        (1, 60, "{} * * * * *"),
        (60, 60, "{} * * * *"),
        (3600, 24, "0 {} * * *"),
    ):
        count = max(1, round(seconds / unit_seconds))
        if count < per_unit:
            fits = max(n for n in range(1, count + 1) if per_unit % n == 0)
            # DBOS takes the seconds first when there are six fields.
            return form.format(f"*/{fits}" if fits > 1 else "*")
    return "0 0 * * *"


def _schedule(name: str, work: Any, cron: str, context: Any, *, late: bool = False) -> Schedule:
    return Schedule(
        schedule_name=f"{_PREFIX}{name}",
        workflow_fn=work,
        schedule=cron,
        context=context,
        automatic_backfill=late,
        queue_name=QUEUE,
    )


def _scans() -> str:
    """How the ids of all scans begin."""
    return f"sched-{_PREFIX}scan-"


def _note_failure(result: asyncio.Future[Json]) -> None:
    if not result.cancelled() and (error := result.exception()) is not None:
        _log.error("first_scan_failed", problem=f"{type(error).__name__}: {error}")


async def _is_our_turn(at: datetime, prefix: str) -> bool:
    """Whether a tick is to be worked on: it is not too late for it, and the one before is not still at work."""

    async def decide() -> bool:
        now = datetime.now(UTC)
        if now - at > _STALE:
            return False
        since = (now - _AT_WORK_AT_MOST).isoformat()
        at_work = await DBOS.list_workflows_async(
            workflow_id_prefix=prefix,
            status="PENDING",
            start_time=since,
            load_input=False,
            load_output=False,
        )
        ours = DBOS.workflow_id
        began = {w.workflow_id: w.created_at or 0 for w in at_work}
        mine = (began.get(ours or "", now.timestamp() * 1000), ours or "")
        return all((when, other) >= mine for other, when in began.items())

    return await DBOS.run_step_async({"name": "turn"}, decide)


async def _scanned(builder: GraphBuilder, house: House) -> Scanned:
    """Scan one source; whatever goes wrong is said, not raised."""
    try:
        return await scan_one(builder, house.store.graph)
    except Exception as error:
        _log.exception("scan_broke", origin=builder.origin)
        return Scanned(origin=builder.origin, problem=f"{type(error).__name__}: {error}"[:500])
