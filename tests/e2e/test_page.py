"""A person at the page, in a real browser, over a workspace in memory."""
# ruff: noqa: F811 - pytest's fixtures are imported, and named again as parameters

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.page.app import create_app
from sandbox.slack.ports import ActionResult, WorkspaceChange
from tests.browser import Served, browser, served, tab  # noqa: F401
from tests.unit.sandbox.page.fake_workspace import ALERTS, BOT, DM, ENGINEER, LEAD, FakeWorkspace
from tests.unit.sandbox.page.showcase import MODAL, showcase

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """The page being served, and the workspace under it."""

    server: Served
    workspace: FakeWorkspace

    @property
    def alert(self) -> str:
        return next(m["ts"] for m in self.workspace.log[ALERTS] if m.get("username") == "Datadog")

    def at(
        self, channel: str = ALERTS, thread: str = "", user: str = ENGINEER, tab: str = ""
    ) -> str:
        return f"{self.server.url}/?user={user}&channel={channel}&thread={thread}&tab={tab}"

    def say(self, channel: str, **message: Any) -> str:
        return self.server.call(lambda: self.workspace.say(channel, **message))

    def did(self, kind: str) -> list[tuple[Any, ...]]:
        return [each for each in self.workspace.done if each[0] == kind]


@pytest.fixture
def site() -> Iterator[Site]:
    workspace = showcase()
    app = create_app(workspace, title="Northwind")
    with served(app, on_stop=app.state.streams.close) as server:
        yield Site(server, workspace)


def composer(tab: Page, pane: str = "#channel") -> Locator:
    return tab.locator(f"{pane} .composer textarea")


