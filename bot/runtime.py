"""The composition root: the only place that builds clients and wires parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import SrebotError
from agent.house import House, Terms
from agent.investigation.inspecting import InspectTools
from agent.investigation.loop import Investigator, RulesReasoner
from agent.knowledge.scan import Scanned, scan
from agent.knowledge.tools import GraphTools
from agent.learning.tools import LearningTools
from agent.model import Budget
from agent.ports import Answering, Directory, ModelLog, Notifier, Reasoner
from agent.reasoning.rules import Rules
from agent.store.engine import create_engine, normalise
from agent.store.repository import Store
from agent.tools import Registry
from bot.clock import SystemClock
from bot.embeddings import embedder_of
from bot.model import client_of, prices_of
from bot.policy_in_force import policy_of
from bot.settings import BotSettings, DatabaseSettings, Settings
from bot.vendors import Vendors, connect
from bot.writings import writings

if TYPE_CHECKING:
    from agent.upkeep import Timetable

_FIRST_SCAN_SECONDS = 4.0
_QUEUE_POLL_SECONDS = 0.1


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The database's URL, migrated: the configured server, or the embedded one, which stops with the context.

    Enter it before the event loop: the first start of the embedded server takes some seconds.

    Raises:
        SrebotError: the database cannot be reached or started; the sentence says what to do.
    """
    with reachable(settings.database, settings.bot) as url:
        from agent.store import migrate

        with usable(url):
            migrate.upgrade(url)
        yield url


@contextmanager
def usable(url: str) -> Iterator[None]:
    """What fails at the database within becomes one sentence.

    Raises:
        SrebotError: the database cannot be used; the sentence says what to do.
    """
    try:
        yield
    except Exception as error:
        place = normalise(url).render_as_string(hide_password=True)
        raise SrebotError(
            f"The database at {place} cannot be used ({type(error).__name__}): "
            "check DATABASE_URL, and that its user may create tables."
        ) from error


@contextmanager
def reachable(settings: DatabaseSettings, bot: BotSettings) -> Iterator[str]:
    """The database's URL as it stands, migrated or not."""
    if url := settings.url.get_secret_value():
        yield url
        return
    from agent.store.embedded import EmbeddedPostgres

    folder = bot.data_folder / "postgres" if bot.data_folder else None
    with EmbeddedPostgres(folder) as url:
        yield url


def terms_of(settings: Settings) -> Terms:
    """The terms that the settings give."""
    bot = settings.bot
    return Terms(
        bounds=Budget(
            seconds=bot.budget_seconds,
            tool_calls=bot.budget_tool_calls,
            tokens=bot.budget_tokens,
            usd=bot.budget_usd,
        ),
        proposal_expiry_seconds=bot.proposal_expiry_seconds,
        watch_seconds=bot.watch_seconds,
        watch_hold_seconds=bot.watch_hold_seconds,
        watch_interval_seconds=bot.watch_interval_seconds,
        follow_seconds=settings.slack.follow_seconds,
        remind_seconds=bot.remind_seconds,
        question_wait_seconds=bot.question_wait_seconds,
        page_above_impact=settings.pagerduty.page_above_impact,
        page_for_forecasts=settings.pagerduty.page_for_forecasts,
        digest_hour=settings.awareness.digest_hour,
        attention_after_seconds=settings.awareness.attention_after_seconds,
        messages_per_day=settings.slack.messages_per_day,
        grade_after_seconds=(bot.verdict_first_seconds, bot.verdict_last_seconds),
        raw_retention_seconds=bot.raw_retention_days * 86_400,
        journal_retention_seconds=bot.journal_retention_days * 86_400,
        record_retention_seconds=bot.record_retention_days * 86_400,
    )


def timetable_of(settings: Settings) -> Timetable:
    """How often what is done."""
    from agent.upkeep import Timetable

    awareness, pagerduty = settings.awareness, settings.pagerduty
    told = bool(settings.webhooks.pagerduty_secret.get_secret_value())
    asks = bool(pagerduty.token.get_secret_value()) and not told
    return Timetable(
        pages_seconds=pagerduty.poll_seconds if asks else 0.0,
        scan_seconds=settings.knowledge.scan_interval_seconds,
        weak_signals_seconds=awareness.weak_signal_interval_seconds,
        digest_hour=awareness.digest_hour if awareness.digest else None,
        verdicts_seconds=min(600.0, settings.bot.verdict_first_seconds),
    )


