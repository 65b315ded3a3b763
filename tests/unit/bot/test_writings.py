"""Which sources of prose and code the settings give."""

from __future__ import annotations

import pytest

from agent.store.engine import create_engine
from agent.store.graph import GraphStore
from agent.store.repository import Store
from bot.settings import KnowledgeSettings, ModelSettings, Settings, SlackSettings
from bot.writings import writings


@pytest.fixture
def graph() -> GraphStore:
    return Store(create_engine("postgresql://nobody@127.0.0.1:1/none")).graph


def test_by_default_there_are_none(graph: GraphStore) -> None:
    assert writings(Settings(), graph) == []


def test_repositories_and_channels_each_give_one(graph: GraphStore) -> None:
    settings = Settings(
        knowledge=KnowledgeSettings(repositories=("https://git.example.com/shop.git", "/srv/docs")),
        slack=SlackSettings(bot_token="xoxb-1", knowledge_channels=("team-shop",)),
        model=ModelSettings(api_key="sk-1"),
    )
    assert [b.origin for b in writings(settings, graph)] == ["repository", "slack"]


def test_channels_without_a_token_give_none(graph: GraphStore) -> None:
    settings = Settings(slack=SlackSettings(bot_token="", knowledge_channels=("team-shop",)))
    assert writings(settings, graph) == []
