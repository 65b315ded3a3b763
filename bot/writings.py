"""The sources of what people wrote down: repositories, and talk in chosen Slack channels."""

from __future__ import annotations

from agent.ports import GraphBuilder
from agent.store.graph import GraphStore
from bot.model import endpoint_of
from bot.settings import Settings


def writings(settings: Settings, graph: GraphStore) -> list[GraphBuilder]:
    """Builders of the configured ones; ``graph`` tells what prose may speak of."""
    found: list[GraphBuilder] = []
    if settings.knowledge.repositories:
        from integrations.repository.graph import RepositoryGraph

        token = settings.knowledge.repository_token.get_secret_value()
        found.append(RepositoryGraph(settings.knowledge.repositories, token, graph.entities))
    if settings.slack.knowledge_channels and settings.slack.bot_token.get_secret_value():
        found.append(_slack(settings, graph))
    return found


def _slack(settings: Settings, graph: GraphStore) -> GraphBuilder:
    from bot.slack.client import build_client
    from integrations.slack_statements import SlackStatements

    reader = None
    if (endpoint := endpoint_of(settings.model)) is not None:
        from agent.reasoning.llm_statements import LlmStatements

        reader = LlmStatements(endpoint)
    client = build_client(settings.slack)
    return SlackStatements(client, settings.slack.knowledge_channels, graph.entities, reader)
