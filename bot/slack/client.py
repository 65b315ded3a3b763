"""The client of Slack's Web API, with the retries that never post twice."""

from __future__ import annotations

import asyncio
import random

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import SlackSettings

_LONGEST_WAIT_SECONDS = 60.0
_TIMEOUT_SECONDS = 15


def build_client(settings: SlackSettings) -> AsyncWebClient:
    """The bot's client."""
    return AsyncWebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=settings.api_url,
        timeout=_TIMEOUT_SECONDS,
        retry_handlers=[
            RateLimitRetry(max_retry_count=4),
            # Only when no connection came about: a request that broke off may have been carried out.
            AsyncConnectionErrorRetryHandler(
                max_retry_count=2, error_types=[aiohttp.ClientConnectorError]
            ),
        ],
    )


class RateLimitRetry(AsyncRetryHandler):
    """Waits for as long as Slack's Retry-After says.

    The SDK's own handler reads only the first digit of that header when the client is asynchronous (3.47).
    """

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code == 429

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        """Wait, then let the request be made again."""
        state.next_attempt_requested = True
        await asyncio.sleep(_retry_after(response) + random.random())  # noqa: S311 (jitter)
        state.increment_current_attempt()


def _retry_after(response: HttpResponse | None) -> float:
    headers = {} if response is None else response.headers
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "1")
    text = value if isinstance(value, str) else value[0]
    return min(_LONGEST_WAIT_SECONDS, float(text)) if text.isdecimal() else 1.0