def reasoner_of(
    settings: Settings, registry: Registry, rules: RulesReasoner, log: ModelLog | None = None
) -> Reasoner:
    """The model where one is configured, with its exchanges kept in ``log`` if that is given; the rules otherwise."""
    model = settings.model
    if not model.api_key.get_secret_value():
        return rules
    from agent.reasoning.llm import LlmReasoner
    from agent.reasoning.modes.catalogue import CATALOGUE

    return LlmReasoner(
        client_of(model),
        model.model,
        registry,
        prices_of(model),
        list(CATALOGUE),
        model.timeout_seconds,
        log,
    )


@dataclass(frozen=True)
class Parts:
    """What is built before anybody is told anything."""

    settings: Settings
    store: Store
    vendors: Vendors
    registry: Registry

    def house(self, notifier: Notifier, directory: Directory) -> House:
        """The workflows' parts, speaking through ``notifier``."""
        rules = Rules()
        reasoner = reasoner_of(self.settings, self.registry, rules, self.store.exchanges)
        clock = SystemClock()
        return House(
            store=self.store,
            investigator=Investigator(
                self.registry,
                reasoner,
                rules,
                self.store.cases,
                self.store.memory,
                notifier,
                clock,
                patience_seconds=self.settings.bot.patience_seconds,
                journal=self.store.journal,
                calibration=self.store.verdicts.calibration,
            ),
            notifier=notifier,
            directory=directory,
            policy=policy_of(self.settings),
            cluster=self.settings.kubernetes.cluster,
            clock=clock,
            terms=terms_of(self.settings),
            fixer=self.vendors.fixer,
            requests=self.vendors.requests,
            pager=self.vendors.pager,
            on_call=self.vendors.on_call,
            dry_run=self.settings.bot.dry_run,
            builders=tuple(self.vendors.builders),
            indicators=self.vendors.indicators,
        )

    async def scan(self) -> list[Scanned]:
        """Scan the company into the graph once."""
        return await scan(self.vendors.builders, self.store.graph)


@asynccontextmanager
async def parts(settings: Settings, url: str, *more_tools: object) -> AsyncIterator[Parts]:
    """The store and the vendors, closed with the context.

    Args:
        settings: all settings.
        url: the migrated database.
        more_tools: toolsets beyond the vendors' own, such as Slack's history.
    """
    store = Store(
        create_engine(url), settings.bot.raw_limit_bytes, embedder_of(settings.embeddings)
    )
    try:
        vendors = await asyncio.to_thread(connect, settings)
        vendors.builders += writings(settings, store.graph)
        own = [
            LearningTools(store.patterns, store.memory, store.entity_notes),
            GraphTools(store),
            InspectTools(store.cases),
        ]
        registry = Registry([*vendors.toolsets, *own, *more_tools])
        yield Parts(settings=settings, store=store, vendors=vendors, registry=registry)
    finally:
        await store.close()


@asynccontextmanager
async def durably(settings: Settings, url: str, house: House) -> AsyncIterator[Answering]:
    """DBOS with our workflows and schedules, started; what a crash cut short is taken up again, and the company is being
    scanned (a quick first scan is waited for). Yields the ``Answering``."""
    from dbos import DBOS

    from agent.upkeep import Upkeep
    from agent.workflows import QUEUE, WORKFLOWS_VERSION, Workflows

    DBOS(
        config={
            "name": "srebot",
            "system_database_url": normalise(url).render_as_string(hide_password=False),
            "executor_id": settings.bot.executor_id,
            "application_version": WORKFLOWS_VERSION,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.1,
        }
    )
    workflows = Workflows(house)
    Upkeep.serves(house, workflows)
    try:
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=settings.bot.concurrent_investigations,
            polling_interval_sec=_QUEUE_POLL_SECONDS,
        )
        timetable = timetable_of(settings)
        await Upkeep.begin(timetable)
        if timetable.scan_seconds > 0:
            await Upkeep.first_scan(_FIRST_SCAN_SECONDS)
        yield workflows
    finally:
        await asyncio.to_thread(DBOS.destroy)
