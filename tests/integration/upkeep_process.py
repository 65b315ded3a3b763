"""A process that does nothing but what its schedules say: started by ``test_upkeep``, one or several on one database.

Each source that is scanned leaves a line (executor, source, nanoseconds) in a file, so that the test can count.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from dbos import DBOS

from agent import chores
from agent.errors import Unreachable
from agent.house import House
from agent.knowledge.facts import Seen
from agent.model import Entity
from agent.ports import Answering
from agent.store.engine import normalise
from agent.upkeep import Timetable, Upkeep
from bot.log import configure


class Source:
    """A source of the graph; ``broken`` ones fail, as a vendor does or as a defect would."""

    def __init__(self, origin: str, journal: Path, broken: Exception | None = None) -> None:
        self.origin = origin
        self._journal = journal
        self._broken = broken

    async def build(self) -> Seen:
        """Note that it was asked, and answer."""
        with self._journal.open("a") as lines:
            lines.write(f"{os.environ['EXECUTOR']} {self.origin} {time.time_ns()}\n")
        if self._broken is not None:
            raise self._broken
        return Seen(entities=(Entity(name="cart", namespace="production"),))


class Sink:
    """Keeps nothing."""

    async def size(self) -> tuple[int, int]:
        """Nothing is known yet."""
        return 0, 0

    async def take(self, _: str, seen: Seen) -> int:
        """The number of entities."""
        return len(seen.entities)


def house(journal: Path) -> House:
    """The few parts that a scan needs."""
    return cast(
        "House",
        SimpleNamespace(
            store=SimpleNamespace(graph=Sink()),
            clock=SimpleNamespace(now=lambda: datetime.now(UTC)),
            indicators=None,
            builders=(
                Source("away", journal, Unreachable("no route to it")),
                Source("defective", journal, KeyError("name")),
                Source("sound", journal),
            ),
        ),
    )


async def main(url: str, journal: Path, seconds: float) -> None:
    """Serve the schedules for some time."""
    configure("CRITICAL")
    if kept := os.environ.get("TICKS_KEPT_SECONDS"):
        chores.TICKS_KEPT = timedelta(seconds=float(kept))
    DBOS(
        config=cast(
            "Any",
            {
                "name": "srebot",
                "system_database_url": normalise(url).render_as_string(hide_password=False),
                "executor_id": os.environ["EXECUTOR"],
                "application_version": "1",
                "log_level": "ERROR",
            },
        )
    )
    Upkeep.serves(house(journal), cast("Answering", None))
    DBOS.launch()
    await Upkeep.begin(
        Timetable(
            scan_seconds=2,
            weak_signals_seconds=0,
            digest_hour=None,
            attention_seconds=0,
            expiry_seconds=0,
            graph_upkeep_seconds=0,
            tidy_seconds=3,
        )
    )
    await Upkeep.first_scan(4.0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(DBOS.destroy)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
