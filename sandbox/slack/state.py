"""Everything that a workspace is made of, in one place for the parts that work on it."""

from __future__ import annotations

from collections.abc import Collection

from sandbox.slack import events
from sandbox.slack.clock import Now, TimestampSource
from sandbox.slack.delivery import Delivery
from sandbox.slack.directory import Directory
from sandbox.slack.feed import ChangeFeed
from sandbox.slack.files import FileStore
from sandbox.slack.identity import APP_NAME, COMMANDS, SCOPES, SUBSCRIPTIONS
from sandbox.slack.messages import MessageLog
from sandbox.slack.ports import Json, WorkspaceChange
from sandbox.slack.ratelimit import RateLimiter, RateLimits
from sandbox.slack.sessions import SessionStore
from sandbox.slack.socket import SocketModeTransport
from sandbox.slack.streaming import StreamedContent
from sandbox.slack.triggers import ResponseUrls, Triggers
from sandbox.slack.views import ViewStore
from sandbox.world.ports import Company


class WorkspaceState:
    """The parts, wired: conversations, messages, views, files, sessions, and the way to the app."""

    def __init__(self, company: Company, now: Now, limits: RateLimits | None = None) -> None:
        self.now = now
        self.team_name = company.name
        self.app_name = APP_NAME
        self.public_url = "http://127.0.0.1/slack"
        """Where the app reaches this Slack; learnt from its first call."""
        self.directory = Directory(company, now())
        self.messages = MessageLog()
        self.timestamps = TimestampSource(now)
        self.views = ViewStore()
        self.triggers = Triggers(now)
        self.response_urls = ResponseUrls(now)
        self.files = FileStore(now)
        self.sessions = SessionStore()
        self.streams: dict[tuple[str, str], StreamedContent] = {}
        """What has been streamed so far, by channel and ts of the messages that still grow."""
        self.feed = ChangeFeed()
        self.limiter = RateLimiter(limits)
        self.socket = SocketModeTransport()
        self.delivery = Delivery(self.socket)
        self.socket.on_connected = self.delivery.app_appeared
        self.scopes: Collection[str] = SCOPES
        self.subscriptions: Collection[str] = SUBSCRIPTIONS
        self.commands: Collection[str] = COMMANDS

    def emit(self, event: Json) -> None:
        """Send an event to the app, if it subscribed to its kind."""
        if events.subscription_of(event) in self.subscriptions:
            self.delivery.emit(events.callback(event, self.now()))

    def changed(self, change: WorkspaceChange) -> None:
        """Tell whoever looks at the workspace."""
        self.feed.publish(change)
