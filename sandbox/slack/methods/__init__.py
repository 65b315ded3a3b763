"""The Web API's methods, one module per family; importing this package registers them all."""

from sandbox.slack.methods import (
    agents,
    chat,
    conversations,
    files,
    general,
    reactions,
    streams,
    users,
    views,
)
from sandbox.slack.methods.registry import METHODS, Call, Method

__all__ = [
    "METHODS",
    "Call",
    "Method",
    "agents",
    "chat",
    "conversations",
    "files",
    "general",
    "reactions",
    "streams",
    "users",
    "views",
]
