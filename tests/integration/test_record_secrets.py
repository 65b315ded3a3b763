"""Nothing of the record holds a secret: neither the journal nor what a model was shown, wherever the secret stood."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agent.investigation.loop import Investigator
from agent.model import Note, Reading
from agent.ports import Received
from agent.reasoning.llm import LlmReasoner
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from agent.tools import Registry, tool
from tests.integration.test_llm_investigation import Clock, Once, Thread, model
from tests.integration.test_store_cases import NOW, opened
from tests.openai_server import MODEL, OpenAiServer
from tests.unit.agent.investigation.house import Letters

SECRET = "hunter2correcthorse"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ"
WORDS = f"redis-reco: password={SECRET} {TOKEN} 15.6 GiB used"


class Leaky:
    """Tools whose answers hold secrets everywhere."""

    @tool("datadog")
    async def datadog_metrics(self, query: str) -> Reading:
        """One metrics query."""
        return self._leak("datadog", query)

    @tool("kubernetes")
    async def kubernetes_events(self, namespace: str, name: str = "") -> Reading:
        """Events of a namespace."""
        return self._leak("kubernetes", namespace)

    def _leak(self, source: str, query: str) -> Reading:
        data = {"password": SECRET, "lines": [{"message": WORDS}], "used": 15.6}
        return Reading(source=source, query=query, observation=WORDS, data=data, raw=WORDS)


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    async with OpenAiServer() as running:
        yield running


async def test_no_secret_is_kept(server: OpenAiServer, store: Store) -> None:
    server.script = model  # type: ignore[assignment]
    registry, rules = Registry([Leaky()]), Rules()
    reasoner = LlmReasoner(
        server.client(),
        MODEL,
        registry,
        modes=["cache_memory_pressure"],
        deadline_seconds=2.0,
        log=store.exchanges,
    )
    one = await opened(store, service="reco", environment="production", text=WORDS)
    said = Received(notes=(Note(user="U1", text=f"try password={SECRET}", at=NOW),))
    investigator = Investigator(
        registry,
        reasoner,
        rules,
        store.cases,
        store.memory,
        Thread(),  # type: ignore[arg-type]
        Clock(),
        journal=store.journal,
    )
    await investigator.run(one.id, Once(), Letters(said, said))
    exchanges = await store.exchanges.of(one.id)
    entries = await store.journal.read(one.id)
    assert len(exchanges) >= 3
    assert {"Received", "Round", "Proposed"} <= {e.kind for e in entries}
    kept = "".join(e.model_dump_json() for e in (*exchanges, *entries))
    assert "15.6 GiB used" in kept
    assert SECRET not in kept
    assert TOKEN not in kept
