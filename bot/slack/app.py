"""The Bolt app, composed of its surfaces."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from agent.ports import Answering
from bot.settings import SlackSettings
from bot.slack.alerts import Alerts
from bot.slack.approvals import Approvals
from bot.slack.channels import Channels
from bot.slack.commands import Commands
from bot.slack.corrections import Corrections
from bot.slack.desk import Desk, Ledger, NoLedger, Reads
from bot.slack.errors import Failures
from bot.slack.feedback import Feedback
from bot.slack.freezing import Freezing
from bot.slack.home import Home
from bot.slack.messages import Messages
from bot.slack.notes import NoteBook, Notes
from bot.slack.patterns import PatternBook, Patterns
from bot.slack.questions import Questions
from bot.slack.quiet import Quiet
from bot.slack.reactions import Reactions
from bot.slack.sessions import AgentSessions
from bot.slack.shortcuts import Shortcuts
from bot.slack.stopping import Stopping
from bot.slack.support import Support
from bot.slack.threads import Threads
from bot.slack.trust import Trusts, TrustView, Unknown
from bot.slack.views.render import Views

_ANY = re.compile(".*", re.DOTALL)


def build_app(
    client: AsyncWebClient,
    answering: Answering,
    views: Views,
    reads: Reads,
    settings: SlackSettings,
    ledger: Ledger | None = None,
    trusts: Trusts | None = None,
    book: PatternBook | None = None,
    notes: NoteBook | None = None,
) -> AsyncApp:
    """The app that hears Slack, over Socket Mode or HTTP.

    What is heard is acknowledged only when ``answering`` has made it durable; if that fails, Slack delivers it again.

    Args:
        client: Slack's Web API with the bot's token; see ``bot.slack.client.build_client``.
        answering: the way into the core.
        views: how things look.
        reads: what surfaces read from the store.
        settings: signing secret, alert channels and alert senders.
        ledger: where it is entered what people do about what they did not ask for.
        trusts: what is known of how far srebot can be trusted.
        book: what closed investigations taught.
        notes: where statements about entities are kept.
    """
    app = AsyncApp(
        client=client,
        signing_secret=settings.signing_secret.get_secret_value(),
        process_before_response=True,
    )
    channels = Channels(client, settings.alert_channels)
    desk = Desk(
        client,
        answering,
        views,
        reads,
        settings,
        channels,
        AgentSessions(client),
        ledger or NoLedger(),
    )
    quiet, patterns, kept = Quiet(desk), Patterns(desk, book), Notes(desk, notes)
    threads = Threads(desk, kept)
    corrections, freezing = Corrections(desk), Freezing(desk)
    questions = Questions(desk, threads, corrections)
    for surface in (
        Commands(desk, (quiet, freezing, patterns, TrustView(views, trusts or Unknown()))),
        quiet,
        patterns,
        kept,
        Reactions(desk),
        Shortcuts(desk),
        questions,
        Messages(Alerts(desk), questions, threads, corrections, Support(desk)),
        Approvals(desk),
        Feedback(desk),
        Home(desk, trusts),
        Stopping(desk, threads),
    ):
        surface.register(app)
    _acknowledge_the_rest(app)
    app.error(Failures(desk).handle)
    return app


def _acknowledge_the_rest(app: AsyncApp) -> None:
    """Events that nothing is done about, and buttons that only open a link."""

    async def nothing() -> None:
        pass

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    app.event(_ANY)(nothing)
    app.action(_ANY)(acknowledge)
