"""Refusals of the Web API, as Slack words them."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.slack.ports import Json


class SlackError(Exception):
    """A call that Slack refuses with ``{"ok": false, "error": <code>}``."""

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> Json:
        """The response's JSON."""
        return {"ok": False, "error": self.code, **self.extra}


class RateLimitedError(SlackError):
    """Too many calls; answered with HTTP 429 and ``Retry-After`` in whole seconds."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("ratelimited")
        self.retry_after_seconds = retry_after_seconds


def invalid_payload(code: str, problems: Sequence[str]) -> SlackError:
    """A refusal that lists what is wrong, such as ``invalid_blocks``."""
    return SlackError(
        code,
        errors=list(problems),
        response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
    )


def invalid_arguments(*problems: str) -> SlackError:
    """``invalid_arguments`` with its reasons."""
    return invalid_payload("invalid_arguments", problems)
