"""Pictures in Slack threads: each shows once, with words, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Conversation
from agent.ports import Picture
from agent.store.repository import Store
from bot.slack import outbox as outbox_module
from bot.slack.client import build_client
from bot.slack.notifier import SlackNotifier
from bot.slack.pictures import file_name, upload
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, LEAD, RANDOM, VIEWS, settings
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
TITLE, ALT = "What depends on redis-reco", "What depends on redis-reco. cart → redis-reco."
PICTURE = Picture(PNG, TITLE, ALT)


@dataclass
class Slack:
    """A workspace and the bot's client to it."""

    workspace: SlackWorkspace
    client: AsyncWebClient
    store: Store

    def notifier(self) -> SlackNotifier:
        """As a process that has just started has it."""

        async def keep(*_: object) -> None:
            pass

        return SlackNotifier(self.client, self.store.messages, VIEWS, keep)

    async def thread(self) -> Conversation:
        ts = await self.workspace.post(LEAD, ALERTS, "what depends on redis-reco?")
        return Conversation(channel=ALERTS, thread=ts)

    def files(self, place: Conversation) -> list[dict[str, Any]]:
        messages = self.workspace.thread(place.channel, place.thread, ENGINEER)[1:]
        return [f for m in messages for f in m.get("files") or ()]


@pytest.fixture
async def slack(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    monkeypatch.setattr(outbox_module, "SHARED_AFTER_SECONDS", 0.0)
    workspace = SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))
    async with serving_slack(workspace) as url:
        yield Slack(workspace, build_client(settings(url)), store)


async def test_a_picture_is_in_the_thread_with_its_title_and_its_words(slack: Slack) -> None:
    place = await slack.thread()
    await slack.notifier().pictures(place, "picture-7", [PICTURE])
    (file,) = slack.files(place)
    assert (file["title"], file["alt_txt"], file["mimetype"]) == (TITLE, ALT, "image/png")
    content, _, media_type = slack.workspace.file(file["id"]) or (b"", "", "")
    assert (content, media_type) == (PNG, "image/png")


async def test_several_are_one_message_in_their_order(slack: Slack) -> None:
    place = await slack.thread()
    for notifier in (slack.notifier(), slack.notifier()):
        await notifier.pictures(place, "charts-7", [PICTURE, Picture(PNG, "Errors of auth", "")])
    assert [f["title"] for f in slack.files(place)] == [TITLE, "Errors of auth"]
    replies = slack.workspace.thread(place.channel, place.thread, ENGINEER)[1:]
    assert len(replies) == 1


async def test_it_shows_once_however_often_it_is_told(slack: Slack) -> None:
    place = await slack.thread()
    for notifier in (slack.notifier(), slack.notifier()):
        await notifier.pictures(place, "picture-7", [PICTURE])
    assert len(slack.files(place)) == 1
    await slack.notifier().pictures(place, "picture-8", [PICTURE])
    assert len(slack.files(place)) == 2


async def test_a_crash_between_upload_and_receipt_shows_it_once(slack: Slack) -> None:
    place, key = await slack.thread(), "picture-7"
    await slack.store.messages.claim(key, place.channel, place.thread, "picture")
    await upload(slack.client, key, place.channel, place.thread, [PICTURE])
    await slack.notifier().pictures(place, key, [PICTURE])
    assert [f["name"] for f in slack.files(place)] == [file_name(key)]
    receipt = await slack.store.messages.get(key)
    assert receipt is not None
    assert receipt.state == "sent"


async def test_a_crash_before_the_upload_loses_nothing(slack: Slack) -> None:
    place, key = await slack.thread(), "picture-7"
    await slack.store.messages.claim(key, place.channel, place.thread, "picture")
    await slack.notifier().pictures(place, key, [PICTURE])
    assert len(slack.files(place)) == 1


async def test_an_outage_is_raised_and_the_next_try_shows_it_once(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, complete, broken = (
        await slack.thread(),
        slack.client.files_completeUploadExternal,
        [True],
    )

    async def breaking(**arguments: Any) -> Any:
        if broken.pop() if broken else False:
            raise SlackApiError("away", {"ok": False, "error": "internal_error"})
        return await complete(**arguments)

    monkeypatch.setattr(slack.client, "files_completeUploadExternal", breaking)
    with pytest.raises(SlackApiError):
        await slack.notifier().pictures(place, "picture-7", [PICTURE])
    await slack.notifier().pictures(place, "picture-7", [PICTURE])
    assert len(slack.files(place)) == 1


async def test_a_public_channel_is_entered_and_a_missing_permission_let_go(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ts = await slack.workspace.post(ENGINEER, RANDOM, "what depends on redis-reco?")
    place = Conversation(channel=RANDOM, thread=ts)
    await slack.notifier().pictures(place, "picture-7", [PICTURE])
    assert len(slack.files(place)) == 1

    async def refusing(**_: Any) -> Any:
        raise SlackApiError("refused", {"ok": False, "error": "missing_scope"})

    monkeypatch.setattr(slack.client, "files_getUploadURLExternal", refusing)
    await slack.notifier().pictures(await slack.thread(), "picture-8", [PICTURE])


@pytest.mark.parametrize("text", ["", "x" * 5000, "<!channel> & <b>"])
async def test_any_words_and_titles_are_taken(slack: Slack, text: str) -> None:
    place = await slack.thread()
    await slack.notifier().pictures(place, "picture-7", [Picture(PNG, text or "t", text)])
    assert len(slack.files(place)) == 1
