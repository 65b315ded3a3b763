"""Investigations as durable workflows on DBOS, timed from being enqueued to having reported."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS, DBOSConfiguredInstance

from agent.investigation.loop import Investigator
from agent.store.engine import normalise
from agent.workflow import DbosWorkflow, Mailbox, PeopleInbox

_QUEUE = "investigations"


@DBOS.dbos_class()
class Timed(DBOSConfiguredInstance):
    """Runs investigations as ``agent.workflows`` does, up to the report."""

    def __init__(self, investigator: Investigator, mailbox: Mailbox) -> None:
        self._investigator = investigator
        self._mailbox = mailbox
        self._ended: dict[int, asyncio.Future[float]] = {}
        super().__init__(config_name="benchmark")

    @DBOS.workflow()
    async def investigate(self, number: int) -> None:
        """One investigation."""
        workflow = DbosWorkflow(self._mailbox)
        try:
            await self._investigator.run(number, workflow, PeopleInbox(workflow))
        except Exception as error:
            self._ended[number].set_exception(error)
            raise
        self._ended[number].set_result(time.perf_counter())

    async def seconds(self, number: int) -> float:
        """How long one takes, with its wait in the queue.

        Waiting for it costs nothing of what is measured, as asking the database for its result would.
        """
        self._ended[number] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await DBOS.enqueue_workflow_async(_QUEUE, self.investigate, number)
        return await self._ended[number] - began


@asynccontextmanager
async def durable(
    url: str, investigator: Investigator, mailbox: Mailbox, at_once: int
) -> AsyncIterator[Timed]:
    """DBOS as ``bot.runtime`` starts it; ``at_once`` investigations may run at the same time."""
    DBOS(
        config={
            "name": "srebot-benchmarks",
            "system_database_url": normalise(url).render_as_string(hide_password=False),
            "executor_id": "benchmark",
            "application_version": "1",
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.1,
        }
    )
    timed = Timed(investigator, mailbox)
    try:
        DBOS.launch()
        await DBOS.register_queue_async(
            _QUEUE, worker_concurrency=at_once, polling_interval_sec=0.1
        )
        yield timed
    finally:
        await asyncio.to_thread(DBOS.destroy)
