"""An OpenAI-compatible embeddings endpoint; its SDK is imported only where one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.settings import EmbeddingSettings

if TYPE_CHECKING:
    import openai

_TIMEOUT_SECONDS = 3.0
_log = structlog.get_logger(__name__)


class OpenAiEmbedder:
    """Implements ``agent.learning.embedding.Embedder``."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self._client = client
        self._model = model

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    async def embedded(self, texts: list[str]) -> list[tuple[float, ...]]:
        """The vector of each text, in their order; nothing when the endpoint fails, and it is logged."""
        import openai

        try:
            answer = await self._client.embeddings.create(model=self._model, input=texts)
        except openai.OpenAIError as error:
            _log.warning("not_embedded", model=self._model, error=type(error).__name__)
            return []
        vectors = {one.index: tuple(one.embedding) for one in answer.data}
        return [vectors[n] for n in range(len(texts)) if n in vectors]


def embedder_of(settings: EmbeddingSettings) -> OpenAiEmbedder | None:
    """The configured endpoint; None where no model is named."""
    if not settings.model:
        return None
    import openai

    client = openai.AsyncOpenAI(
        api_key=settings.key.get_secret_value() or "none",
        base_url=settings.url or None,
        timeout=_TIMEOUT_SECONDS,
        max_retries=0,
    )
    return OpenAiEmbedder(client, settings.model)
