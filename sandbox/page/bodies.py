"""Bodies of the page's POST requests."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """Something a person does; ``user`` is who they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str


class Post(Request):
    """Send a message; mentions are written ``<@U…>``."""

    channel: str
    text: str
    thread_ts: str | None = None


class Command(Request):
    """Run a slash command from a composer; ``thread_ts`` says that it is a thread's composer."""

    channel: str
    command: str
    text: str = ""
    thread_ts: str | None = None


class Click(Request):
    """Use an interactive element of a message."""

    channel: str
    ts: str
    block_id: str = ""
    action_id: str
    value: dict[str, Any] | None = None


class Shortcut(Request):
    """Choose a message shortcut."""

    channel: str
    ts: str
    callback_id: str


class React(Request):
    """Add a reaction or take it back, by its short code without colons."""

    channel: str
    ts: str
    name: str


class ViewSubmit(Request):
    """Submit a modal; ``values`` as in ``view.state.values``."""

    view_id: str
    values: dict[str, dict[str, dict[str, Any]]] = {}


class ViewClick(Request):
    """Use an interactive element of a modal or of App Home."""

    view_id: str
    block_id: str = ""
    action_id: str
    value: dict[str, Any] | None = None


class ViewClose(Request):
    """Cancel a modal."""

    view_id: str


class OpenHome(Request):
    """Open a tab of the app."""

    tab: Literal["home", "messages"]


class Stop(Request):
    """Press Slack's stop button in a thread."""

    channel: str
    thread_ts: str
