"""Puts a sandbox together around a recorded case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.app import Clock, Sandbox, compose
from sandbox.director import Director
from sandbox.kubernetes.controllers import Controllers
from sandbox.kubernetes.store import ObjectStore
from sandbox.pagerduty.directory import made_id
from sandbox.pagerduty.state import PagerDutyState
from sandbox.recorded.case import RecordedCase, RecordedService, service_of
from sandbox.recorded.shifting import moment, shifted
from sandbox.recorded.world import RecordedWorld
from sandbox.slack.workspace import SlackWorkspace
from sandbox.world.company import load_company
from sandbox.world.ports import Change, Company, Monitor, Service, Team

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_DATASTORES = ("postgres", "mysql", "redis", "mongo", "cassandra", "elasticsearch", "kafka")
_LATEST_FIRST = ("Namespace", "Node")
_SECRET_VALUES = ("data", "stringData")


class Still(Controllers):
    """Controllers that do nothing: a recorded cluster stays as it was seen."""

    def advance(self, now: datetime) -> None:
        """Nothing."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Nothing runs."""
        yield


def build_recorded(
    case: RecordedCase,
    *,
    now: Clock = lambda: datetime.now(UTC),
    alert_delay_seconds: float = 3.0,
    posts_alerts: bool = True,
) -> Sandbox:
    """Serve a case as of its end; arguments are those of ``sandbox.app.build``."""
    started_at = now()
    shift = started_at - case.ended_at
    company = company_of(case, shift)
    store = ObjectStore(clock=now)
    lay_down(store, case.objects, shift, started_at)
    world = RecordedWorld(case, company, started_at, now)
    workspace = SlackWorkspace(company, now=now)
    pagerduty = PagerDutyState(world)
    director = Director(
        world,
        store,
        workspace,
        pagerduty,
        alert_delay_seconds=alert_delay_seconds,
        posts_alerts=posts_alerts,
    )
    app = compose(
        world, store, workspace, pagerduty, [director.run], controllers=Still(store, world)
    )
    return Sandbox(case.scenario, world, store, workspace, pagerduty, director, app)


def lay_down(
    store: ObjectStore, objects: Iterable[Mapping[str, Any]], shift: timedelta, at: datetime
) -> None:
    """Load the objects as of their creation; the values of Secrets are left out."""
    ordered = sorted(objects, key=lambda each: each["kind"] not in _LATEST_FIRST)
    for each in ordered:
        manifest = shifted(dict(each), shift)
        if manifest["kind"] == "Secret":
            manifest = {k: v for k, v in manifest.items() if k not in _SECRET_VALUES}
        created = manifest["metadata"].get("creationTimestamp")
        store.load(manifest, min(moment(created), at) if created else at)


def company_of(case: RecordedCase, shift: timedelta) -> Company:
    """The case's services and monitors; its people are those of the sandbox's Slack, for somebody has to read it."""
    stage = load_company(case.ended_at + shift)
    named = case.services or derived_services(case)
    return replace(
        stage,
        name=case.scenario.title,
        services=tuple(_service(service, stage.teams) for service in named),
        monitors=tuple(Monitor(**monitor.model_dump()) for monitor in case.monitors),
        chatter=(),
        incidents=(),
        changes=tuple(_change(change.model_dump(), shift) for change in case.changes),
        business_services={},
        runbooks={},
    )


def derived_services(case: RecordedCase) -> Sequence[RecordedService]:
    """Services where no file tells them: the workloads, and by the spans whom they call."""
    calls = _calls(case.spans)
    found: dict[str, RecordedService] = {}
    for each in case.objects:
        if each["kind"] not in _WORKLOADS:
            continue
        name = service_of(each["metadata"]) or str(each["metadata"]["name"])
        kind = "job" if each["kind"] == "CronJob" else _kind(each)
        depends_on = tuple(sorted(calls.get(name, ())))
        found[name] = RecordedService(name=name, kind=kind, depends_on=depends_on)
    return list(found.values())


def _kind(workload: Mapping[str, Any]) -> str:
    containers = workload["spec"]["template"]["spec"].get("containers", ())
    images = [str(container.get("image", "")) for container in containers]
    return "datastore" if any(d in image for image in images for d in _DATASTORES) else "service"


def _calls(spans: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Service -> the other services that its spans have children in."""
    known = {span.get("span_id"): span for span in spans}
    found: dict[str, set[str]] = {}
    for span in known.values():
        parent = known.get(span.get("parent_id"))
        if parent is not None and parent.get("service") != span.get("service"):
            found.setdefault(str(parent["service"]), set()).add(str(span["service"]))
    return found


def _service(service: RecordedService, teams: Sequence[Team]) -> Service:
    known = {team.handle for team in teams}
    return Service(
        name=service.name,
        team=service.team if service.team in known else teams[0].handle,
        tier=service.tier,
        kind=service.kind,  # type: ignore[arg-type]
        description=service.description,
        depends_on=service.depends_on,
        pagerduty_id=made_id("PS", service.name),
    )


def _change(fields: Mapping[str, Any], shift: timedelta) -> Change:
    return Change(**{**fields, "at": fields["at"] + shift})
