"""From weak signals to an emerging Issue: read, combined, and handed to the intake as a signal like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import networkx as nx
import structlog

from agent.awareness.emerging_words import text_of, title_of
from agent.awareness.issues import Issue
from agent.awareness.weak import Emerging, WeakSignals
from agent.house import House
from agent.knowledge.facts import Seen
from agent.knowledge.graph import DEPENDS, name_of
from agent.model import AlertState, Entity, Relation, Severity, Signal, SignalKind, Value

SOURCE = "srebot"
LOAD_ORIGIN = "load"
"""The source, in the graph, of the load profiles."""
LOAD_PROFILE = "load_profile"
"""The property: UTC hour (as text) -> load of that hour as a ratio to the mean load."""
_FINGERPRINT = "emerging:"
_DAYS = 7.0
_STEP_SECONDS = 600
"""A week of such steps fits into one answer of a vendor."""
_PROFILE_CHANGED = 0.25
"""A profile is stored anew when an hour's ratio moved by this share of the mean load."""
_REPEAT_AFTER = timedelta(hours=2)
"""An open Issue of which nothing was heard for so long is told that it goes on."""
_SOON = timedelta(hours=3)
_TODAY = timedelta(hours=12)
_BUSY = 3.0

_log = structlog.get_logger(__name__)


class Pass(Value):
    """What one look at the weak signals gave."""

    indicators: int = 0
    """How many were read."""
    emerging: int = 0
    """How many problems are emerging, known ones included."""
    signals: tuple[Signal, ...] = ()
    """For the intake: what is new, and what has turned."""


async def look(house: House, now: datetime) -> Pass:
    """Read the indicators of all services and say what is emerging and what has turned.

    Raises:
        ToolError: the indicators cannot be read.
    """
    if house.indicators is None:
        return Pass()
    services = await house.store.graph.entities(("service",))
    indicators = await house.indicators.read(services, now, _DAYS, _STEP_SECONDS)
    weak = await asyncio.to_thread(WeakSignals, indicators, now)
    await _keep_load_profiles(house, weak.load_profiles, services)
    candidates = await asyncio.to_thread(weak.heading_for_limits)
    entities = {e.key: e for e in services}
    graph = await _around(house, [entities[key] for key in candidates])
    found = await asyncio.to_thread(weak.emerging, graph)
    open_issues = await house.store.issues.open_ones()
    new, again = [], []
    for one in found:
        issue = _issue_on(one, candidates, open_issues)
        if issue is None:
            new.append(signal_of(one, entities[one.entity], now))
        elif _is_ours(issue) and now - issue.last_signal_at >= _REPEAT_AFTER:
            again.append(_repeated(one, issue, entities[one.entity], now))
    turned = await asyncio.to_thread(_turned, open_issues, weak, entities, now)
    _log.info("weak_signals", indicators=len(indicators), emerging=len(found), new=len(new))
    return Pass(indicators=len(indicators), emerging=len(found), signals=(*new, *again, *turned))


def signal_of(found: Emerging, entity: Entity, now: datetime) -> Signal:
    """The signal that tells of an emerging problem."""
    return Signal(
        key=f"{_FINGERPRINT}{entity.key}:{now:%Y-%m-%dT%H:%M}",
        kind=SignalKind.EMERGING,
        source=SOURCE,
        title=title_of(found),
        text=text_of(found, now),
        severity=severity_of(found, now),
        service=entity.name,
        namespace=entity.namespace,
        environment=entity.environment or entity.namespace,
        fingerprint=f"{_FINGERPRINT}{entity.key}",
        occurred_at=now,
        link=found.critical.indicator.link,
    )


def severity_of(found: Emerging, now: datetime) -> Severity:
    """By the time left, the coming load and who depends on it."""
    left = timedelta(seconds=found.saturation.at - now.timestamp())
    busy = found.load is not None and found.load.peak >= _BUSY
    wide = len(found.dependants) >= 2
    if left <= _SOON or (left <= _TODAY and busy and wide):
        return Severity.HIGH
    return Severity.MEDIUM if left <= _TODAY or (busy and wide) else Severity.LOW