def test_a_new_message_appears_by_itself_and_typing_survives_it(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    composer(tab).fill("half a thou")
    site.say(ALERTS, user=LEAD, text="the queue is *growing*")
    expect(tab.locator("#channel strong", has_text="growing")).to_be_visible()
    expect(composer(tab)).to_have_value("half a thou")


def test_enter_sends_and_names_become_mentions(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    composer(tab).fill("a < b && @jon")
    expect(tab.locator(".suggestions button")).to_have_text(re.compile("Jonas Weber"))
    composer(tab).press("Tab")
    composer(tab).press_sequentially("and @srebot")
    composer(tab).press("Enter")  # takes the suggestion
    composer(tab).press("Shift+Enter")
    composer(tab).press_sequentially("#deploys?")
    composer(tab).press("Enter")
    expect(tab.locator("#channel .message").last).to_contain_text("@srebot")
    ((_, user, channel, text, thread),) = site.did("post")
    assert (user, channel, thread) == (ENGINEER, ALERTS, None)
    assert text == f"a &lt; b &amp;&amp; <@{LEAD}> and <@{BOT}> \n<#C0DEPLOYS>?"


def test_a_reply_goes_into_the_thread(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    tab.locator(".thread-bar").click()
    expect(tab.locator("#thread h2")).to_have_text("Thread")
    assert f"thread={site.alert}" in tab.url
    composer(tab, "#thread").fill("looking")
    composer(tab, "#thread").press("Enter")
    expect(tab.locator("#thread .message").last).to_contain_text("looking")
    assert site.did("post")[0][4] == site.alert
    tab.go_back()
    expect(tab.locator("#thread")).to_be_hidden()


def test_slash_commands_run_in_a_channel_and_are_refused_in_a_thread(tab: Page, site: Site) -> None:
    tab.goto(site.at(thread=site.alert))
    composer(tab).fill("/inv")
    composer(tab).press("Tab")
    composer(tab).press_sequentially("cart is slow")
    composer(tab).press("Enter")
    expect(composer(tab)).to_have_value("")
    composer(tab, "#thread").fill("/investigate this")
    composer(tab, "#thread").press("Enter")
    expect(tab.locator(".toast")).to_have_text("/investigate is not supported in threads. Sorry!")
    assert site.did("command") == [("command", ENGINEER, ALERTS, "/investigate", "cart is slow")]


def test_approving_asks_first_and_shows_a_spinner_and_the_apps_refusal(
    tab: Page, site: Site
) -> None:
    site.workspace.delay_seconds = 0.8
    site.workspace.answer = ActionResult(False, "srebot did not respond in time")
    tab.goto(site.at(thread=site.alert))
    approve = tab.get_by_role("button", name="Approve")
    approve.click()
    expect(tab.locator("dialog")).to_contain_text("Apply this change?")
    tab.get_by_role("button", name="Not yet").click()
    assert site.did("click") == []
    approve.click()
    tab.get_by_role("button", name="Apply", exact=True).click()
    expect(approve).to_have_attribute("data-busy", "yes")
    expect(tab.locator(".toast")).to_have_text("srebot did not respond in time")
    expect(approve).not_to_have_attribute("data-busy", "yes")
    ((_, user, channel, _, block, action, value),) = site.did("click")
    assert (user, channel, block, action, value) == (ENGINEER, ALERTS, "decide", "approve", None)


def test_overflow_and_feedback_send_what_was_chosen(tab: Page, site: Site) -> None:
    tab.goto(site.at(thread=site.alert))
    tab.locator("#thread .overflow summary").click()
    tab.get_by_role("menuitem", name="Raise the budget").click()
    tab.get_by_title("Bad").click()
    expect(tab.locator("[data-busy]")).to_have_count(0)
    overflow, feedback = (each[-1] for each in site.did("click"))
    assert overflow["selected_option"]["value"] == "budget"
    assert feedback["value"] == "wrong"


def test_a_modal_opens_is_corrected_and_submitted(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    site.workspace.views[ENGINEER] = MODAL
    site.workspace.answer = ActionResult(False, errors={"cause": "Say more than that."})
    site.server.call(lambda: site.workspace.tell(WorkspaceChange("view", user=ENGINEER)))
    tab.locator("#modal textarea").fill("memory")
    tab.locator("#modal select").select_option(label="capacity")
    tab.get_by_label("I saw it").check()
    tab.get_by_role("button", name="Send", exact=True).last.click()
    expect(tab.locator("#modal .input-error").first).to_have_text("Say more than that.")
    expect(tab.locator("#modal textarea")).to_have_value("memory")
    site.workspace.answer = ActionResult(ok=True)
    tab.locator("#modal textarea").fill("memory pressure in redis")
    tab.get_by_role("button", name="Send", exact=True).last.click()
    expect(tab.locator("#modal form")).to_have_count(0)
    values = site.did("submit_view")[-1][3]
    assert values["cause"]["text"]["value"] == "memory pressure in redis"
    assert values["kind"]["pick"]["selected_option"]["value"] == "capacity"
    assert values["sure"]["level"]["selected_option"]["value"] == "I saw it"


def test_the_message_menu_has_the_apps_shortcut_and_reactions(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    message = tab.locator("#channel .message", has_text="error rate is rising")
    message.hover()
    message.get_by_title("More actions").click()
    tab.get_by_role("menuitem", name="Investigate this").click()
    message.hover()
    message.get_by_title("React with :white_check_mark:").click()
    tab.locator("#channel .reaction.is-mine").first.click()
    expect(tab.locator(".popover")).to_have_count(0)
    tab.wait_for_timeout(200)
    assert site.did("shortcut") == [("shortcut", ENGINEER, ALERTS, site.alert, "investigate_this")]
    assert site.did("react") == [("react", ENGINEER, ALERTS, site.alert, "white_check_mark")]
    assert site.did("unreact")[0][-1] == "eyes"


def test_home_and_messages_tabs_tell_the_app_and_prompts_are_sent(tab: Page, site: Site) -> None:
    tab.goto(site.at(DM, tab="home"))
    expect(tab.locator(".home")).to_contain_text("Good night, Maya")
    tab.get_by_role("button", name="Open", exact=True).click()
    tab.locator(".tabs").get_by_text("Messages").click()
    tab.get_by_role("button", name="What depends on redis-shared?").click()
    expect(tab.locator("#channel .message").last).to_contain_text("What depends on redis-shared?")
    assert [each[2] for each in site.did("open_home")] == ["home", "messages"]
    assert site.did("click_in_view")[0][2:5] == ("V0HOME", site.did("click_in_view")[0][3], "open")


def test_the_stop_button_reaches_the_app(tab: Page, site: Site) -> None:
    tab.goto(site.at(thread=site.alert))
    tab.get_by_role("button", name="Stop").click()
    tab.wait_for_timeout(200)
    assert site.did("stop_session") == [("stop_session", ENGINEER, ALERTS, site.alert)]


def test_one_can_be_somebody_else(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    tab.locator(".switcher summary").click()
    tab.get_by_role("menuitem", name=re.compile("Jonas Weber")).click()
    expect(tab.locator(".switcher summary")).to_contain_text("Jonas Weber")
    expect(tab.locator(".only-you")).to_have_count(0)
    composer(tab).fill("hi")
    composer(tab).press("Enter")
    expect(composer(tab)).to_have_value("")
    tab.wait_for_timeout(200)
    assert site.did("post")[0][1] == LEAD


def test_a_channel_with_news_gets_a_dot_until_it_is_opened(tab: Page, site: Site) -> None:
    tab.goto(site.at())
    entry = tab.locator('#sidebar [data-channel="C0DEPLOYS"]')
    expect(entry).not_to_have_class(re.compile("is-unread"))
    site.say("C0DEPLOYS", user=LEAD, text="cart 3.1 is out")
    expect(entry).to_have_class(re.compile("is-unread"))
    entry.click()
    expect(tab.locator("#channel h2")).to_contain_text("deploys")
    expect(entry).not_to_have_class(re.compile("is-unread"))


def test_hostile_text_does_not_run(tab: Page, site: Site) -> None:
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>\'"><svg onload=window.hit=1>'
    option = {"text": {"type": "plain_text", "text": evil}, "value": evil}
    site.say(ALERTS, user=LEAD, text=evil)
    site.say(ALERTS, username=evil, bot_id="B1", blocks=[
        {"type": "markdown", "text": evil + "\n\n[x](javascript:window.hit=1)"},
        {"type": "actions", "block_id": evil, "elements": [
            {"type": "overflow", "action_id": evil, "options": [option]},
            {"type": "button", "text": {"type": "plain_text", "text": "Confirm"}, "action_id": "c", "confirm": {
                "title": option["text"], "text": {"type": "mrkdwn", "text": f"*really?* {evil}"},
                "confirm": option["text"], "deny": {"type": "plain_text", "text": "No"},
            }},
            {"type": "button", "text": option["text"], "action_id": evil, "url": "javascript:window.hit=1"},
        ]},
    ])  # fmt: skip
    tab.goto(site.at())
    tab.get_by_role("button", name="Confirm").click()
    expect(tab.locator("dialog strong")).to_have_text("really?")
    expect(tab.locator("dialog img")).to_have_count(0)
    tab.get_by_role("button", name="No", exact=True).click()
    tab.locator("#channel .button", has_text="onerror").last.click()
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.hit") is None


def test_a_phone_shows_one_pane_at_a_time_without_scrolling_sideways(tab: Page, site: Site) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    for address, shown in (
        (f"{site.server.url}/?user={ENGINEER}", "#sidebar"),
        (site.at(), "#channel"),
        (site.at(thread=site.alert), "#thread"),
        (site.at(DM, tab="home"), "#channel"),
    ):
        tab.goto(address)
        visible = [pane for pane in ("#sidebar", "#channel", "#thread") if tab.is_visible(pane)]
        assert visible == [shown]
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.goto(site.at(thread=site.alert))
    tab.get_by_label("Back to the channel", exact=True).click()
    expect(tab.locator("#channel")).to_be_visible()
    tab.get_by_label("Back to the channels").click()
    expect(tab.locator("#sidebar")).to_be_visible()


def test_the_server_stops_at_once_though_pages_are_open(tab: Page) -> None:
    workspace = showcase()
    app = create_app(workspace)
    server = Served(app)
    server.start()
    tab.goto(server.url)
    tab.wait_for_timeout(300)
    assert workspace.watchers == 1
    server.call(app.state.streams.close)
    assert server.stop() < 3
    assert workspace.watchers == 0
