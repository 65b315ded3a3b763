"""The language model behind the configured endpoint; its SDK is heavy, so it is imported only where there is a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.settings import ModelSettings

if TYPE_CHECKING:
    import openai

    from agent.reasoning.llm_endpoint import Endpoint, Prices


def client_of(model: ModelSettings) -> openai.AsyncOpenAI:
    """A client of the endpoint; retries are ours."""
    import openai

    return openai.AsyncOpenAI(
        api_key=model.api_key.get_secret_value(),
        base_url=model.base_url,
        timeout=model.timeout_seconds,
        max_retries=0,
    )


def prices_of(model: ModelSettings) -> Prices:
    """What its tokens cost."""
    from agent.reasoning.llm_endpoint import Prices

    return Prices(
        usd_per_million_prompt_tokens=model.usd_per_million_prompt_tokens,
        usd_per_million_completion_tokens=model.usd_per_million_completion_tokens,
    )


def endpoint_of(model: ModelSettings) -> Endpoint | None:
    """The model itself; None where no key is configured."""
    if not model.api_key.get_secret_value():
        return None
    from agent.reasoning.llm_endpoint import Endpoint

    return Endpoint(client_of(model), model.model, prices_of(model), model.timeout_seconds)
