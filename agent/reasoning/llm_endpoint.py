"""One chat completion from an OpenAI-compatible endpoint: deadlines, retries, and errors that say what to do.

The key is in no message of an exception raised here, and such an exception has no cause that could show the request.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import openai
import structlog
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_before_delay,
    wait_exponential_jitter,
)

from agent.errors import ReasonerUnavailable
from agent.model import Json, Spent
from agent.redaction import redact

DEADLINE_SECONDS = 120.0
"""For one thought, with all retries."""
_CHARACTERS_PER_TOKEN = 4
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_OVERFLOW_WORDS = (
    "context length",
    "context size",
    "context window",
    "too many tokens",
    "maximum model length",
    "prompt is too long",
)
_log = structlog.get_logger(__name__)
_backoff = wait_exponential_jitter(multiplier=0.5, max=20.0, jitter=0.5)


class ContextOverflow(Exception):
    """The conversation is longer than the model can read."""


@dataclass(frozen=True)
class Prices:
    """What tokens cost."""

    usd_per_million_prompt_tokens: float = 0.0
    usd_per_million_completion_tokens: float = 0.0
    usd_per_million_cached_tokens: float | None = None
    """Prompt tokens that the endpoint had read before; None: as any other prompt token."""

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """US dollars; ``cached_tokens`` are a part of ``prompt_tokens``."""
        cached_price = self.usd_per_million_cached_tokens
        if cached_price is None:
            cached_price = self.usd_per_million_prompt_tokens
        cached = max(0, min(cached_tokens, prompt_tokens))
        return (
            (prompt_tokens - cached) * self.usd_per_million_prompt_tokens
            + cached * cached_price
            + completion_tokens * self.usd_per_million_completion_tokens
        ) / 1e6


@dataclass(frozen=True)
class Reply:
    """A model's message, why it ended, and what it cost."""

    message: ChatCompletionMessage
    finish_reason: str
    spent: Spent


class Endpoint:
    """A model behind an OpenAI-compatible endpoint."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        prices: Prices,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.model = model
        self._client = client.with_options(max_retries=0)
        self._prices = prices
        self._deadline_seconds = deadline_seconds

    async def complete(self, messages: Sequence[Json], tools: Sequence[Json]) -> Reply:
        """The model's next message.

        Raises:
            ContextOverflow: the messages are too long for it.
            ReasonerUnavailable: it refused, or gave nothing within the deadline.
        """
        started = time.monotonic()
        completion: object = None
        try:
            async for attempt in self._attempts(started):
                with attempt:
                    completion = await self._request(messages, tools, started)
        except openai.APIError as error:
            if _is_overflow(error):
                raise ContextOverflow from None
            raise self._unavailable(error) from None
        # The client hands through whatever came: a page of a proxy as text, a body without choices.
        if not isinstance(completion, ChatCompletion) or not _has_message(completion):
            raise ReasonerUnavailable(
                f"{self.model}: the endpoint's answer is no chat completion; check OPENAI_BASE_URL"
            )
        reply = self._reply(completion, messages)
        _log.info(
            "model answered",
            model=self.model,
            seconds=round(time.monotonic() - started, 3),
            prompt_tokens=reply.spent.prompt_tokens,
            completion_tokens=reply.spent.completion_tokens,
        )
        return reply

    def _attempts(self, started: float) -> AsyncRetrying:
        def may_retry(error: BaseException) -> bool:
            left = self._deadline_seconds - (time.monotonic() - started)
            return _is_passing(error) and (_retry_after_seconds(error) or 0.0) < left

        return AsyncRetrying(
            retry=retry_if_exception(may_retry),
            stop=stop_before_delay(self._deadline_seconds),
            wait=_wait_seconds,
            reraise=True,
        )

    async def _request(
        self, messages: Sequence[Json], tools: Sequence[Json], started: float
    ) -> object:
        left = max(0.05, self._deadline_seconds - (time.monotonic() - started))
        configured = self._client.timeout
        limit = min(left, configured) if isinstance(configured, int | float) else left
        request: Any = self._client.chat.completions.create
        try:
            completion: object = await request(
                model=self.model,
                messages=list(messages),
                tools=list(tools),
                tool_choice="required",
                timeout=limit,
            )
        except ValueError:  # a body that calls itself JSON and is not
            return None
        return completion

    def _reply(self, completion: ChatCompletion, messages: Sequence[Json]) -> Reply:
        choice, usage = completion.choices[0], completion.usage
        if choice.message.refusal or choice.finish_reason == "content_filter":
            said = self._clean(choice.message.refusal or "its content filter stopped it")
            raise ReasonerUnavailable(f"{self.model} refused: {said}")
        cached = 0
        if usage is None:
            prompt = len(str(messages)) // _CHARACTERS_PER_TOKEN
            completed = len(choice.message.model_dump_json()) // _CHARACTERS_PER_TOKEN
        else:
            prompt, completed = usage.prompt_tokens, usage.completion_tokens
            details = usage.prompt_tokens_details
            cached = (details.cached_tokens if details is not None else 0) or 0
        spent = Spent(
            prompt_tokens=prompt,
            completion_tokens=completed,
            usd=self._prices.cost(prompt, completed, cached),
        )
        return Reply(choice.message, str(choice.finish_reason), spent)

    def _unavailable(self, error: openai.APIError) -> ReasonerUnavailable:
        if isinstance(error, openai.APITimeoutError):
            why = "it did not answer in time"
        elif isinstance(error, openai.APIConnectionError):
            why = "it cannot be reached; check OPENAI_BASE_URL"
        elif isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            why = "it does not accept the key; check OPENAI_API_KEY"
        elif isinstance(error, openai.NotFoundError):
            why = "the endpoint does not know it; check OPENAI_MODEL and OPENAI_BASE_URL"
        elif isinstance(error, openai.RateLimitError):
            why = "its rate limit or quota is used up"
        else:
            status = getattr(error, "status_code", "")
            why = f"error {status}: {self._clean(error.message)}"
        return ReasonerUnavailable(f"{self.model}: {why}")

    def _clean(self, text: str) -> str:
        if key := self._client.api_key:
            text = text.replace(key, "[redacted]")
        return redact(text)[:200]


def _has_message(completion: ChatCompletion) -> bool:
    choices: Any = completion.choices
    return bool(choices) and choices[0].message is not None


def _is_passing(error: BaseException) -> bool:
    """Whether asking again may help."""
    if isinstance(error, openai.RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409) or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError)


def _is_overflow(error: openai.APIError) -> bool:
    if getattr(error, "status_code", 0) == 413 or error.code in _OVERFLOW_CODES:
        return True
    said = error.message.lower()
    return isinstance(error, openai.BadRequestError) and any(w in said for w in _OVERFLOW_WORDS)


def _retry_after_seconds(error: BaseException | None) -> float | None:
    if not isinstance(error, openai.APIStatusError):
        return None
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _wait_seconds(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = _retry_after_seconds(error)
    return _backoff(state) if asked is None else asked
