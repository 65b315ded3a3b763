"""Who reads statements out of texts: patterns, or a model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from agent.knowledge.statements.known import Known
from agent.knowledge.statements.reading import Statement, statements_in


class Statements(Protocol):
    """Reads statements out of texts."""

    async def read(self, texts: Sequence[str], known: Known) -> list[list[Statement]]:
        """The statements of each text, in the order of the texts. Each quotes its text and speaks of known names.

        Raises:
            ReasonerUnavailable: a model is needed and cannot be asked.
        """


class Patterns:
    """Reads by patterns (``agent.knowledge.statements.statements_in``)."""

    async def read(self, texts: Sequence[str], known: Known) -> list[list[Statement]]:
        """See ``Statements``. Off the event loop, for a long history takes some seconds."""
        return await asyncio.to_thread(lambda: [statements_in(text, known) for text in texts])
