"""The page's HTTP surface: documents, JSON, guard, events."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.page.app import create_app
from sandbox.page.location import Location
from sandbox.page.render import Renderer
from sandbox.page.streams import Streams
from sandbox.slack.errors import SlackError
from sandbox.slack.ports import ActionResult, WorkspaceChange
from tests.browser import served
from tests.unit.sandbox.page.fake_workspace import ALERTS, DM, ENGINEER, OUTSIDER, FakeWorkspace
from tests.unit.sandbox.page.showcase import FEEDBACK, HOME, MODAL, PLAN, TABLE, proposal, showcase


@pytest.fixture
def workspace() -> FakeWorkspace:
    return showcase()


@pytest.fixture
async def page(workspace: FakeWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(workspace, title="Northwind"))
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        yield client


def alert_ts(workspace: FakeWorkspace) -> str:
    return next(m["ts"] for m in workspace.log[ALERTS] if m.get("username") == "Datadog")


async def test_the_document_shows_channel_thread_and_modal(
    page: httpx.AsyncClient, workspace: FakeWorkspace
) -> None:
    workspace.views[ENGINEER] = MODAL
    address = f"/?user={ENGINEER}&channel={ALERTS}&thread={alert_ts(workspace)}"
    html = (await page.get(address)).text
    assert 'data-pane="thread"' in html
    for shown in (
        "session-service error rate is rising",
        "4 replies",
        "Only visible to you",
        "(edited)",
        "give redis-shared 4 GiB",
        "srebot is watching the recovery…",
        "What was the cause?",
        "/page/file/F0CHART01",
    ):
        assert shown in html
    assert "This page cannot show" not in html


async def test_home_has_a_tab(page: httpx.AsyncClient) -> None:
    html = (await page.get(f"/?user={ENGINEER}&channel={DM}&tab=home")).text
    assert "Good night, Maya" in html and "<td>planned</td>" in html
    html = (await page.get(f"/?user={OUTSIDER}&channel={DM}&tab=home")).text
    assert "has not published a home yet" in html


async def test_without_an_address_it_opens_the_alerts_as_the_first_person(
    page: httpx.AsyncClient,
) -> None:
    html = (await page.get("/?user=U0SREBOT&channel=C_NONE&thread=1")).text
    assert 'data-pane="list"' in html
    assert "Message #alerts-production" in html and "Maya Lindqvist" in html


async def test_a_link_to_a_thread_that_is_gone_says_so(
    page: httpx.AsyncClient, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: str) -> list[Any]:
        raise SlackError("thread_not_found")

    monkeypatch.setattr(workspace, "thread", gone)
    answer = await page.get(f"/?user={ENGINEER}&channel={ALERTS}&thread=abc")
    assert answer.status_code == 200 and "This thread does not exist" in answer.text


async def test_what_is_only_for_one_person_is_not_drawn_for_another(
    page: httpx.AsyncClient,
) -> None:
    address = f"/page/panes?user={OUTSIDER}&channel={ALERTS}"
    assert "needs a team lead" not in (await page.get(address)).text


async def test_nothing_hostile_reaches_the_document_as_markup(
    page: httpx.AsyncClient, workspace: FakeWorkspace
) -> None:
    evil = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>"
    text = {"type": "mrkdwn", "text": evil}
    plain = {"type": "plain_text", "text": evil}
    option = {"text": plain, "value": evil}
    button = {
        "type": "button",
        "text": plain,
        "action_id": evil,
        "url": "javascript:alert(3)",
        "confirm": {"title": plain, "text": text},
    }
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain},
        {"type": "section", "text": text, "fields": [text], "accessory": button},
        {"type": "image", "image_url": "javascript:alert(4)", "alt_text": evil},
        {"type": "markdown", "text": evil},
        {"type": "actions", "block_id": evil, "elements": [
            button,
            {"type": "static_select", "action_id": evil, "options": [option], "initial_option": option},
            {"type": "overflow", "action_id": evil, "options": [{**option, "url": "javascript:1"}]},
            {"type": "checkboxes", "action_id": evil, "options": [option]},
            {"type": evil},
        ]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": evil}]]},
        {"type": "../page"},
    ]  # fmt: skip
    attachment = {
        "color": evil,
        "title": evil,
        "title_link": "javascript:alert(5)",
        "fields": [{"title": evil, "value": evil}],
        "footer": evil,
    }
    workspace.say(ALERTS, username=evil, bot_id="B1", blocks=blocks, attachments=[attachment])
    workspace.rooms[0]["topic"]["value"] = evil
    html = (await page.get(f"/?user={ENGINEER}&channel={ALERTS}")).text
    assert "<img src=x" not in html and "<script>" not in html
    assert not re.search(r'(?:href|src)="?javascript:', html)


def without_one_field(value: Any) -> Iterator[Any]:
    """Every way to leave one field out of a nested value."""
    for key in value if isinstance(value, dict) else range(len(value)):
        if isinstance(value, dict) and key != "type":
            yield {k: v for k, v in value.items() if k != key}
        if isinstance(value[key], dict | list):
            for part in without_one_field(value[key]):
                whole = dict(value) if isinstance(value, dict) else list(value)
                whole[key] = part
                yield whole


def test_a_block_that_lacks_a_field_does_not_break_the_page() -> None:
    workspace = FakeWorkspace()
    renderer = Renderer(workspace, "Northwind", {}, {})
    location = Location(ENGINEER, ALERTS)
    samples = [PLAN, TABLE, FEEDBACK, *proposal(), *MODAL["blocks"], *HOME["blocks"]]
    cases = [block for sample in samples for block in without_one_field(sample)]
    assert len(cases) > 100
    workspace.log[ALERTS] = [
        {"ts": f"1700000000.{number:06d}", "user": ENGINEER, "blocks": [block]}
        for number, block in enumerate(cases)
    ]
    assert renderer.panes(location)["channel"].count("<article") == len(cases)


async def test_every_answer_carries_a_strict_policy(page: httpx.AsyncClient) -> None:
    policy = (await page.get("/")).headers["content-security-policy"]
    assert "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json", "origin": "http://evil.example"}, 403),
        ({"content-type": "application/json", "origin": "null"}, 403),
        ({"content-type": "application/json", "origin": "http://page.test"}, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
async def test_only_the_page_itself_may_act(
    page: httpx.AsyncClient, workspace: FakeWorkspace, headers: dict[str, str], status: int
) -> None:
    body = f'{{"user": "{ENGINEER}", "channel": "{ALERTS}", "text": "hi"}}'
    answer = await page.post("/page/post", content=body, headers=headers)
    assert answer.status_code == status
    assert len(workspace.done) == (1 if status == 200 else 0)


ACTIONS: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("post", {"channel": "C", "text": "x", "thread_ts": "1"}, ("post", "C", "x", "1")),
    ("command", {"channel": "C", "command": "/investigate", "text": "x"}, ("command", "C", "/investigate", "x")),
    ("click", {"channel": "C", "ts": "1", "block_id": "b", "action_id": "a"}, ("click", "C", "1", "b", "a", None)),
    ("shortcut", {"channel": "C", "ts": "1", "callback_id": "k"}, ("shortcut", "C", "1", "k")),
    ("react", {"channel": "C", "ts": "1", "name": "eyes"}, ("react", "C", "1", "eyes")),
    ("unreact", {"channel": "C", "ts": "1", "name": "eyes"}, ("unreact", "C", "1", "eyes")),
    ("stop", {"channel": "C", "thread_ts": "1"}, ("stop_session", "C", "1")),
    ("home", {"tab": "home"}, ("open_home", "home")),
    ("view/submit", {"view_id": "V", "values": {"b": {"a": {"value": "x"}}}}, ("submit_view", "V", {"b": {"a": {"value": "x"}}})),
    ("view/click", {"view_id": "V", "action_id": "a", "value": {"k": 1}}, ("click_in_view", "V", "", "a", {"k": 1})),
    ("view/close", {"view_id": "V"}, ("close_view", "V")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "done"), ACTIONS)
async def test_each_action_reaches_the_workspace_as_the_person(
    page: httpx.AsyncClient,
    workspace: FakeWorkspace,
    path: str,
    body: dict[str, Any],
    done: tuple[Any, ...],
) -> None:
    workspace.log["C"] = []
    answer = await page.post(f"/page/{path}", json={"user": ENGINEER, **body})
    assert answer.json()["ok"] is True
    kind, *arguments = done
    assert workspace.done == [(kind, ENGINEER, *arguments)]


async def test_the_apps_sentence_and_errors_come_back(
    page: httpx.AsyncClient, workspace: FakeWorkspace
) -> None:
    workspace.answer = ActionResult(False, "srebot did not respond", {"cause": "Say more."})
    answer = await page.post("/page/view/submit", json={"user": ENGINEER, "view_id": "V"})
    assert answer.json() == {
        "ok": False,
        "text": "srebot did not respond",
        "errors": {"cause": "Say more."},
    }


async def test_a_slash_command_in_a_thread_gets_slacks_refusal(
    page: httpx.AsyncClient, workspace: FakeWorkspace
) -> None:
    body = {"user": ENGINEER, "channel": ALERTS, "command": "/investigate", "thread_ts": "1"}
    answer = (await page.post("/page/command", json=body)).json()
    assert answer["text"] == "/investigate is not supported in threads. Sorry!"
    assert workspace.done == []


async def test_requests_that_make_no_sense_get_a_sentence(
    page: httpx.AsyncClient, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await page.post("/page/click", json={"user": ENGINEER})
    assert answer.status_code == 400 and "channel" in answer.json()["text"]
    answer = await page.get("/page/messages?user=U0MAYA")
    assert answer.status_code == 400 and "'channel'" in answer.json()["text"]
    answer = await page.get("/page/messages?user=U0MAYA&channel=C_NONE")
    assert answer.status_code == 404

    async def refuse(*_: Any) -> str:
        raise SlackError("channel_not_found")

    monkeypatch.setattr(workspace, "post", refuse)
    answer = await page.post("/page/post", json={"user": "U", "channel": "C", "text": "x"})
    assert answer.status_code == 404 and "no such channel" in answer.json()["text"]


async def test_what_one_can_read_as_json(page: httpx.AsyncClient, workspace: FakeWorkspace) -> None:
    ts = alert_ts(workspace)
    replies = (await page.get(f"/page/thread?user={ENGINEER}&channel={ALERTS}&ts={ts}")).json()
    assert len(replies["messages"]) == 5
    channels = (await page.get(f"/page/channels?user={ENGINEER}")).json()["channels"]
    assert [c["id"] for c in channels][-1] == DM
    assert (await page.get(f"/page/view?user={ENGINEER}")).json() == {"view": None}


async def test_files_open_as_pictures_and_cannot_run(page: httpx.AsyncClient) -> None:
    answer = await page.get("/page/file/F0CHART01")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (await page.get("/page/file/F_NONE")).status_code == 404


async def test_events_are_for_their_reader_and_end_when_the_server_stops() -> None:
    workspace, streams, seen = FakeWorkspace(), Streams(), []

    async def read() -> None:
        async for event in streams.events(workspace.changes(), ENGINEER):
            seen.append(event)

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.01)
    workspace.tell(WorkspaceChange("view", user=OUTSIDER))
    workspace.tell(WorkspaceChange("message", ALERTS, "1.0"))
    await asyncio.sleep(0.01)
    assert len(seen) == 2 and '"kind": "message"' in seen[1]
    assert workspace.watchers == 1
    streams.close()
    await asyncio.wait_for(reading, 30)
    assert workspace.watchers == 0


def test_a_reader_who_leaves_is_forgotten() -> None:
    workspace = FakeWorkspace()
    app = create_app(workspace)
    with served(app, on_stop=app.state.streams.close) as server:
        with httpx.stream("GET", f"{server.url}/page/changes?user={ENGINEER}") as stream:
            received = stream.iter_text()  # kept: httpx closes the stream with its iterator
            next(received)
            assert _becomes(lambda: workspace.watchers == 1)
        assert _becomes(lambda: workspace.watchers == 0)


def _becomes(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()
