"""The graph of the company in the database."""

from agent.store.graph.store import GraphStore

__all__ = ["GraphStore"]
