"""Short-lived permissions that an interaction gives the app: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.slack.clock import Now
from sandbox.slack.errors import SlackError

TRIGGER_LIFETIME = timedelta(seconds=3)
RESPONSE_URL_LIFETIME = timedelta(minutes=30)
RESPONSE_URL_USES = 5


@dataclass
class _Trigger:
    user_id: str
    issued: datetime
    from_view: str
    used: bool = False


@dataclass
class ResponseTarget:
    """What a response URL may answer: the channel, the person, and the message it came from."""

    channel_id: str
    user_id: str
    issued: datetime
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = 0


class Triggers:
    """Trigger ids: three seconds, one use."""

    def __init__(self, now: Now, lifetime: timedelta = TRIGGER_LIFETIME) -> None:
        self.lifetime = lifetime
        self._now = now
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user_id: str, from_view: str = "") -> str:
        """A new trigger id for an interaction by ``user_id`` (inside the view ``from_view``)."""
        trigger_id = (
            f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        )
        self._issued[trigger_id] = _Trigger(user_id, self._now(), from_view)
        return trigger_id

    def redeem(self, trigger_id: str) -> tuple[str, str]:
        """The user and the view that the interaction came from.

        Raises:
            SlackError: ``invalid_trigger_id``, ``exchanged_trigger_id`` or ``expired_trigger_id``.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if self._now() - trigger.issued > self.lifetime:
            raise SlackError("expired_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        trigger.used = True
        return trigger.user_id, trigger.from_view


class ResponseUrls:
    """Response URLs: thirty minutes, five uses."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._targets: dict[str, ResponseTarget] = {}

    def issue(
        self, channel_id: str, user_id: str, message_ts: str = "", thread_ts: str = ""
    ) -> str:
        """A new token, the last part of the URL."""
        token = secrets.token_urlsafe(24)
        self._targets[token] = ResponseTarget(
            channel_id, user_id, self._now(), message_ts, thread_ts
        )
        return token

    def redeem(self, token: str) -> ResponseTarget:
        """What the token may answer.

        Raises:
            SlackError: ``expired_url``, ``used_url`` or ``invalid_url``.
        """
        target = self._targets.get(token)
        if target is None:
            raise SlackError("invalid_url")
        if self._now() - target.issued > RESPONSE_URL_LIFETIME:
            raise SlackError("expired_url")
        if target.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        target.uses += 1
        return target
