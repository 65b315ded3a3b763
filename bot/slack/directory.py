"""Who is who in Slack, and in which user group."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.ports import Person
from bot.slack.members import Members

_FRESH_SECONDS = 5.0
"""Long enough for many clicks at one moment, and shorter than reading a modal: who left a group is out of it."""
_AWAY = "Slack could not be asked who you are; try again in a minute"
_FAILURES = (SlackApiError, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class SlackDirectory:
    """Implements ``agent.ports.Directory`` on Slack's users and user groups.

    When they can't be read nobody is in any group: who can't be shown to be entitled is not.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._members = Members(client)
        self._groups: Mapping[str, frozenset[str]] = {}
        self._fresh_until = float("-inf")

    async def person(self, user: str) -> Person:
        """Who this is now."""
        try:
            found, why_not = await self._members.look_up(user)
        except _FAILURES as error:
            log.warning("person not read", error=repr(error))
            return Person(id=user, why_not=_AWAY)
        email = str((found.get("profile") or {}).get("email") or "").lower()
        groups = await self.groups_of(user)
        return Person(id=user, groups=groups, email=email, why_not=why_not)

    async def groups_of(self, user: str) -> frozenset[str]:
        """Handles of the user groups that this person is in."""
        if time.monotonic() >= self._fresh_until:
            try:
                self._groups = await self._read()
            except _FAILURES as error:
                log.warning("user groups not read", error=repr(error))
                self._groups = {}
                return frozenset()
            self._fresh_until = time.monotonic() + _FRESH_SECONDS
        return self._groups.get(user, frozenset())

    async def _read(self) -> Mapping[str, frozenset[str]]:
        handles: defaultdict[str, set[str]] = defaultdict(set)
        listed = await self._client.usergroups_list(include_users=True)
        for group in listed["usergroups"]:
            if group.get("is_external") or group.get("date_delete"):
                continue  # another company's, which may have any handle; or one that is no longer used
            for user in group.get("users") or ():
                handles[user].add(group["handle"])
        return {user: frozenset(groups) for user, groups in handles.items()}
