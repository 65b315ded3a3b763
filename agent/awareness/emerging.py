"""From weak signals to an emerging Issue: read, combined, and handed to the intake as a signal like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import networkx as nx
import structlog

from agent.awareness.emerging_words import text_of, title_of
from agent.awareness.issues import Issue
from agent.awareness.weak import HOPS, Emerging, WeakSignals
from agent.house import House
from agent.knowledge.facts import Seen
from agent.knowledge.graph import DEPENDS
from agent.model import AlertState, Entity, Severity, Signal, SignalKind, Value
from agent.ports import Indicator

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
    services = await _services(house)
    indicators = await house.indicators.read(services, now, _DAYS, _STEP_SECONDS)
    weak = await asyncio.to_thread(WeakSignals, indicators, now)
    await _keep_load_profiles(house, weak.load_profiles, services)
    candidates = await asyncio.to_thread(weak.heading_for_limits)
    graph = await _around(house, candidates)
    found = await asyncio.to_thread(weak.emerging, graph)
    open_issues = await house.store.issues.open_ones()
    entities = {e.key: e for e in services}
    raised = [
        signal_of(one, entities[one.entity], now)
        for one in found
        if not _known(one, candidates, graph, open_issues)
    ]
    turned = _turned(open_issues, candidates, entities, indicators, now)
    _log.info("weak_signals", indicators=len(indicators), emerging=len(found), new=len(raised))
    return Pass(indicators=len(indicators), emerging=len(found), signals=(*raised, *turned))


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


def _known(
    found: Emerging,
    candidates: Iterable[str],
    graph: nx.DiGraph[str],
    open_issues: Sequence[Issue],
) -> bool:
    """Whether an open Issue tells of it already: of the entity itself, or of one that the same signs speak of."""
    near = {s.indicator.entity for s in found.signs} & set(candidates)
    near |= {found.entity}
    return any(
        f"{_FINGERPRINT}{found.entity}" in issue.fingerprints or near & set(issue.entities)
        for issue in open_issues
    )


def _turned(
    open_issues: Sequence[Issue],
    candidates: Iterable[str],
    entities: Mapping[str, Entity],
    indicators: Sequence[Indicator],
    now: datetime,
) -> list[Signal]:
    """Recoveries of emerging Issues whose entity no longer heads for a limit (silence of the vendor is no recovery)."""
    read = {i.entity for i in indicators if i.limit is not None}
    keys = {
        fingerprint.removeprefix(_FINGERPRINT)
        for issue in open_issues
        for fingerprint in issue.fingerprints
        if fingerprint.startswith(_FINGERPRINT)
    }
    over = sorted((keys & read & set(entities)) - set(candidates))
    return [_recovery_of(entities[key], now) for key in over]


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


async def _services(house: House) -> list[Entity]:
    entities, _ = await house.store.graph.all()
    return [e for e in entities if e.kind == "service"]


async def _around(house: House, keys: Iterable[str]) -> nx.DiGraph[str]:
    """Who depends on whom around the candidates, by key."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for key in keys:
        graph.add_node(key)
        _, relations = await house.store.graph.neighbourhood(key, HOPS)
        graph.add_edges_from(
            (r.source, r.target) for r in relations if r.kind in DEPENDS and r.source != r.target
        )
    return graph


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
