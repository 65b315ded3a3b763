"""The pages in a real browser: readable on a phone, in light and dark, with nothing blocked and nothing foreign."""
# ruff: noqa: F811

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from agent.store.engine import create_engine
from agent.store.repository import Store
from bot.web.app import create_app
from tests.browser import browser, served, tab  # noqa: F401
from tests.integration.test_web import investigated

pytestmark = pytest.mark.browser


@pytest.fixture
def site(database_url: str) -> Iterator[str]:
    """The pages with one investigation, number 1."""
    store = Store(create_engine(database_url))
    with served(create_app(store, ready=dict)) as server:
        assert server.run(lambda: investigated(store)) == 1
        yield server.url
        server.run(store.close)


def test_from_the_list_to_the_bytes_that_a_sentence_stands_on(site: str, tab: Page) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(site)
    tab.get_by_role("link", name="Memory pressure in redis-reco").click()
    tab.locator("#finding .cite").first.click()
    tab.wait_for_url("**/evidence/3")
    assert tab.locator("svg.chart path.line").count() == 1
    assert tab.locator("pre.raw").inner_text().count("kept as it was") == 1
    assert {url for url in asked if not url.startswith(site)} == set()


def test_a_step_opens_to_what_the_reasoner_was_shown(site: str, tab: Page) -> None:
    tab.goto(f"{site}/investigations/1")
    shown = tab.get_by_text("memory 15.2 GiB of 16 GiB")
    assert not shown.is_visible()
    tab.locator("#step-1 summary").click()
    assert shown.is_visible()


@pytest.mark.parametrize("path", ["/", "/investigations/1", "/investigations/1/evidence/3"])
def test_a_phone_needs_no_scrolling_to_the_side(site: str, browser: Browser, path: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 780}, is_mobile=True)
    page = context.new_page()
    page.goto(site + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_it_is_dark_where_the_system_is(site: str, browser: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(site)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert grounds[0] != grounds[1]
