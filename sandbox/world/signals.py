"""What goes on in each workload, as plain quantities: the source that metrics, logs and spans share.

A signal's value is its ordinary course over the day, with mild noise, changed by the faults at work
and by the cluster's configuration. Signals build on each other, so that a fault on one shows in all
that follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from sandbox.world.component import Component
from sandbox.world.configuration import Configuration
from sandbox.world.curve import DailyCurve
from sandbox.world.faults.fault import Fault
from sandbox.world.noise import Floats, jitter, key_hash
from sandbox.world.store_signals import STORE_NOISE, STORE_SIGNALS, STORE_WHOLE

_MIB = 2.0**20
_READY_AFTER_S = 4.0
_P95_TO_MEAN = 2.4


class Sources:
    """What all signals are computed from."""

    def __init__(
        self, seed: int, curve: DailyCurve, configuration: Configuration, faults: Sequence[Fault]
    ) -> None:
        self.seed = seed
        self.curve = curve
        self.configuration = configuration
        self.faults = faults


class Sampler:
    """The signals of one component at given times (epoch seconds).

    ``ordinal`` tells one pod from another; pods differ in their noise, and by what goes on at their ``node``.
    """

    def __init__(
        self,
        sources: Sources,
        component: Component,
        times: Floats,
        ordinal: int = 0,
        node: str = "",
    ) -> None:
        self.component = component
        self.node = node
        self.times: Floats = times
        self._sources = sources
        self._ordinal = ordinal
        self._known: dict[str, Floats] = {}

    def __getitem__(self, signal: str) -> Floats:
        """The values of a signal; raises KeyError for an unknown one."""
        if signal not in self._known:
            self._known[signal] = self._computed(signal)
        return self._known[signal]

    @property
    def level(self) -> Floats:
        """Traffic as a share of the daily peak."""
        return self._sources.curve.level(self.times)

    @property
    def hour(self) -> Floats:
        """The company's hour of day."""
        return self._sources.curve.hour(self.times)

    @property
    def ordinal(self) -> int:
        """Which of its pods, from 0 on."""
        return self._ordinal

    @property
    def configuration(self) -> Configuration:
        """The cluster's configuration."""
        return self._sources.configuration

    def profile(self, *path: str, default: float = 0.0) -> float:
        """A number of the component's profile."""
        value: object = self.component.profile
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return default if value is None else float(str(value))

    def _computed(self, signal: str) -> Floats:
        values = SIGNALS[signal](self)
        component = self.component
        amplitude = _NOISE.get(signal, 0.0)
        if amplitude:
            key = key_hash(
                self._sources.seed, component.namespace, component.name, self._ordinal, signal
            )
            values = values * (1.0 + amplitude * jitter(key, self.times))
        for fault in self._sources.faults:
            values = fault.applied(
                component.name, component.namespace, signal, self.times, values, self.node
            )
        return np.round(values) if signal in _WHOLE else values


Signal = Callable[[Sampler], Floats]


def _flat(*path: str, daily: float = 0.0, default: float = 0.0) -> Signal:
    """A number of the profile that moves by ``daily`` (a share) with the traffic."""

    def compute(s: Sampler) -> Floats:
        return np.asarray(s.profile(*path, default=default) * (1.0 - daily + daily * s.level))

    return compute


def _requests(s: Sampler) -> Floats:
    return np.asarray(s.profile("peak_rps") * s.component.share * s.level * s["attempts"])


def _pods(s: Sampler) -> Floats:
    """How the work of one pod compares with that at the ordinary number of pods."""
    wanted = np.maximum(s.configuration.replicas(s.component, s.times), 1.0)
    return np.asarray(s.component.place.replicas / wanted)


def _cpu(s: Sampler) -> Floats:
    busy = 1.0 if s.component.kind == "CronJob" else 0.1 + 0.9 * s.level * s.component.share
    ordinary = s.profile("cpu_cores") * busy / _ordinary_pods(s)
    return np.asarray(ordinary * (1.0 if s.component.kind == "CronJob" else _pods(s)))


def _ordinary_pods(s: Sampler) -> int:
    return 1 if s.component.kind == "CronJob" else s.component.place.replicas


def _memory(s: Sampler) -> Floats:
    if s.component.has("redis"):
        return s["redis_rss_bytes"] + 120 * _MIB
    return np.asarray(s.profile("memory_mib") * _MIB * (0.96 + 0.04 * s.level))


def _pool_in_use(s: Sampler) -> Floats:
    """Connections that a pod holds: with more pods each holds fewer."""
    return np.asarray(s.profile("pool", "in_use") * (0.95 + 0.05 * s.level) * _pods(s))


def _pool_size(s: Sampler) -> Floats:
    return s.configuration.setting(s.component, s.component.profile["pool"]["size_key"], s.times)


def _bounded_pool(s: Sampler) -> Floats:
    return np.minimum(s["pool_demand"], s["pool_size"])


def _pool_pending(s: Sampler) -> Floats:
    """Requests that wait for a connection, from 90 % of the pool on."""
    return np.maximum(s["pool_demand"] - 0.9 * s["pool_size"], 0.0)


