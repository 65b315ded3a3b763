"""The sandbox put together: one company, its vendors' APIs, its Git repository and its page, as one application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dulwich.repo import MemoryRepo
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.datadog.api import create_app as create_datadog
from sandbox.datadog.errors import error_response as datadog_error
from sandbox.director import Director
from sandbox.git.api import create_app as create_git
from sandbox.git.repository import build_repository
from sandbox.github.api import create_app as create_github
from sandbox.gitops.controller import GitOpsController
from sandbox.kubernetes.api import create_app as create_kubernetes
from sandbox.kubernetes.controllers import Controllers
from sandbox.kubernetes.roles import Role, sandbox_tokens
from sandbox.kubernetes.store import ObjectStore
from sandbox.page.app import create_app as create_page
from sandbox.pagerduty.api import create_app as create_pagerduty
from sandbox.pagerduty.errors import refusal as pagerduty_error
from sandbox.pagerduty.state import PagerDutyState
from sandbox.play.ports import PlayedWorld
from sandbox.refusing import refusing
from sandbox.slack.api import create_app as create_slack
from sandbox.slack.senders import Sender
from sandbox.slack.workspace import SlackWorkspace
from sandbox.webhooks.delivery import WebhookOutbox
from sandbox.webhooks.signing import SECRETS
from sandbox.world.cluster import lay_down
from sandbox.world.company import load_company
from sandbox.world.outages import LogGap, Outage
from sandbox.world.scenario import Scenario, load_scenario
from sandbox.world.world import SimulatedWorld

DEFAULT_SCENARIO = "redis-memory-pressure"
Clock = Callable[[], datetime]
Background = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Sandbox:
    """A running company. ``app`` serves it; the rest is for tests and for who runs the server."""

    scenario: Scenario
    world: PlayedWorld
    store: ObjectStore
    workspace: SlackWorkspace
    pagerduty: PagerDutyState
    director: Director
    app: Starlette
    outbox: WebhookOutbox | None = None
    """The senders' webhooks, when they go somewhere."""

    def begin_shutdown(self) -> None:
        """End the page's event streams, which would keep a server from stopping; on the event loop."""
        self.app.state.page.state.streams.close()


def build(
    scenario: str | Scenario = DEFAULT_SCENARIO,
    *,
    seed: int | None = None,
    now: Clock | None = None,
    alert_delay_seconds: float = 3.0,
    posts_alerts: bool = True,
    time_scale: float = 1.0,
    request_url: str = "",
    webhooks_to: str = "",
    webhook_secrets: Mapping[Sender, str] = SECRETS,
) -> Sandbox:
    """Build the company in the state of a scenario.

    Args:
        scenario: Its name (see ``sandbox.world.scenario.scenario_names``), or one that was read already.
        seed: Of the telemetry's noise, instead of the scenario's own.
        now: The clock, timezone-aware; the real one by default. The scenario starts when it is first read.
        alert_delay_seconds: From the app's connecting to the first alert.
        posts_alerts: Whether alerts are posted at all.
        time_scale: Seconds for each second of the script of alerts, talk and changes; tests shrink it.
        request_url: Deliver Slack's events to this URL by signed HTTP instead of Socket Mode.
        webhooks_to: Deliver alerts also by each sender's webhook, to ``<this URL>/webhooks/<sender>``.
        webhook_secrets: What each sender proves itself with; one that is left out sends no webhooks.

    Raises:
        ScenarioError: there is no such scenario, or its file is not right.
    """
    clock = now or _utc_now
    spec = load_scenario(scenario) if isinstance(scenario, str) else scenario
    started_at = clock()
    company = load_company(started_at, spec.rollouts, spec.reports)
    store = ObjectStore(clock=clock)
    lay_down(store, company, spec, started_at)
    world = SimulatedWorld(company, store, spec, started_at, clock, seed)
    workspace = SlackWorkspace(company, now=clock)
    pagerduty = PagerDutyState(world)
    outbox = None
    if webhooks_to:
        outbox = WebhookOutbox(webhooks_to, webhook_secrets, pagerduty.directory, clock)
        pagerduty.listeners.append(outbox.incident)
    director = Director(
        world,
        store,
        workspace,
        pagerduty,
        alert_delay_seconds=alert_delay_seconds,
        posts_alerts=posts_alerts,
        time_scale=time_scale,
        outbox=outbox,
    )
    repository = build_repository(company, started_at, spec.commits)
    background: list[Background] = [director.run, GitOpsController(repository, store).run]
    if outbox:
        background.append(outbox.run)
    app = compose(
        world,
        store,
        workspace,
        pagerduty,
        background,
        request_url=request_url,
        repository=repository,
        outages=spec.outages,
        log_gaps=spec.log_gaps,
    )
    return Sandbox(spec, world, store, workspace, pagerduty, director, app, outbox)


def compose(
    world: PlayedWorld,
    store: ObjectStore,
    workspace: SlackWorkspace,
    pagerduty: PagerDutyState,
    background: Sequence[Background],
    *,
    request_url: str = "",
    repository: MemoryRepo | None = None,
    controllers: Controllers | None = None,
    outages: Sequence[Outage] = (),
    log_gaps: Sequence[LogGap] = (),
) -> Starlette:
    """The vendors' applications under one, whose lifespan runs the controllers and the ``background``."""
    kubernetes = create_kubernetes(store, world, _tokens(outages), controllers)
    # The controllers make the Jobs and pods that telemetry speaks of, before anybody asks.
    kubernetes.state.controllers.advance(world.started_at)
    datadog, pages = create_datadog(world, log_gaps=log_gaps), create_pagerduty(world, pagerduty)
    page = create_page(workspace, title=world.company.name)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if request_url:
            workspace.set_request_url(request_url)
        tasks = [asyncio.create_task(work()) for work in background]
        try:
            async with kubernetes.router.lifespan_context(kubernetes):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await workspace.close()

    app = Starlette(
        routes=[
            Route("/healthz", _healthy),
            Mount("/slack", create_slack(workspace)),
            Mount("/k8s", kubernetes),
            Mount("/datadog", refusing(datadog, "datadog", outages, datadog_error)),
            Mount("/pagerduty", refusing(pages, "pagerduty", outages, pagerduty_error)),
            *(_repository(repository, world) if repository else []),
            Mount("/", page),
        ],
        lifespan=lifespan,
    )
    app.state.page = page
    return app


def _repository(repository: MemoryRepo, world: PlayedWorld) -> list[Mount]:
    """The repository by Git and by GitHub's API."""
    github = create_github(repository, world.company.people, world.now)
    return [Mount("/git", create_git(repository)), Mount("/github", github)]


def _tokens(outages: Sequence[Outage]) -> dict[str, Role]:
    """The cluster's tokens, without what their roles are not let to see."""
    hidden = {what for o in outages if o.vendor == "kubernetes" for what in o.what}
    return {token: role.without(hidden) for token, role in sandbox_tokens().items()}


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _utc_now() -> datetime:
    return datetime.now(UTC)
