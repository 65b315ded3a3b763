"""Weak signals combined: what no single alert shows yet, seen on an entity and on those around it.

Method, by its steps:

1. Each indicator (memory, connections, latency, ...) gets a one-sided p-value: is it above the same hour of earlier days,
   and does it rise, more than chance explains (``agent.analysis.seasonal``, ``agent.analysis.significance``)?
2. Those of an entity and of its neighbours in the dependency graph are combined by the Cauchy combination test (Liu & Xie,
   JASA 2020), which holds although they depend on each other; one at distance d weighs ``1 / 2**d``.
3. It has to persist: the combination has to be as surprising at each of some moments of the last hour.
4. It has to matter: an indicator of the entity is on its way to its limit, within the horizon, on top of what the coming
   hours bring anyway; and it does not stand alone: another indicator there or nearby departs as well.
5. Each indicator is under its own alert's threshold; what is above is for the alert to tell.

Candidates that depend on each other are one finding, told of the entity that the others depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import networkx as nx

from agent.analysis.seasonal import Course, Heading, hourly_profile
from agent.analysis.series import Saturation
from agent.analysis.significance import cauchy
from agent.awareness.nearness import dependants, distances, groups
from agent.ports import Indicator

LOAD = "requests"
"""The indicator that is load, not a sign of trouble."""
_GAPS_SEEN = 25
_DEFAULT_STEP_SECONDS = 600.0


@dataclass(frozen=True)
class WeakRules:
    """Thresholds; tuned on other data than the benchmark reports (``benchmarks/weak_signals.py``)."""

    combined_p: float = 1e-3
    """The combination must be as unlikely as this by chance."""
    single_p: float = 0.01
    """From where on a single indicator counts as departing."""
    departing_count: int = 2
    """So many indicators must depart, the saturating one included."""
    moments_ago_seconds: tuple[float, ...] = (0.0, 1_200.0, 2_400.0)
    """When it must have been so."""
    stretch_seconds: float = 3 * 3_600.0
    """Over how long a trend is looked for."""
    horizon_seconds: float = 24 * 3_600.0
    alert_share: float = 0.9
    """Of its limit, from where on an indicator's own alert would speak."""


@dataclass(frozen=True)
class Sign:
    """An indicator that departs from its usual course."""

    indicator: Indicator
    p_value: float
    """The largest of the moments looked at."""
    heading: Heading | None = None
    saturation: Saturation | None = None

    @property
    def share(self) -> float | None:
        """Of its limit, now; None without one."""
        limit = self.indicator.limit
        return self.heading.level / limit if self.heading and limit else None


@dataclass(frozen=True)
class Load:
    """The load to come, as ratios to the load of now."""

    at_critical: float
    peak: float
    peak_at: datetime
    """When the coming day's highest load begins."""


@dataclass(frozen=True)
class Emerging:
    """A problem before any alert."""

    entity: str
    """Key of the entity that it is told of."""
    critical: Sign
    """What reaches its limit first there."""
    signs: tuple[Sign, ...]
    """Everything that departs there and nearby, the most surprising first; ``critical`` is one of them."""
    p_value: float
    load: Load | None
    dependants: tuple[str, ...]
    """Keys of what depends on it, the nearest first."""

    @property
    def saturation(self) -> Saturation:
        """When it becomes critical."""
        assert self.critical.saturation is not None
        return self.critical.saturation


