"""What selects and the composer offer: options, people, channels, commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.page.mrkdwn import plain
from sandbox.page.people import Directory, display_name
from sandbox.slack.ports import Json


@dataclass(frozen=True)
class Choice:
    """One entry of a select; ``value`` is what goes into the action."""

    label: str
    value: Any


def option_choices(element: Json) -> list[Choice]:
    """A static select's options, those of its groups included."""
    groups = element.get("option_groups") or ()
    options = [
        *(element.get("options") or ()),
        *(option for group in groups for option in group.get("options", ())),
    ]
    return [Choice(_label(option), option) for option in options]


def _label(option: Json) -> str:
    text = option.get("text") or {}
    return plain(str(text.get("text") or option.get("value") or ""))


def user_choices(directory: Directory) -> list[Choice]:
    """The people of the workspace, by name."""
    people = [Choice(person.name, person.user_id) for person in directory.people()]
    return sorted(people, key=lambda choice: choice.label.lower())


def channel_choices(directory: Directory) -> list[Choice]:
    """The channels that the reader may open, direct messages excepted."""
    return [Choice(f"#{name}", channel_id) for channel_id, name in directory.names.channels.items()]


def composer_data(directory: Directory, commands: Mapping[str, str]) -> dict[str, Sequence[Any]]:
    """What the composer completes: ``@`` people and apps, ``#`` channels, ``/`` commands."""
    members = [user for user in directory.users.values() if not user.get("deleted")]
    apps_first = sorted(members, key=lambda user: (not user.get("is_bot"), display_name(user)))
    return {
        "people": [
            {
                "id": user["id"],
                "name": display_name(user),
                "handle": str(user.get("name", "")),
                "app": bool(user.get("is_bot")),
            }
            for user in apps_first
        ],
        "channels": [
            {"id": channel_id, "name": name}
            for channel_id, name in directory.names.channels.items()
        ],
        "commands": [{"name": name, "hint": hint} for name, hint in commands.items()],
    }
