"""Who is who on the page: names and avatars of people, of the app, and of other vendors' bots."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.page.emoji import emoji
from sandbox.page.mrkdwn import Names
from sandbox.slack.ports import Json, Workspace

_COLOURS = 10
# Senders that have a drawing of their own in templates/icons.svg, by a word of their name.
_ICONS = ("srebot", "datadog", "pagerduty", "grafana", "alertmanager", "github", "argo")


@dataclass(frozen=True)
class Avatar:
    """A square picture: a drawn icon, an emoji, or initials on a colour."""

    label: str
    colour: int
    """Index of the colour, 0..9."""
    icon: str = ""
    emoji: str = ""


@dataclass(frozen=True)
class Author:
    """Who a message is by."""

    key: str
    """Equal for messages that may stand under one heading."""
    name: str
    avatar: Avatar
    is_app: bool = False
    user_id: str = ""
    title: str = ""
    """Job title, shown when the pointer rests on the name."""


@dataclass(frozen=True)
class Directory:
    """Members and channels as one reader sees them."""

    users: Mapping[str, Json]
    channels: Mapping[str, Json]
    reader: str

    @classmethod
    def of(cls, workspace: Workspace, reader: str) -> Directory:
        """Read the workspace once, for one rendering."""
        users = {user["id"]: user for user in workspace.users()}
        channels = {channel["id"]: channel for channel in workspace.channels(reader)}
        return cls(users, channels, reader)

    @property
    def names(self) -> Names:
        """Ids to names, for text."""
        return Names(
            users={user_id: display_name(user) for user_id, user in self.users.items()},
            channels={
                channel_id: str(channel.get("name", ""))
                for channel_id, channel in self.channels.items()
                if not channel.get("is_im")
            },
            reader=self.reader,
        )

    def people(self) -> Sequence[Author]:
        """The members one can be: no bots, nobody deactivated."""
        return [member(user) for user in self.users.values() if is_person(user)]

    @property
    def app_name(self) -> str:
        """The installed app: the one that the reader has a direct message with."""
        for channel in self.channels.values():
            other = self.users.get(str(channel.get("user", ""))) if channel.get("is_im") else None
            if other and other.get("is_bot"):
                return display_name(other)
        return "The app"

    def author(self, message: Json) -> Author:
        """The author of a message, be it a person, the app or a vendor's bot."""
        user = self.users.get(str(message.get("user", "")))
        profile: Mapping[str, Any] = message.get("bot_profile") or {}
        is_app = bool(message.get("bot_id") or profile or message.get("subtype") == "bot_message")
        name = str(message.get("username") or profile.get("name") or "")
        if user is not None and not name:
            return member(user)
        if not is_app:
            return Author(name or "unknown", name or "Unknown member", _initials(name or "?"))
        return _app(name or (display_name(user) if user else "app"), message)


def is_person(user: Json) -> bool:
    """Whether the page may be used as this member."""
    is_bot = user.get("is_bot") or user["id"] == "USLACKBOT"
    return not is_bot and not user.get("deleted")


def display_name(user: Json) -> str:
    """The full name, as in a workspace set to show full names; else the display name or handle."""
    profile: Mapping[str, Any] = user.get("profile") or {}
    for name in (
        profile.get("real_name"),
        user.get("real_name"),
        profile.get("display_name"),
        user.get("name"),
    ):
        if name:
            return str(name)
    return str(user["id"])


def member(user: Json) -> Author:
    """A member of the workspace as the author of what they write."""
    name = display_name(user)
    is_app = bool(user.get("is_bot"))
    return Author(
        key=user["id"],
        name=name,
        avatar=_app_avatar(name) if is_app else _initials(name),
        is_app=is_app,
        user_id=user["id"],
        title=str((user.get("profile") or {}).get("title") or ""),
    )


def _app(name: str, message: Json) -> Author:
    icons: Mapping[str, Any] = message.get("icons") or {}
    drawn = emoji(str(icons.get("emoji", "")).strip(":"))
    avatar = _app_avatar(name)
    if drawn and not avatar.icon:
        avatar = Avatar(name, avatar.colour, emoji=drawn)
    key = f"{message.get('bot_id') or message.get('user')}/{name}"
    return Author(key, name, avatar, is_app=True, user_id=str(message.get("user", "")))


def _app_avatar(name: str) -> Avatar:
    icon = next((icon for icon in _ICONS if icon in name.lower()), "app")
    return Avatar(name, _colour(name), icon=icon)


def _initials(name: str) -> Avatar:
    words = [word for word in name.replace("_", " ").replace(".", " ").split() if word[0].isalnum()]
    letters = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))
    return Avatar(letters.upper() or "?", _colour(name))


def _colour(name: str) -> int:
    return zlib.crc32(name.encode()) % _COLOURS
