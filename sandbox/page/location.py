"""What a page's address says: who looks, at which channel, thread and tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from sandbox.page.people import is_person
from sandbox.slack.ports import Json, Workspace

Tab = Literal["messages", "home"]
Pane = Literal["list", "channel", "thread"]


@dataclass(frozen=True)
class Location:
    """A place in the workspace; every one has an address, so that it can be linked to."""

    user: str
    channel: str
    thread: str = ""
    tab: Tab = "messages"
    pane: Pane = "channel"
    """The one pane that a narrow screen shows."""

    @classmethod
    def parse(cls, query: Mapping[str, str], workspace: Workspace) -> Location:
        """Read ``user``, ``channel``, ``thread`` and ``tab``; what is missing or unknown gets a default.

        Raises:
            LookupError: if the workspace has no person to be, or the person may open no channel.
        """
        user = _choose(query.get("user"), [u["id"] for u in workspace.users() if is_person(u)])
        channels = workspace.channels(user)
        asked = query.get("channel")
        channel = _choose(asked, [c["id"] for c in _by_interest(channels)])
        found = asked == channel
        thread = query.get("thread", "") if found else ""
        return cls(
            user=user,
            channel=channel,
            thread=thread,
            tab="home" if query.get("tab") == "home" and found else "messages",
            pane="thread" if thread else "channel" if found else "list",
        )

    @property
    def address(self) -> str:
        """The address to open this place."""
        parts = {"user": self.user, "channel": self.channel, "thread": self.thread}
        if self.tab == "home":
            parts["tab"] = self.tab
        return "/?" + urlencode({key: value for key, value in parts.items() if value})

    def at(self, channel: str, thread: str = "", tab: str = "messages") -> str:
        """The address of another place for the same user."""
        there: Tab = "home" if tab == "home" else "messages"
        return replace(self, channel=channel, thread=thread, tab=there).address

    def as_user(self, user: str) -> str:
        """The address of the same place for another user."""
        return replace(self, user=user).address


def _choose(asked: str | None, allowed: Sequence[str]) -> str:
    if asked in allowed:
        return str(asked)
    if not allowed:
        raise LookupError("there is nothing here to open: the workspace has no people or channels")
    return allowed[0]


def _by_interest(channels: Sequence[Json]) -> list[Json]:
    """Alert channels first: that is where the story begins."""
    return sorted(channels, key=lambda c: (bool(c.get("is_im")), "alert" not in str(c.get("name"))))
