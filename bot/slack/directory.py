"""Who is in which user group."""

from __future__ import annotations

import time
from collections import defaultdict

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

_FRESH_SECONDS = 60.0
log = structlog.get_logger(__name__)


class SlackDirectory:
    """Implements ``agent.ports.Directory`` on Slack's user groups, read anew after a minute.

    When they can't be read nobody is in any group: who can't be shown to be entitled is not.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._groups: dict[str, frozenset[str]] = {}
        self._fresh_until = float("-inf")

    async def groups_of(self, user: str) -> frozenset[str]:
        """Handles of the user groups that this person is in."""
        if time.monotonic() >= self._fresh_until:
            try:
                self._groups = await self._read()
            except (SlackApiError, OSError, TimeoutError) as error:
                log.warning("user groups not read", error=repr(error))
                self._groups = {}
                return frozenset()
            self._fresh_until = time.monotonic() + _FRESH_SECONDS
        return self._groups.get(user, frozenset())

    async def _read(self) -> dict[str, frozenset[str]]:
        handles: defaultdict[str, set[str]] = defaultdict(set)
        listed = await self._client.usergroups_list(include_users=False)
        for group in listed["usergroups"]:
            if group.get("is_external"):  # another company's, which may have any handle
                continue
            members = await self._client.usergroups_users_list(usergroup=group["id"])
            for user in members["users"]:
                handles[user].add(group["handle"])
        return {user: frozenset(groups) for user, groups in handles.items()}
