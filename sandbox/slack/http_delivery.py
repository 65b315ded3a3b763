"""Request URLs: signed HTTP requests to the app, the way Slack delivers without Socket Mode.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.delivery import Ack, NotDeliveredError, Parcel
from sandbox.slack.identity import SIGNING_SECRET, VERIFICATION_TOKEN
from sandbox.slack.ports import Json

log = logging.getLogger(__name__)

PROBE_SECONDS = 1.0
_FORM = "application/x-www-form-urlencoded"
_RETRY_REASONS = {"timeout": "http_timeout", "http_error": "http_error"}


def sign(body: bytes, timestamp: int, secret: str = SIGNING_SECRET) -> str:
    """Slack's ``X-Slack-Signature``: HMAC-SHA256 over version, timestamp (seconds) and body."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class RequestUrlTransport:
    """Delivers to one request URL, once it has answered Slack's challenge."""

    def __init__(self, url: str, on_connected: Callable[[], None] = lambda: None) -> None:
        self.url = url
        self._on_connected = on_connected
        self._answers = False
        self._probe: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Probe the URL until it answers; needs a running event loop."""
        if self._probe is None or self._probe.done():
            self._probe = asyncio.get_running_loop().create_task(self._probe_until_answered())

    async def close(self) -> None:
        """Stop probing."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)

    def ready(self) -> bool:
        """See :class:`sandbox.slack.delivery.Transport`."""
        return self._answers

    async def verify(self) -> bool:
        """Send Slack's ``url_verification`` and check that the challenge comes back."""
        challenge = secrets.token_urlsafe(32)
        body = {
            "token": VERIFICATION_TOKEN,
            "challenge": challenge,
            "type": "url_verification",
        }
        try:
            answer = await self._post(json.dumps(body).encode(), "application/json", {}, 3.0)
        except NotDeliveredError:
            return False
        echoed = answer if isinstance(answer, dict) else {}
        return challenge in (echoed.get("challenge"), echoed.get("text"))

    async def send(self, parcel: Parcel, timeout_seconds: float) -> Ack:
        """See :class:`sandbox.slack.delivery.Transport`."""
        body, content_type = _encode(parcel)
        headers = {}
        if parcel.retry_attempt:
            headers["X-Slack-Retry-Num"] = str(parcel.retry_attempt)
            headers["X-Slack-Retry-Reason"] = _RETRY_REASONS.get(
                parcel.retry_reason, parcel.retry_reason
            )
        try:
            return Ack(await self._post(body, content_type, headers, timeout_seconds))
        except NotDeliveredError as failure:
            if failure.reason == "connection_failed":
                self._answers = False
                self.start()
            raise

    async def _post(
        self, body: bytes, content_type: str, headers: dict[str, str], timeout_seconds: float
    ) -> Any:
        timestamp = int(time.time())
        headers = {
            **headers,
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": sign(body, timestamp),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self.url, data=body, headers=headers) as response,
            ):
                text = await response.text()
                if not 200 <= response.status < 300:
                    no_retry = response.headers.get("X-Slack-No-Retry") == "1"
                    raise NotDeliveredError("http_error", retry=not no_retry)
                return _decode(text)
        except TimeoutError:
            raise NotDeliveredError("timeout") from None
        except aiohttp.ClientError as error:
            raise NotDeliveredError("connection_failed") from error

    async def _probe_until_answered(self) -> None:
        while True:
            if await self.verify():
                break
            await asyncio.sleep(PROBE_SECONDS)
        log.info("the request URL answers: %s", self.url)
        self._answers = True
        self._on_connected()


def _encode(parcel: Parcel) -> tuple[bytes, str]:
    if parcel.kind == "events_api":
        return json.dumps(parcel.payload).encode(), "application/json"
    fields: Json = (
        parcel.payload
        if parcel.kind == "slash_commands"
        else {"payload": json.dumps(parcel.payload)}
    )
    return urlencode(fields).encode(), _FORM


def _decode(text: str) -> Any:
    """A response is JSON, or plain text that stands for a message."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}
