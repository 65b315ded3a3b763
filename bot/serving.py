"""Runs the bot until it is told to stop: Slack, the workflows, the scans and the web pages, in one event loop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from agent.awareness.attention import Ledger
from agent.awareness.issues import Decided
from agent.errors import SrebotError
from agent.knowledge.corrections import is_heard
from agent.knowledge.finding import TEAM, is_known
from agent.learning.keeping import PatternKeeping
from agent.learning.notes import NoteKeeping
from agent.learning.overview import Trusting
from agent.model import Case, Conversation, InvestigationStatus, Proposal, ProposalStatus
from agent.store.repository import Store
from bot.clock import SystemClock
from bot.following import following
from bot.runtime import durably, parts
from bot.settings import Settings, SlackSettings
from bot.slack.app import build_app
from bot.slack.channels import Channels
from bot.slack.client import build_client
from bot.slack.desk import Reads
from bot.slack.directory import SlackDirectory
from bot.slack.http import routes
from bot.slack.notifier import SlackNotifier
from bot.slack.socket import connected
from bot.slack.views.render import Views
from bot.web.app import create_app
from bot.web.server import WebServer
from bot.web.webhooks.receiver import Webhooks
from integrations.slack_history import SlackHistoryTools

_log = structlog.get_logger(__name__)
_LATEST = 10
"""How many investigations App Home shows."""


@dataclass
class Readiness:
    """Which parts are up, for ``/readyz``."""

    parts: dict[str, bool] = field(
        default_factory=lambda: {"database": False, "workflows": False, "slack": False}
    )

    @property
    def ready(self) -> bool:
        """Whether all are."""
        return all(self.parts.values())

    def now(self) -> dict[str, bool]:
        """The parts by name."""
        return dict(self.parts)


async def serve(
    settings: Settings, url: str, *, on_ready: Callable[[str], None] = lambda _: None
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: all settings.
        url: the migrated database.
        on_ready: called once with the web pages' URL when all parts are up.

    Raises:
        SrebotError: Slack is not configured; the sentence says what to set.
    """
    _need_slack(settings)
    stopped = _stop_signal()
    readiness = Readiness()

    async def until_stopped() -> None:
        async with _running(settings, url, readiness) as pages:
            # What start-up made stays: collections need not look at it again and again.
            gc.collect()
            gc.freeze()
            _log.info("ready", pages=pages)
            on_ready(pages)
            await stopped.wait()
            _log.info("stopping")

    work, stop = asyncio.create_task(until_stopped()), asyncio.create_task(stopped.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if readiness.ready:
        await work
        return
    # Still starting (Slack may be out of reach), or failed to: give up.
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


def _need_slack(settings: Settings) -> None:
    slack = settings.slack
    if not slack.bot_token.get_secret_value():
        raise SrebotError(
            "SLACK_BOT_TOKEN is not set: install the app from bot/slack/manifest.yaml and set its tokens "
            "(docs/connecting.md), or run `srebot demo`, or `srebot investigate` without Slack."
        )
    if not (slack.app_token.get_secret_value() or slack.signing_secret.get_secret_value()):
        raise SrebotError(
            "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode."
        )


def _stop_signal() -> asyncio.Event:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stopped.set)
    return stopped


@asynccontextmanager
async def _running(settings: Settings, url: str, readiness: Readiness) -> AsyncIterator[str]:
    """All parts up, closed in the opposite order; yields the web pages' URL."""
    async with AsyncExitStack() as stack:
        client = build_client(settings.slack)
        made = await stack.enter_async_context(parts(settings, url, SlackHistoryTools(client)))
        readiness.parts["database"] = True
        server = WebServer(settings.bot.host, settings.bot.port)
        views = Views(settings.bot.public_url or server.url, dry_run=settings.bot.dry_run)
        notifier = _notifier(client, made.store, views, settings.slack)
        house = made.house(notifier, SlackDirectory(client))
        answering = await stack.enter_async_context(durably(settings, url, house))
        readiness.parts["workflows"] = True
        await stack.enter_async_context(
            following(made.vendors.watchers, made.store, answering, house.clock)
        )
        reads = reads_of(made.store, house.terms.follow_seconds)
        app = build_app(
            client,
            answering,
            views,
            reads,
            settings.slack,
            Ledger(house),
            Trusting(house),
            PatternKeeping(made.store, house.clock),
            NoteKeeping(made.store, house.clock),
        )
        alert_channels = Channels(client, settings.slack.alert_channels)
        webhooks = Webhooks(answering, settings.webhooks, house.clock, alert_channels.place)
        by_http = not settings.slack.app_token.get_secret_value()
        pages = create_app(
            made.store,
            ready=readiness.now,
            extra_routes=(
                *webhooks.routes(),
                *(routes(app, answering.suspicious) if by_http else ()),
            ),
            public_url=settings.bot.public_url,
            policy=house.policy,
        )
        await stack.enter_async_context(server.serving(pages))
        if not by_http:
            await stack.enter_async_context(
                connected(app, settings.slack.app_token.get_secret_value())
            )
        readiness.parts["slack"] = True
        await alert_channels.enter()
        await Channels(client, settings.slack.support_channels).enter()
        yield server.url


def _notifier(
    client: AsyncWebClient, store: Store, views: Views, slack: SlackSettings
) -> SlackNotifier:
    """Speaks through Slack, and enters what it says unasked in the ledger."""
    return SlackNotifier(
        client,
        store.messages,
        views,
        store.investigations.set_conversation,
        store.attention,
        store.issues.of_investigation,
        Channels(client, (unasked_channel(slack),)).place,
        slack.messages_per_day,
    )


def unasked_channel(slack: SlackSettings) -> str:
    """The channel for what belongs to no alert: emerging Issues and the digest."""
    return slack.digest_channel or next(iter(slack.alert_channels), "")


def reads_of(store: Store, follow_seconds: float = 6 * 3600.0) -> Reads:
    """What Slack's surfaces read from the store.

    Args:
        store: the store.
        follow_seconds: how long after an answer or a finding corrections in its thread are meant for srebot.
    """

    async def investigation_in(place: Conversation) -> int | None:
        found = await store.investigations.by_thread(place.channel, place.thread)
        return found.id if found else None

    async def latest_cases() -> list[Case]:
        latest = await store.investigations.list(_LATEST)
        return [await store.cases.load(i.id) for i in latest]

    async def open_proposals() -> list[tuple[Case, Proposal]]:
        waiting = await store.investigations.list(
            _LATEST, status=InvestigationStatus.WAITING_FOR_APPROVAL
        )
        cases = [await store.cases.load(i.id) for i in waiting]
        return [(c, p) for c in cases for p in c.proposals if p.status is ProposalStatus.OPEN]

    async def quiet(days: int) -> list[Decided]:
        return await store.decisions.quiet(datetime.now(UTC) - timedelta(days=days))

    async def hears_corrections(place: Conversation) -> bool:
        found = await store.investigations.by_thread(place.channel, place.thread)
        return found is not None and is_heard(found, SystemClock().now(), follow_seconds)

    async def known(phrase: str, team: bool) -> bool:
        return await is_known(store, phrase, TEAM if team else frozenset())

    return Reads(
        proposal=store.proposals.get,
        investigation_in=investigation_in,
        latest_cases=latest_cases,
        open_proposals=open_proposals,
        hears_corrections=hears_corrections,
        known=known,
        quiet=quiet,
        locate=store.memory.locate,
    )