class WeakSignals:
    """The indicators of a company at one moment.

    Args:
        indicators: up to now, evenly spaced.
        now: the present.
        rules: thresholds; the defaults when None.
    """

    def __init__(
        self, indicators: Sequence[Indicator], now: datetime, rules: WeakRules | None = None
    ) -> None:
        self._rules = rules or WeakRules()
        self._now = now
        self._of: dict[str, list[Indicator]] = {}
        self._loads: dict[str, dict[int, float]] = {}
        for indicator in indicators:
            if indicator.name == LOAD:
                self._loads[indicator.entity] = hourly_profile(indicator.series.points)
            else:
                self._of.setdefault(indicator.entity, []).append(indicator)
        self._courses: dict[int, Course] = {}
        self._p_values: dict[tuple[int, float], float] = {}
        self._candidates: dict[str, tuple[Sign, ...]] | None = None

    @property
    def load_profiles(self) -> Mapping[str, Mapping[int, float]]:
        """Entity -> UTC hour -> its load as a ratio to the mean load."""
        return {key: profile for key, profile in self._loads.items() if profile}

    def heading_for_limits(self) -> dict[str, tuple[Sign, ...]]:
        """Entities with indicators that depart and are on their way to a limit, the first to reach it leading."""
        if self._candidates is None:
            found = {key: tuple(self._saturating(own)) for key, own in self._of.items()}
            self._candidates = {
                key: tuple(sorted(signs, key=lambda s: s.saturation.at if s.saturation else 0.0))
                for key, signs in found.items()
                if signs
            }
        return self._candidates

    def turned(self, key: str) -> bool:
        """Whether nothing of an entity that was read heads for its limit any more, however unsurprisingly; False when
        nothing was read, for silence is no recovery."""
        limited = [i for i in self._of.get(key, []) if i.limit is not None]
        return bool(limited) and not any(map(self._heads_for_limit, limited))

    def _heads_for_limit(self, indicator: Indicator) -> bool:
        course, limit = self._course(indicator), indicator.limit
        heading = course.heading(self._rules.stretch_seconds) if course.departs else None
        if heading is None or limit is None:
            return False
        if self._alerts_itself(indicator, heading):
            return True
        return course.saturation(heading, limit, self._rules.horizon_seconds) is not None

    def emerging(self, graph: nx.DiGraph[str]) -> list[Emerging]:
        """What deserves to be told.

        Args:
            graph: keys of entities, an edge from what depends to what it depends on, around the candidates of
                ``heading_for_limits``.
        """
        candidates = {
            key: signs
            for key, signs in self.heading_for_limits().items()
            if self._convinces(key, signs, graph)
        }
        return [self._told(group, candidates, graph) for group in groups(candidates, graph)]

    def _saturating(self, indicators: Iterable[Indicator]) -> Iterator[Sign]:
        rules = self._rules
        for indicator in indicators:
            if indicator.limit is None or not (course := self._course(indicator)).departs:
                continue
            heading = course.heading(rules.stretch_seconds)
            if heading is None or self._alerts_itself(indicator, heading):
                continue
            reached = course.saturation(heading, indicator.limit, rules.horizon_seconds)
            if reached and (p := self._lasting_p(indicator)) < rules.single_p:
                yield Sign(indicator, p, heading, reached)

    def _alerts_itself(self, indicator: Indicator, heading: Heading) -> bool:
        return (
            indicator.limit is not None
            and indicator.worse > 0
            and heading.level >= self._rules.alert_share * indicator.limit
        )

    def _convinces(self, key: str, signs: Sequence[Sign], graph: nx.DiGraph[str]) -> bool:
        departing = self._departing(key, signs, graph)
        return (
            len(departing) >= self._rules.departing_count
            and self._combined(key, graph) < self._rules.combined_p
        )

    def _combined(self, key: str, graph: nx.DiGraph[str]) -> float:
        """The combined p-value, the largest of the moments looked at."""
        near = [(i, 0.5**far) for k, far in distances(key, graph) for i in self._of.get(k, [])]
        weights = [weight for _, weight in near]
        return max(
            cauchy([self._p(i, ago) for i, _ in near], weights)
            for ago in self._rules.moments_ago_seconds
        )

    def _departing(
        self, key: str, signs: Sequence[Sign], graph: nx.DiGraph[str]
    ) -> tuple[Sign, ...]:
        """What departs on the entity and nearby, under its own alert's threshold."""
        known = {id(s.indicator): s for s in signs}
        found: list[Sign] = []
        for near, _ in distances(key, graph):
            for indicator in self._of.get(near, []):
                sign = known.get(id(indicator)) or self._sign(indicator)
                if sign is not None:
                    found.append(sign)
        return tuple(sorted(found, key=lambda s: s.p_value))

    def _sign(self, indicator: Indicator) -> Sign | None:
        p = self._lasting_p(indicator)
        if p >= self._rules.single_p:
            return None
        course = self._course(indicator)
        heading = course.heading(self._rules.stretch_seconds)
        if heading is None or self._alerts_itself(indicator, heading):
            return None
        limit, horizon = indicator.limit, self._rules.horizon_seconds
        reached = None if limit is None else course.saturation(heading, limit, horizon)
        return Sign(indicator, p, heading, reached)

    def _lasting_p(self, indicator: Indicator) -> float:
        """The largest p-value of the moments looked at; stops at the first that does not count."""
        worst = 0.0
        for ago in self._rules.moments_ago_seconds:
            worst = max(worst, self._p(indicator, ago))
            if worst >= self._rules.single_p:
                break
        return worst

    def _p(self, indicator: Indicator, ago: float) -> float:
        place = (id(indicator), ago)
        if place not in self._p_values:
            course = self._course(indicator)
            self._p_values[place] = course.p_value(self._rules.stretch_seconds, ago)
        return self._p_values[place]

    def _course(self, indicator: Indicator) -> Course:
        if id(indicator) not in self._courses:
            points = indicator.series.points
            self._courses[id(indicator)] = Course(points, _step_of(indicator), indicator.worse)
        return self._courses[id(indicator)]

    def _told(
        self,
        group: Sequence[str],
        candidates: Mapping[str, Sequence[Sign]],
        graph: nx.DiGraph[str],
    ) -> Emerging:
        def blame(key: str) -> tuple[int, float]:
            above = nx.ancestors(graph, key) if key in graph else set()
            reached = candidates[key][0].saturation
            return -len(above & set(group)), reached.at if reached else 0.0

        key = min(group, key=blame)
        critical = candidates[key][0]
        users = dependants(key, graph)
        return Emerging(
            entity=key,
            critical=critical,
            signs=self._departing(key, candidates[key], graph),
            p_value=self._combined(key, graph),
            load=self._load(key, users, critical),
            dependants=users,
        )

    def _load(self, key: str, users: Sequence[str], critical: Sign) -> Load | None:
        """By the entity's own requests, or by those of its nearest dependant that has some."""
        profile = next(filter(None, (self._loads.get(k) for k in (key, *users))), None)
        present = profile.get(self._now.hour) if profile else None
        if not profile or not present or critical.saturation is None:
            return None
        moment = datetime.fromtimestamp(critical.saturation.at, UTC)
        peak = max(profile, key=lambda hour: profile[hour])
        return Load(
            at_critical=profile.get(moment.hour, present) / present,
            peak=profile[peak] / present,
            peak_at=_next_hour(self._now, peak),
        )


def _next_hour(now: datetime, hour: int) -> datetime:
    """When that hour of day comes next."""
    whole = now.replace(minute=0, second=0, microsecond=0)
    return datetime.fromtimestamp(whole.timestamp() + (hour - now.hour) % 24 * 3600, UTC)


def _step_of(indicator: Indicator) -> float:
    """How far apart its points are: the commonest gap's length, as seen at its end."""
    times = [at for at, _ in indicator.series.points[-_GAPS_SEEN:]]
    gaps = sorted(b - a for a, b in pairwise(times) if b > a)
    return gaps[len(gaps) // 2] if gaps else _DEFAULT_STEP_SECONDS
