"""Which methods there are, what each needs, and what a handler gets to work with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sandbox.slack.arguments import Arguments
from sandbox.slack.directory import Conversation
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.ports import Json
from sandbox.slack.posting import Poster
from sandbox.slack.state import WorkspaceState

T = TypeVar("T")

_READ_SCOPE = {"channel": "channels", "group": "groups", "im": "im"}


@dataclass(frozen=True)
class Call:
    """One call of a method by the installed app."""

    state: WorkspaceState
    poster: Poster
    args: Arguments

    def require_scope(self, scope: str) -> None:
        """Refuse the call unless the app was granted ``scope``.

        Raises:
            SlackError: ``missing_scope``.
        """
        if scope and scope not in self.state.scopes:
            provided = ",".join(sorted(self.state.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)

    def conversation(self, argument: str = "channel") -> Conversation:
        """The conversation that the call names, if the app may know of it.

        Raises:
            SlackError: ``channel_not_found``, also for private channels that the app is not in.
        """
        reference = self.args.text(argument)
        if not reference:
            raise SlackError("channel_not_found")
        conversation = self.state.directory.resolve(reference)
        if not conversation.visible_to(BOT_USER_ID):
            raise SlackError("channel_not_found")
        return conversation

    def joined(self, argument: str = "channel") -> Conversation:
        """A conversation that the app is a member of, and that still takes messages.

        Raises:
            SlackError: ``channel_not_found``, ``not_in_channel`` or ``is_archived``.
        """
        conversation = self.conversation(argument)
        if conversation.is_archived:
            raise SlackError("is_archived")
        if not conversation.app_is_member:
            raise SlackError("not_in_channel")
        return conversation

    def readable(self, argument: str = "channel") -> Conversation:
        """A conversation whose history the app may read.

        Raises:
            SlackError: ``channel_not_found``, ``not_in_channel`` or ``missing_scope``.
        """
        conversation = self.conversation(argument)
        self.require_scope(f"{_READ_SCOPE[conversation.kind]}:history")
        if not conversation.app_is_member:
            raise SlackError("not_in_channel")
        return conversation

    def page(self, items: Sequence[T], default: int, maximum: int) -> tuple[list[T], str]:
        """The page that ``cursor`` and ``limit`` ask for, and the next cursor (empty at the end).

        Raises:
            SlackError: ``invalid_cursor``.
        """
        limit = self.args.number("limit", default, maximum)
        start = _decode_cursor(self.args.text("cursor"))
        if start > len(items):
            raise SlackError("invalid_cursor")
        after = start + limit
        cursor = _encode_cursor(after) if after < len(items) else ""
        return list(items[start:after]), cursor


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """A method's handler, the scope that it always needs, and its rate limit tier."""

    name: str
    handler: Handler
    scope: str
    tier: int
    app_level: bool


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scope: str = "", tier: int = 3, app_level: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler; it returns the response without ``ok``."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, scope, tier, app_level)
        return handler

    return register


def _encode_cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _decode_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:"))
    except ValueError:
        raise SlackError("invalid_cursor") from None
