"""What Slack's refusals mean, and what helps against each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from slack_sdk.errors import SlackApiError


class Remedy(StrEnum):
    """What to do about a refusal."""

    PLAIN_TEXT = "plain_text"
    """Slack does not take the blocks: say it in plain words."""
    TOP_LEVEL = "top_level"
    """The thread is gone: say it in the channel."""
    JOIN = "join"
    """The bot is not in the channel: enter it, once."""
    RETRY = "retry"
    """It will pass: let the caller try again later."""
    GIVE_UP = "give_up"
    """Nothing helps: log it and go on."""


_REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {
        "invalid_blocks": Remedy.PLAIN_TEXT,
        "invalid_blocks_format": Remedy.PLAIN_TEXT,
        "msg_too_long": Remedy.PLAIN_TEXT,
        "msg_blocks_too_long": Remedy.PLAIN_TEXT,
        "invalid_arguments": Remedy.PLAIN_TEXT,
        "thread_not_found": Remedy.TOP_LEVEL,
        "invalid_thread_ts": Remedy.TOP_LEVEL,
        "cannot_reply_to_message": Remedy.TOP_LEVEL,
        "thread_locked": Remedy.TOP_LEVEL,
        "not_in_channel": Remedy.JOIN,
        "ratelimited": Remedy.RETRY,
        "rate_limited": Remedy.RETRY,
        "internal_error": Remedy.RETRY,
        "fatal_error": Remedy.RETRY,
        "service_unavailable": Remedy.RETRY,
        "request_timeout": Remedy.RETRY,
        "message_limit_exceeded": Remedy.RETRY,
    }
)


def code_of(error: SlackApiError) -> str:
    """Slack's word for the refusal; empty when it had none."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def remedy_of(error: SlackApiError) -> Remedy:
    """What helps against a refusal."""
    code = code_of(error)
    if not code:  # an answer that is not Slack's JSON comes from something in front of it
        return Remedy.RETRY
    return _REMEDIES.get(code, Remedy.GIVE_UP)
