"""Who is a full member of the workspace: not a guest, not of another company, not a bot."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.refusals import Remedy, code_of, remedy_of

UNKNOWN = "Slack does not say who you are"
FOREIGN = "you are of another company's workspace"
_NOT_FULL: Mapping[str, str] = MappingProxyType(
    {
        "deleted": "your account is deactivated",
        "is_bot": "you are a bot",
        "is_workflow_bot": "you are a bot",
        "is_restricted": "you are a guest",
        "is_ultra_restricted": "you are a guest",
        "is_stranger": FOREIGN,
    }
)
log = structlog.get_logger(__name__)


class Members:
    """Tells full members from others; who cannot be shown to be one is none."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._team = ""

    async def is_full(self, user: str) -> bool:
        """Whether this person is a full member.

        Raises:
            SlackApiError, OSError, TimeoutError: Slack could not be asked; the call may be repeated.
        """
        return not (await self.look_up(user))[1]

    async def look_up(self, user: str) -> tuple[Mapping[str, Any], str]:
        """The user as Slack has them, and why they are no full member; empty: they are one.

        Raises:
            SlackApiError, OSError, TimeoutError: Slack could not be asked; the call may be repeated.
        """
        try:
            found: dict[str, Any] = (await self._client.users_info(user=user))["user"]
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.warning("member not read", user=user, error=code_of(error))
            return {}, UNKNOWN
        for mark, why in _NOT_FULL.items():
            if found.get(mark):
                return found, why
        own = found.get("team_id") == await self._own_team()
        return found, "" if own else FOREIGN

    async def _own_team(self) -> str:
        if not self._team:
            self._team = str((await self._client.auth_test())["team_id"])
        return self._team
