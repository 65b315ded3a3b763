"""Who is in which user group, and which channels alerts arrive in, as Slack says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.ports import Person
from bot.slack.channels import Channels
from bot.slack.directory import SlackDirectory
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ENGINEER, OUTSIDER
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(replace(COMPANY), limits=RateLimits(enabled=False))


@pytest.fixture
async def client(workspace: SlackWorkspace) -> AsyncIterator[AsyncWebClient]:
    async with serving_slack(workspace) as url:
        yield AsyncWebClient("xoxb-sandbox", base_url=url)


async def refuse(**_: object) -> object:
    raise SlackApiError("refused", {"error": "missing_scope"})


async def test_members_are_in_their_groups_and_outsiders_in_none(client: AsyncWebClient) -> None:
    directory = SlackDirectory(client)
    assert await directory.groups_of(ENGINEER) == {"sre"}
    assert await directory.groups_of(OUTSIDER) == frozenset()


async def test_who_cannot_be_looked_up_is_not_entitled(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "usergroups_list", refuse)
    assert await SlackDirectory(client).groups_of(ENGINEER) == frozenset()


async def test_a_person_comes_with_groups_and_address(client: AsyncWebClient) -> None:
    person = await SlackDirectory(client).person(ENGINEER)
    assert person == Person(
        id=ENGINEER, groups=frozenset({"sre"}), email="erin@shop.example", why_not=""
    )


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ({"deleted": True}, "deactivated"),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"is_bot": True}, "bot"),
        ({"is_stranger": True}, "another company"),
        ({"team_id": "T0PARTNER"}, "another company"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_who_is_no_full_member_is_told_why_their_word_counts_for_nothing(
    client: AsyncWebClient, workspace: SlackWorkspace, mark: dict[str, object], why: str
) -> None:
    workspace.state.directory.user(ENGINEER).update(mark)
    assert why in (await SlackDirectory(client).person(ENGINEER)).why_not


async def test_nobody_decides_while_slack_cannot_be_asked(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(**_: object) -> object:
        raise TimeoutError

    monkeypatch.setattr(client, "users_info", away)
    assert "try again" in (await SlackDirectory(client).person(ENGINEER)).why_not


async def test_another_companys_group_of_the_same_handle_is_not_ours(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack Connect shows the groups of those who share a channel with us."""
    ours = (await client.usergroups_list())["usergroups"]

    async def listed(**_: object) -> object:
        return {"usergroups": [{**group, "is_external": True} for group in ours]}

    monkeypatch.setattr(client, "usergroups_list", listed)
    assert await SlackDirectory(client).groups_of(ENGINEER) == frozenset()


async def test_many_clicks_at_one_moment_ask_for_the_groups_once(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = SlackDirectory(client)
    await directory.groups_of(ENGINEER)
    monkeypatch.setattr(client, "usergroups_list", refuse)
    assert await directory.groups_of(ENGINEER) == {"sre"}


async def test_alert_channels_are_known_by_name_and_by_id(client: AsyncWebClient) -> None:
    assert await Channels(client, ["alerts"]).has("C0ALERTS")
    assert await Channels(client, ["#alerts"]).has("C0ALERTS")
    assert await Channels(client, ["C0ALERTS"]).has("C0ALERTS")
    assert not await Channels(client, ["alerts"]).has("C0RANDOM")


async def test_public_alert_channels_are_entered(
    client: AsyncWebClient, workspace: SlackWorkspace
) -> None:
    out = await Channels(client, ["random", "alerts", "leads", "nowhere"]).enter()
    assert out == ["leads", "nowhere"]
    assert "U0SREBOT" in workspace.state.directory.conversation("C0RANDOM").members


async def test_when_channels_cannot_be_read_the_event_is_to_come_again(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "conversations_list", refuse)
    with pytest.raises(SlackApiError):
        await Channels(client, ["alerts"]).has("C0ALERTS")


async def test_the_channel_named_first_is_found_once_and_its_name_stands_in_for_it_meanwhile(
    client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = Channels(client, ["#alerts", "random"]), Channels(client, ["alerts"])
    assert (await known.place()).channel == "C0ALERTS"
    monkeypatch.setattr(client, "conversations_list", refuse)
    assert await known.first() == "C0ALERTS"
    assert await unknown.first() == "alerts"
    assert await Channels(client, []).first() == ""
