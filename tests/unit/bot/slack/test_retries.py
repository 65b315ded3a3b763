"""What is tried again, and what Slack's refusals mean."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.response import HttpResponse

from bot.slack import client
from bot.slack.refusals import Remedy, code_of, remedy_of


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"retry-after": ["12"]}, 12),
        ({"Retry-After": "600"}, 60),
        ({"Retry-After": "soon"}, 1),
        ({}, 1),
    ],
)
def test_retry_after_is_read_whole_and_bounded(headers: dict[str, str], seconds: float) -> None:
    response = HttpResponse(status_code=429, headers=headers)  # type: ignore[arg-type]
    assert client._retry_after(response) == seconds


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ({"error": "invalid_blocks"}, Remedy.PLAIN_TEXT),
        ({"error": "msg_too_long"}, Remedy.PLAIN_TEXT),
        ({"error": "thread_not_found"}, Remedy.TOP_LEVEL),
        ({"error": "not_in_channel"}, Remedy.JOIN),
        ({"error": "internal_error"}, Remedy.RETRY),
        ({"error": "ratelimited"}, Remedy.RETRY),
        ({}, Remedy.RETRY),
        ("<html>bad gateway</html>", Remedy.RETRY),
        ({"error": "channel_not_found"}, Remedy.GIVE_UP),
        ({"error": "a_word_of_tomorrow"}, Remedy.GIVE_UP),
    ],
)
def test_each_refusal_has_a_remedy(answer: object, remedy: Remedy) -> None:
    error = SlackApiError("refused", answer)
    assert remedy_of(error) is remedy
    assert isinstance(code_of(error), str)
