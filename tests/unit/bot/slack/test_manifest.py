"""The app manifest asks for exactly what the code uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

import bot.slack
import integrations
from bot.slack import commands, notes, shortcuts
from bot.slack.home import PROMPTS
from sandbox.slack.identity import SCOPES, SUBSCRIPTIONS

FOLDER = Path(bot.slack.__file__).parent
METHODS: dict[str, frozenset[str]] = {
    "agents_sessions_setStatus": frozenset({"chat:write"}),
    "assistant_threads_setSuggestedPrompts": frozenset({"assistant:write"}),
    "auth_test": frozenset(),
    "chat_getPermalink": frozenset(),
    "chat_postEphemeral": frozenset({"chat:write"}),
    "chat_postMessage": frozenset({"chat:write", "im:write"}),
    "chat_update": frozenset({"chat:write"}),
    "conversations_history": frozenset({"channels:history", "groups:history", "im:history"}),
    "conversations_info": frozenset({"channels:read", "groups:read", "im:read"}),
    "conversations_join": frozenset({"channels:join"}),
    "conversations_list": frozenset({"channels:read", "groups:read"}),
    "conversations_replies": frozenset({"channels:history", "groups:history", "im:history"}),
    "files_upload_v2": frozenset({"files:write"}),
    "reactions_add": frozenset({"reactions:write"}),
    "usergroups_list": frozenset({"usergroups:read"}),
    "usergroups_users_list": frozenset({"usergroups:read"}),
    "users_list": frozenset({"users:read"}),
    "users_info": frozenset({"users:read", "users:read.email"}),
    "views_open": frozenset(),
    "views_publish": frozenset(),
}
EVENTS = {
    "agent_session_stopped": frozenset[str](),
    "app_home_opened": frozenset[str](),
    "app_mention": frozenset({"app_mentions:read"}),
    "message.channels": frozenset({"channels:history"}),
    "message.groups": frozenset({"groups:history"}),
    "message.im": frozenset({"im:history"}),
    "reaction_added": frozenset({"reactions:read"}),
}
_CALL = re.compile(r"(?:client\.|\")([a-z]+[_.]\w+)\b")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded = yaml.safe_load((FOLDER / "manifest.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def used_methods() -> set[str]:
    history = Path(integrations.__file__).parent / "slack_history.py"
    sources = [*FOLDER.glob("*.py"), history]
    named = {n.replace(".", "_") for path in sources for n in _CALL.findall(path.read_text())}
    return {name for name in named if hasattr(AsyncWebClient, name)}


def test_every_scope_that_is_used_is_asked_for_and_no_other(manifest: dict[str, Any]) -> None:
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    used = {"commands"}.union(*(METHODS[name] for name in used_methods()), *EVENTS.values())
    assert asked == used
    assert asked <= SCOPES, "the sandbox grants what the manifest asks for"


def test_the_events_that_are_heard_are_subscribed_to(manifest: dict[str, Any]) -> None:
    subscribed = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert subscribed == set(EVENTS)
    assert subscribed <= SUBSCRIPTIONS


def test_the_command_and_the_shortcut_are_those_of_the_code(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert [c["command"] for c in features["slash_commands"]] == [commands.COMMAND]
    known = [(s["type"], s["callback_id"]) for s in features["shortcuts"]]
    assert known == [("message", shortcuts.CALLBACK), ("message", notes.CALLBACK)]


def test_it_is_an_agent_with_socket_mode_and_buttons(manifest: dict[str, Any]) -> None:
    features, settings = manifest["features"], manifest["settings"]
    assert "assistant_view" not in features
    assert features["agent_view"]["suggested_prompts"] == list(PROMPTS)
    assert features["app_home"]["home_tab_enabled"]
    assert settings["socket_mode_enabled"]
    assert settings["interactivity"]["is_enabled"]


def test_slacks_limits_on_the_manifest_itself(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert len(manifest["features"]["agent_view"]["agent_description"]) <= 300
    assert len(manifest["features"]["shortcuts"][0]["name"]) <= 24
