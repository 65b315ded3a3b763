"""What tokens cost: by settings, by the table of common models, by the two settings for all others."""

from __future__ import annotations

import pytest

from agent.reasoning.llm_endpoint import Prices
from bot.model import prices_of
from bot.settings import ModelSettings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODEL", "PRICES", "USD_PER_MILLION_PROMPT_TOKENS"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)


@pytest.mark.parametrize(
    "model", ["gpt-5-mini", "gpt-5-mini-2025-08-07", "openai/gpt-5-mini", "gpt-5-mini-latest"]
)
def test_common_models_have_their_list_price_whatever_the_gateway_calls_them(model: str) -> None:
    assert prices_of(ModelSettings(model=model)) == Prices(0.25, 2.0, 0.025)


@pytest.mark.parametrize("model", ["gpt-5-pro", "llama-4", "gpt-5-minimal"])
def test_an_unknown_model_costs_what_the_two_settings_say(model: str) -> None:
    assert prices_of(ModelSettings(model=model)) == Prices(0.25, 2.0)


def test_the_price_of_settings_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PRICES", '{"gpt-5": {"prompt": 7, "completion": 9}}')
    assert prices_of(ModelSettings(model="gpt-5")) == Prices(7, 9, None)


def test_the_two_settings_once_set_go_before_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_USD_PER_MILLION_PROMPT_TOKENS", "1.5")
    assert prices_of(ModelSettings(model="gpt-5-mini")) == Prices(1.5, 2.0)


def test_cached_prompt_tokens_are_cheaper() -> None:
    prices = Prices(2.0, 10.0, 0.5)
    assert prices.cost(1_000_000, 0, 400_000) == pytest.approx(0.6 * 2.0 + 0.4 * 0.5)
    assert Prices(2.0, 10.0).cost(1_000_000, 0, 400_000) == 2.0
    assert prices.cost(100, 0, 10**9) == pytest.approx(100 * 0.5e-6)
