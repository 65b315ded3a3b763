"""Trigger ids, response URLs, rate limits, view stacks: what Slack lets an app do, how often, how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.slack.errors import RateLimitedError, SlackError
from sandbox.slack.ratelimit import RateLimiter
from sandbox.slack.triggers import ResponseUrls, Triggers
from sandbox.slack.views import ViewStore
from tests.unit.sandbox.slack.company import AT


class Clock:
    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> Any:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_trigger_lives_three_seconds_and_serves_once() -> None:
    clock = Clock()
    triggers = Triggers(clock)
    prompt, late = triggers.issue("U1", "V1"), triggers.issue("U1")
    assert triggers.redeem(prompt) == ("U1", "V1")
    with pytest.raises(SlackError, match="exchanged_trigger_id"):
        triggers.redeem(prompt)
    clock.pass_seconds(3.1)
    with pytest.raises(SlackError, match="expired_trigger_id"):
        triggers.redeem(late)
    with pytest.raises(SlackError, match="invalid_trigger_id"):
        triggers.redeem("made up")


def test_a_response_url_serves_five_times_within_half_an_hour() -> None:
    clock = Clock()
    urls = ResponseUrls(clock)
    worn, old = urls.issue("C1", "U1"), urls.issue("C1", "U1")
    for _ in range(5):
        urls.redeem(worn)
    with pytest.raises(SlackError, match="used_url"):
        urls.redeem(worn)
    clock.pass_seconds(30 * 60 + 1)
    with pytest.raises(SlackError, match="expired_url"):
        urls.redeem(old)


def test_a_channel_is_held_to_one_message_a_second_after_a_burst() -> None:
    seconds = [0.0]
    limiter = RateLimiter(clock=lambda: seconds[0])
    for _ in range(3):
        limiter.admit_post("C1")
    with pytest.raises(RateLimitedError) as refused:
        limiter.admit_post("C1")
    assert refused.value.retry_after_seconds == 1
    limiter.admit_post("C2")
    seconds[0] = 1.0
    limiter.admit_post("C1")
    with pytest.raises(RateLimitedError):
        limiter.admit_post("C1")


def test_a_tier_two_method_takes_twenty_calls_a_minute() -> None:
    seconds = [0.0]
    limiter = RateLimiter(clock=lambda: seconds[0])
    for _ in range(20):
        limiter.admit_call("users.list", 2)
    with pytest.raises(RateLimitedError) as refused:
        limiter.admit_call("users.list", 2)
    assert refused.value.retry_after_seconds == 3


MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}


def test_modals_stack_three_high_and_close_from_where_they_are_closed() -> None:
    views = ViewStore()
    first = views.open("U1", MODAL)
    second = views.push("U1", MODAL)
    third = views.push("U1", MODAL)
    assert (third["previous_view_id"], third["root_view_id"]) == (second["id"], first["id"])
    with pytest.raises(SlackError, match="push_limit_reached"):
        views.push("U1", MODAL)
    views.close("U1", second["id"])
    assert views.top("U1") == first


def test_a_stale_hash_does_not_overwrite_a_view() -> None:
    views = ViewStore()
    view = views.open("U1", MODAL)
    stale = view["hash"]
    views.update({"view_id": view["id"], "hash": stale}, MODAL)
    with pytest.raises(SlackError, match="hash_conflict"):
        views.update({"view_id": view["id"], "hash": stale}, MODAL)
