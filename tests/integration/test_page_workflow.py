"""What is done to a page passes the durable way in: kept before it is acknowledged, told once, however often it is sent."""

from __future__ import annotations

import asyncio

from dbos import DBOS

from agent.model.pages import Page, PageEvent, PageEventKind
from agent.store.engine import normalise
from agent.store.repository import Store
from agent.workflows import Workflows
from tests.integration.dbos_process import dbos
from tests.integration.fake_house import NOW, investigated, outside


async def test_an_event_sent_twice_is_told_once_and_others_start_nothing(
    store: Store, database_url: str
) -> None:
    await investigated(store)
    page = Page(key="srebot-1", investigation=1, service="redis", paged_at=NOW)
    await store.pages.claim(page)
    await store.pages.sent("srebot-1", "QPAGE", "https://x.example/QPAGE", opened=True)
    world = outside(store)
    url = normalise(database_url).render_as_string(hide_password=False)
    with dbos(url, "srebot-pages"):
        workflows = Workflows(world.house)
        DBOS.launch()
        done = PageEvent(
            kind=PageEventKind.ACKNOWLEDGED, incident="QPAGE", who="Mara Okafor", at=NOW
        )
        for _ in range(2):
            await workflows.page_event(done, "webhook:pagerduty:1")
        await workflows.page_event(done.model_copy(update={"incident": "QOTHER"}), "other")
        async with asyncio.timeout(20):
            while not world.notifier.lines("page-"):
                await asyncio.sleep(0.05)
        kept = await DBOS.list_workflows_async(name="Workflows.take_page_event")
    assert world.notifier.lines("page-") == ["Mara Okafor acknowledged the page (PagerDuty)."]
    assert len(kept) == 1
