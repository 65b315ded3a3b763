"""The way in of webhooks: checked, read, made durable, then acknowledged; nothing that a sender would repeat is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import structlog
from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.model import Conversation, Signal
from agent.model.pages import PageEvent
from agent.ports import Answering, Clock
from bot.settings import WebhookSettings
from bot.slack.pacing import Pace
from bot.web.body import BodyLimit
from bot.web.webhooks import alertmanager, datadog, grafana, pagerduty
from bot.web.webhooks.fields import Payload
from bot.web.webhooks.verification import Sender, is_genuine

PATH = "/webhooks/{sender}"
BURST = 500.0
PER_SECOND = 50.0
"""Requests that each sender may make: a storm of alerts passes, a loop does not."""
_PATIENCE_SECONDS = 4.0
"""PagerDuty gives up after five, the others after ten or more."""
_RETRY_AFTER_SECONDS = 5
_log = structlog.get_logger(__name__)

Reader = Callable[[Payload, datetime], Sequence[Signal]]
READERS: Mapping[Sender, Reader] = MappingProxyType(
    {
        Sender.DATADOG: datadog.signals,
        Sender.PAGERDUTY: pagerduty.signals,
        Sender.ALERTMANAGER: alertmanager.signals,
        Sender.GRAFANA: grafana.signals,
    }
)


class _Refused(Exception):
    """An answer that ends the handling of a request; the sentence tells the sender's administrator what to do."""

    def __init__(self, status: int, sentence: str, retry_after_seconds: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    def response(self) -> Response:
        """As HTTP."""
        wait = self.retry_after_seconds
        headers = {"retry-after": str(wait)} if wait else None
        return JSONResponse({"error": str(self)}, self.status, headers)


class Webhooks:
    """Handler of ``POST /webhooks/<sender>``.

    Args:
        answering: where signals go; durable when it returns.
        settings: the secrets; a sender without one is refused.
        clock: the time, for signed times.
        place: where alerts are talked about that came without a message.
    """

    def __init__(
        self,
        answering: Answering,
        settings: WebhookSettings,
        clock: Clock,
        place: Callable[[], Awaitable[Conversation]],
    ) -> None:
        self._answering = answering
        self._secrets = {
            sender: secret.get_secret_value()
            for sender in Sender
            if isinstance(secret := getattr(settings, f"{sender}_secret"), SecretStr)
        }
        self._clock = clock
        self._place = place
        self._paces = {sender: Pace(BURST, PER_SECOND) for sender in Sender}

    def routes(self) -> Sequence[Route]:
        """The route to mount in the web application."""
        limited = [Middleware(BodyLimit)]
        return [Route(PATH, self.take, methods=["POST"], middleware=limited)]

    async def take(self, request: Request) -> Response:
        """202 once what the request says is durable."""
        try:
            sender, secret = self._known(request.path_params["sender"])
            body = await request.body()
            now = self._clock.now()
            if not is_genuine(sender, secret, request.headers, body, now):
                _log.warning("webhook_refused", sender=sender.value)
                raise _Refused(401, "The secret or the signature is not the one that is set here.")
            self._pace(sender)
            payload = _payload(body)
            found, event = READERS[sender](payload, now), _page_event(sender, payload, now)
            if not found and event is None:
                _log.info("webhook_ignored", sender=sender.value)
            await self._keep(sender, found, event)
        except _Refused as refusal:
            return refusal.response()
        return JSONResponse({"accepted": len(found) or int(event is not None)}, 202)

    def _known(self, name: str) -> tuple[Sender, str]:
        sender = next((s for s in Sender if s.value == name), None)
        secret = self._secrets.get(sender, "") if sender else ""
        if sender is None or not secret:
            raise _Refused(
                404, "No such webhook, or its secret is not set: see docs/webhooks.md of srebot."
            )
        return sender, secret

    def _pace(self, sender: Sender) -> None:
        if not self._paces[sender].allows():
            raise _Refused(429, "Too many requests at once.", retry_after_seconds=1)

    async def _keep(
        self, sender: Sender, signals: Sequence[Signal], event: tuple[str, PageEvent] | None
    ) -> None:
        """Hand the signals on; the keys make it harmless to hand them on again after a failure half-way."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                place = await self._place() if signals else Conversation(channel="")
                for signal in signals:
                    talked = signal.model_copy(update={"conversation": place})
                    await self._answering.receive(talked)
                if event is not None:
                    key, done = event
                    await self._answering.page_event(done, key)
        except Exception as error:  # whatever it was, nothing is lost when the sender tries again
            _log.exception("webhook_not_kept", sender=sender.value)
            sentence = "It could not be kept just now; send it again."
            raise _Refused(503, sentence, _RETRY_AFTER_SECONDS) from error


def _payload(body: bytes) -> Payload:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"The body is not JSON: {_reason(error)}.") from error
    if not isinstance(payload, dict):
        raise _Refused(400, "The body is JSON, but not an object.")
    return payload


def _page_event(sender: Sender, payload: Payload, now: datetime) -> tuple[str, PageEvent] | None:
    return pagerduty.page_event(payload, now) if sender is Sender.PAGERDUTY else None


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "too deeply nested" if isinstance(error, RecursionError) else "not UTF-8 text"