def _available(s: Sampler) -> Floats:
    """Pods that are ready: those wanted a moment ago, without those that fail."""
    wanted = s.configuration.replicas(s.component, s.times - _READY_AFTER_S)
    return np.maximum(wanted - s.configuration.missing(s.component, s.times), 0.0)


def _limit(bound: str, resource: str) -> Signal:
    return lambda s: s.configuration.resource(s.component, bound, resource, s.times)


def _setting(trait: str, key: str) -> Signal:
    return lambda s: s.configuration.setting(s.component, s.component.profile[trait][key], s.times)


def _scaled_redis_bytes(s: Sampler) -> Floats:
    size = 1.0 if s.component.share == 1.0 else 0.04
    return np.asarray(s.profile("redis", "used_bytes") * size * (0.995 + 0.005 * s.level))


def _evicted(s: Sampler) -> Floats:
    """Keys a second: what does not fit any more has to go."""
    excess = s["redis_wanted_bytes"] - s["redis_max_bytes"]
    return np.maximum(excess, 0.0) / 5e5


def _since_last_schedule(s: Sampler) -> Floats:
    hours, minutes = map(int, s.component.place.facts["local_time"].split(":"))
    return np.asarray((s.hour - hours - minutes / 60) % 24 * 3600.0)


SIGNALS: MappingProxyType[str, Signal] = MappingProxyType(
    {
        "attempts": lambda s: np.ones(s.times.shape),
        "requests_per_second": _requests,
        "error_ratio": _flat("error_ratio"),
        "errors_per_second": lambda s: s["requests_per_second"] * s["error_ratio"],
        "latency_seconds": lambda s: _flat("latency_ms", daily=0.08)(s) / 1000.0,
        "latency_p95_seconds": lambda s: s["latency_seconds"] * _P95_TO_MEAN,
        "cpu_cores": _cpu,
        "cpu_throttled_seconds": lambda s: s["cpu_cores"] * 0.002,
        "memory_bytes": _memory,
        "memory_limit_bytes": _limit("limits", "memory"),
        "memory_request_bytes": _limit("requests", "memory"),
        "cpu_limit_cores": _limit("limits", "cpu"),
        "cpu_request_cores": _limit("requests", "cpu"),
        "restarts": _flat("restarts"),
        "since_last_schedule_seconds": _since_last_schedule,
        "replicas": lambda s: s.configuration.replicas(s.component, s.times),
        "replicas_available": _available,
        "replicas_unavailable": lambda s: s.configuration.unavailable(s.component, s.times),
        "pool_demand": _pool_in_use,
        "pool_in_use": _bounded_pool,
        "pool_size": _pool_size,
        "pool_pending": _pool_pending,
        "queue_messages": _flat("queue", "messages", daily=0.1),
        "redis_wanted_bytes": _scaled_redis_bytes,
        "redis_used_bytes": lambda s: np.minimum(s["redis_wanted_bytes"], s["redis_max_bytes"]),
        "redis_max_bytes": _setting("redis", "maxmemory_key"),
        "redis_fragmentation": _flat("redis", "fragmentation"),
        "redis_rss_bytes": lambda s: s["redis_used_bytes"] * s["redis_fragmentation"],
        "redis_latency_ms": _flat("latency_ms"),
        "redis_clients": _flat("redis", "clients", daily=0.2),
        "redis_evicted_per_second": _evicted,
        "redis_hit_ratio": _flat("redis", "hit_ratio"),
        "redis_hits_per_second": lambda s: 0.6 * s["requests_per_second"] * s["redis_hit_ratio"],
        "redis_misses_per_second": lambda s: (
            0.6 * s["requests_per_second"] * (1.0 - s["redis_hit_ratio"])
        ),
        "redis_bgsave": lambda s: np.zeros(s.times.shape),
        "redis_fork_us": lambda s: 900.0 * s["redis_fragmentation"],
        "pg_connections": _flat("postgres", "connections", daily=0.1),
        "pg_max_connections": _setting("postgres", "max_key"),
        "pg_connection_ratio": lambda s: s["pg_connections"] / s["pg_max_connections"],
        "pg_query_ms": _flat("latency_ms", daily=0.08),
        "pg_locks": lambda s: 4.0 + 20.0 * s.level,
        **STORE_SIGNALS,
    }
)

_NOISE = {
    "requests_per_second": 0.02,
    "error_ratio": 0.02,
    "latency_seconds": 0.02,
    "cpu_cores": 0.03,
    "memory_bytes": 0.003,
    "pool_demand": 0.01,
    "queue_messages": 0.01,
    "redis_wanted_bytes": 0.001,
    "redis_fragmentation": 0.003,
    "redis_latency_ms": 0.008,
    "redis_clients": 0.01,
    "redis_hit_ratio": 0.001,
    "redis_fork_us": 0.05,
    "pg_connections": 0.01,
    "pg_query_ms": 0.015,
    "pg_locks": 0.1,
    "pg_replication_delay_seconds": 0.1,
    **STORE_NOISE,
}
"""Relative deviation of each noisy signal."""

_WHOLE = frozenset(
    {
        "pool_in_use",
        "pool_pending",
        "queue_messages",
        "redis_clients",
        "pg_connections",
        "pg_locks",
        "restarts",
        *STORE_WHOLE,
    }
)
"""Signals that count things."""