def _issue_on(
    found: Emerging, candidates: Iterable[str], open_issues: Sequence[Issue]
) -> Issue | None:
    """The open Issue that tells of it already: of the entity itself, or of one that heads for a limit with it."""
    near = {s.indicator.entity for s in found.signs} & set(candidates) | {found.entity}
    return next((i for i in open_issues if near & set(map(_place, i.entities))), None)


def _is_ours(issue: Issue) -> bool:
    return any(f.startswith(_FINGERPRINT) for f in issue.fingerprints)


def _repeated(found: Emerging, issue: Issue, entity: Entity, now: datetime) -> Signal:
    """Says that an open Issue is not over, so that it does not expire."""
    ours = next(f for f in issue.fingerprints if f.startswith(_FINGERPRINT))
    return signal_of(found, entity, now).model_copy(
        update={"state": AlertState.RENOTIFIED, "fingerprint": ours}
    )


def _turned(
    open_issues: Sequence[Issue], weak: WeakSignals, entities: Mapping[str, Entity], now: datetime
) -> list[Signal]:
    """Recoveries of the emerging Issues whose entity no longer heads for a limit."""
    keys = {
        fingerprint.removeprefix(_FINGERPRINT)
        for issue in open_issues
        for fingerprint in issue.fingerprints
        if fingerprint.startswith(_FINGERPRINT)
    }
    return [_recovery_of(entities[k], now) for k in sorted(keys & set(entities)) if weak.turned(k)]


def _recovery_of(entity: Entity, now: datetime) -> Signal:
    return Signal(
        key=f"{_FINGERPRINT}{entity.key}:{now:%Y-%m-%dT%H:%M}:over",
        kind=SignalKind.EMERGING,
        source=SOURCE,
        title=f"{entity.name} no longer heads for its limit",
        text=f"No indicator of {entity.name} is on its way to its limit any more.",
        state=AlertState.RECOVERED,
        severity=Severity.INFO,
        service=entity.name,
        namespace=entity.namespace,
        environment=entity.environment or entity.namespace,
        fingerprint=f"{_FINGERPRINT}{entity.key}",
        occurred_at=now,
    )


async def _around(house: House, services: Iterable[Entity]) -> nx.DiGraph[str]:
    """Who depends on whom around the candidates, by the services' keys: a service's workload is one place with it."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for service in services:
        graph.add_node(service.key)
        _, relations = await house.store.memory.around(service.name, service.namespace)
        ties = ((_place(r.source), _place(r.target)) for r in relations if _carries(r))
        graph.add_edges_from((a, b) for a, b in ties if a != b)
    return graph


def _carries(relation: Relation) -> bool:
    """Whether trouble travels along it, as far as is known; jobs come and go, and are told of by what they load."""
    jobs = ("/cronjob/", "/job/")
    return (
        relation.kind in DEPENDS
        and relation.holds
        and relation.missing_since is None
        and not any(kind in relation.source for kind in jobs)
    )


def _place(key: str) -> str:
    namespace, _, rest = key.partition("/")
    return f"{namespace}/service/{name_of(rest)}"


async def _keep_load_profiles(
    house: House, profiles: Mapping[str, Mapping[int, float]], services: Sequence[Entity]
) -> None:
    """Store the profiles that are new or have moved, where triage reads them."""
    moved = [
        Entity(
            name=service.name,
            kind=service.kind,
            namespace=service.namespace,
            environment=service.environment,
            properties={LOAD_PROFILE: {str(h): round(r, 2) for h, r in profile.items()}},
        )
        for service in services
        if (profile := profiles.get(service.key))
        and _has_moved(service.properties.get(LOAD_PROFILE) or {}, profile)
    ]
    if moved:
        await house.store.graph.take(LOAD_ORIGIN, Seen(entities=tuple(moved), complete=False))


def _has_moved(stored: Mapping[str, float], profile: Mapping[int, float]) -> bool:
    return any(
        abs(float(stored.get(str(hour), 0.0)) - ratio) > _PROFILE_CHANGED
        for hour, ratio in profile.items()
    ) or len(stored) != len(profile)
