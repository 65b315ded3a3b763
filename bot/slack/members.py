"""Who is a full member of the workspace: not a guest, not of another company, not a bot."""

from __future__ import annotations

from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.refusals import Remedy, code_of, remedy_of

_NOT_FULL = (
    "deleted",
    "is_bot",
    "is_restricted",
    "is_ultra_restricted",
    "is_stranger",
    "is_workflow_bot",
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
        try:
            found: dict[str, Any] = (await self._client.users_info(user=user))["user"]
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.warning("member not read", user=user, error=code_of(error))
            return False
        if any(found.get(mark) for mark in _NOT_FULL):
            return False
        return found.get("team_id") == await self._own_team()

    async def _own_team(self) -> str:
        if not self._team:
            self._team = str((await self._client.auth_test())["team_id"])
        return self._team
