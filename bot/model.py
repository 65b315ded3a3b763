"""The language model behind the configured endpoint; its SDK is heavy, so it is imported only where there is a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

from bot.settings import ModelPrice, ModelSettings

if TYPE_CHECKING:
    import openai

    from agent.reasoning.llm_endpoint import Endpoint, Prices

_VERSION = re.compile(r"-(?:\d[\d-]*|latest|preview)$")
_OWN_PRICE = frozenset({"usd_per_million_prompt_tokens", "usd_per_million_completion_tokens"})


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
    """What its tokens cost: as ``OPENAI_PRICES`` says, else the two settings if they were set, else ``prices.yaml``."""
    from agent.reasoning.llm_endpoint import Prices

    chosen = _price_in(model.prices, model.model)
    if chosen is None and not model.model_fields_set & _OWN_PRICE:
        chosen = _price_in(_known_prices(), model.model)
    if chosen is not None:
        return Prices(chosen.prompt, chosen.completion, chosen.cached)
    return Prices(model.usd_per_million_prompt_tokens, model.usd_per_million_completion_tokens)


def _price_in(prices: Mapping[str, ModelPrice], model: str) -> ModelPrice | None:
    """The price under the model's name (gateways write ``openai/gpt-5``), or that of which it is a dated version."""
    name = model.rpartition("/")[2]
    undated = _VERSION.sub("", name)
    return next((prices[known] for known in (model, name, undated) if known in prices), None)


def _known_prices() -> dict[str, ModelPrice]:
    import yaml

    text = files(__package__).joinpath("prices.yaml").read_text(encoding="utf-8")
    return {name: ModelPrice(**price) for name, price in yaml.safe_load(text).items()}


def endpoint_of(model: ModelSettings) -> Endpoint | None:
    """The model itself; None where no key is configured."""
    if not model.api_key.get_secret_value():
        return None
    from agent.reasoning.llm_endpoint import Endpoint

    return Endpoint(client_of(model), model.model, prices_of(model), model.timeout_seconds)
