"""How long to wait before asking an endpoint again, and what it costs."""

from __future__ import annotations

import time
from email.utils import formatdate

import httpx2
import openai
import pytest

from agent.reasoning.llm_endpoint import Prices, _is_passing, _retry_after_seconds


def failure(status: int, **headers: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://x/v1/chat/completions")
    response = httpx2.Response(status, request=request, headers=headers)
    kind = openai.RateLimitError if status == 429 else openai.APIStatusError
    return kind("no", response=response, body=None)


def test_retry_after_may_be_seconds_or_a_date() -> None:
    assert _retry_after_seconds(failure(429, **{"retry-after": "1.5"})) == 1.5
    at = formatdate(time.time() + 30, usegmt=True)
    assert _retry_after_seconds(failure(503, **{"retry-after": at})) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("value", ["", "soon", "-3x"])
def test_a_senseless_retry_after_is_as_none(value: str) -> None:
    assert _retry_after_seconds(failure(429, **{"retry-after": value})) is None


@pytest.mark.parametrize(
    ("status", "passing"),
    [(429, True), (500, True), (503, True), (408, True), (400, False), (401, False), (404, False)],
)
def test_only_what_may_pass_is_tried_again(status: int, passing: bool) -> None:
    assert _is_passing(failure(status)) is passing


def test_cost_is_per_million_tokens() -> None:
    assert Prices(2.0, 10.0).cost(500_000, 100_000) == 2.0
