"""Who belongs to the workspace, and which conversations they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox.slack.errors import SlackError
from sandbox.slack.identity import (
    APP_ID,
    APP_NAME,
    BOT_ID,
    BOT_USER_ID,
    PARTNER_TEAM_ID,
    SLACKBOT_ID,
    TEAM_ID,
)
from sandbox.slack.ports import Json
from sandbox.world.ports import Channel, Company, Person, Team

ChannelType = Literal["channel", "group", "im"]

_COLORS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "684b6c", "e0a729")


@dataclass
class Conversation:
    """A channel, private channel (``group``) or direct message with the app (``im``)."""

    id: str
    name: str
    kind: ChannelType
    topic: str = ""
    members: list[str] = field(default_factory=list)
    created: int = 0
    is_archived: bool = False
    outsiders: frozenset[str] = frozenset()
    """Guests and strangers, who see only what they are members of."""
    is_shared: bool = False
    """With another company (Slack Connect)."""

    @property
    def app_is_member(self) -> bool:
        """Whether the installed app was invited."""
        return BOT_USER_ID in self.members

    def visible_to(self, user_id: str) -> bool:
        """Whether this user may read it: public channels are open to every full member."""
        open_to_all = self.kind == "channel" and user_id not in self.outsiders
        return open_to_all or user_id in self.members

    def as_json(self, viewer: str) -> Json:
        """The conversation object as ``conversations.info`` gives it to ``viewer``."""
        common = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.is_archived,
            "is_org_shared": False,
            "context_team_id": TEAM_ID,
            "updated": self.created * 1000,
        }
        if self.kind == "im":
            other = next((m for m in self.members if m != viewer), BOT_USER_ID)
            return {
                **common,
                "is_channel": False,
                "is_group": False,
                "is_im": True,
                "is_mpim": False,
                "user": other,
                "is_user_deleted": False,
                "priority": 0,
            }
        private = self.kind == "group"
        return {
            **common,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not private,
            "is_group": private,
            "is_im": False,
            "is_mpim": False,
            "is_private": private,
            "is_general": self.name == "general",
            "is_shared": self.is_shared,
            "is_ext_shared": self.is_shared,
            "is_member": viewer in self.members,
            "unlinked": 0,
            "creator": self.members[0] if self.members else "",
            "topic": {"value": self.topic, "creator": "", "last_set": self.created},
            "purpose": {"value": self.topic, "creator": "", "last_set": self.created},
            "num_members": len(self.members),
        }


class Directory:
    """Members, user groups and conversations of the workspace."""

    def __init__(self, company: Company, opened: datetime) -> None:
        self._created = int(opened.timestamp())
        people = [p for p in company.people if p.slack_id and p.slack_id != BOT_USER_ID]
        self._users = {p.slack_id: self._person(i, p, opened) for i, p in enumerate(people)}
        self._users[BOT_USER_ID] = self._bot(BOT_USER_ID, APP_NAME, BOT_ID, APP_ID)
        self._users[SLACKBOT_ID] = self._bot(SLACKBOT_ID, "Slackbot", "B01", "A0SLACKBOT")
        self._outsiders = frozenset(p.slack_id for p in people if p.membership != "full")
        self._teams = [team for team in company.teams if team.usergroup_id]
        self._conversations = {c.id: self._channel(c) for c in company.channels}
        for person in people:
            dm = Conversation(f"D{person.slack_id[1:]}", "", "im", created=self._created)
            dm.members = [person.slack_id, BOT_USER_ID]
            self._conversations[dm.id] = dm

    def users(self) -> list[Json]:
        """Everyone, bots included, as ``users.info`` gives them."""
        return list(self._users.values())

    def user(self, user_id: str) -> Json:
        """One member.

        Raises:
            SlackError: ``user_not_found``.
        """
        if user_id not in self._users:
            raise SlackError("user_not_found")
        return self._users[user_id]

    def user_by_email(self, email: str) -> Json:
        """The member with this address; ``users_not_found`` is Slack's own word here."""
        for user in self._users.values():
            if user["profile"].get("email", "").lower() == email.lower():
                return user
        raise SlackError("users_not_found")

    def usergroups(self) -> list[Team]:
        """The teams that have a user group."""
        return self._teams

    def conversations(self) -> Iterable[Conversation]:
        """Every conversation, direct messages included."""
        return self._conversations.values()

    def conversation(self, channel_id: str) -> Conversation:
        """A conversation by id.

        Raises:
            SlackError: ``channel_not_found``.
        """
        if channel_id not in self._conversations:
            raise SlackError("channel_not_found")
        return self._conversations[channel_id]

    def resolve(self, reference: str) -> Conversation:
        """A conversation by id, ``#name``, name, or a user's id (their direct message with the app)."""
        if reference in self._users:
            return self.direct_message(reference)
        name = reference.removeprefix("#")
        for conversation in self._conversations.values():
            if conversation.kind != "im" and conversation.name == name:
                return conversation
        return self.conversation(reference)

    def direct_message(self, user_id: str) -> Conversation:
        """The app's conversation with one person."""
        for conversation in self._conversations.values():
            if conversation.kind == "im" and user_id in conversation.members:
                if user_id == BOT_USER_ID:
                    break
                return conversation
        raise SlackError("channel_not_found")

    def _channel(self, channel: Channel) -> Conversation:
        return Conversation(
            id=channel.id,
            name=channel.name,
            kind="group" if channel.is_private else "channel",
            topic=channel.topic,
            members=list(channel.members),
            created=self._created,
            is_shared=channel.is_shared,
            outsiders=self._outsiders,
        )

    def _person(self, index: int, person: Person, opened: datetime) -> Json:
        team = PARTNER_TEAM_ID if person.membership == "stranger" else TEAM_ID
        offset = opened.astimezone(ZoneInfo(person.time_zone)).utcoffset()
        return {
            "id": person.slack_id,
            "team_id": team,
            "name": person.handle,
            "deleted": False,
            "color": _COLORS[index % len(_COLORS)],
            "real_name": person.name,
            "tz": person.time_zone,
            "tz_label": person.time_zone,
            "tz_offset": int(offset.total_seconds()) if offset else 0,
            "profile": {
                "title": person.title,
                "real_name": person.name,
                "real_name_normalized": person.name,
                "display_name": person.handle,
                "display_name_normalized": person.handle,
                "email": person.email,
                "status_text": "",
                "status_emoji": "",
                "team": team,
            },
            "is_admin": False,
            "is_owner": False,
            "is_restricted": person.membership == "guest",
            "is_ultra_restricted": False,
            "is_stranger": person.membership == "stranger",
            "is_bot": person.is_bot,
            "is_app_user": False,
            "updated": self._created,
        }

    def _bot(self, user_id: str, name: str, bot_id: str, app_id: str) -> Json:
        return {
            "id": user_id,
            "team_id": TEAM_ID,
            "name": name.lower(),
            "deleted": False,
            "color": "757575",
            "real_name": name,
            "tz": "UTC",
            "tz_label": "UTC",
            "tz_offset": 0,
            "profile": {
                "title": "",
                "real_name": name,
                "display_name": name,
                "api_app_id": app_id,
                "bot_id": bot_id,
                "always_active": True,
                "team": TEAM_ID,
            },
            "is_admin": False,
            "is_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": user_id != SLACKBOT_ID,
            "is_app_user": False,
            "updated": self._created,
        }
