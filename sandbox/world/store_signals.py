"""The signals of data stores, queues, volumes and of what lies outside the company."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sandbox.world.noise import Floats

if TYPE_CHECKING:
    from sandbox.world.signals import Sampler

_FULL = 0.985
"""What of a volume can be written to: the rest is the file system's own."""


def _volume_capacity(s: Sampler) -> Floats:
    """Bytes of the first pod's volume, as its claim asks for."""
    return s.configuration.storage(s.component, s.times)


def _volume_used(s: Sampler) -> Floats:
    return np.minimum(s["volume_wanted_bytes"], _FULL * s["volume_capacity_bytes"])


def _volume_wanted(s: Sampler) -> Floats:
    """What it would write if there were room, bytes: a share of the volume that it was laid out with."""
    share = s.profile("volume_used", default=0.42)
    return np.full(s.times.shape, share * s.configuration.storage_laid_out(s.component))


def _replication_delay(s: Sampler) -> Floats:
    """How far a standby is behind, seconds; the first pod is the primary and behind nobody."""
    return np.full(s.times.shape, 0.05 if s.ordinal else 0.0)


def _main_thread(s: Sampler) -> Floats:
    """Cores that the one thread takes which runs all commands: never more than one."""
    return np.minimum(s["redis_commands_cpu_cores"], 0.995)


def _published(s: Sampler) -> Floats:
    """Messages a second that producers post."""
    return np.asarray(s.profile("queue", "per_second") * s.component.share * s.level)


def _redelivered(s: Sampler) -> Floats:
    """Messages a second that a consumer gave back and gets again: hardly any, ordinarily."""
    return 0.002 * s["queue_published_per_second"]


def _external_errors(s: Sampler) -> Floats:
    return s["external_requests_per_second"] * s["external_error_ratio"]


def _constant(value: float) -> Callable[[Sampler], Floats]:
    return lambda s: np.full(s.times.shape, value)


STORE_SIGNALS: MappingProxyType[str, Callable[[Sampler], Floats]] = MappingProxyType(
    {
        "volume_capacity_bytes": _volume_capacity,
        "volume_wanted_bytes": _volume_wanted,
        "volume_used_bytes": _volume_used,
        "pg_active_queries": lambda s: 2.0 + 6.0 * s.level,
        "pg_waiting_queries": lambda s: np.zeros(s.times.shape),
        "pg_idle_in_transaction": _constant(1.0),
        "pg_longest_transaction_seconds": _constant(1.6),
        "pg_seq_scans_per_second": lambda s: 0.4 + 0.6 * s.level,
        "pg_index_scans_per_second": lambda s: 2.5 * s["requests_per_second"],
        "pg_replication_delay_seconds": _replication_delay,
        "pg_slot_bytes": _constant(16.0 * 2**20),
        "pg_database_bytes": lambda s: (
            0.9 * np.maximum(s["volume_used_bytes"] - s["pg_slot_bytes"], 0.0)
        ),
        "redis_commands_cpu_cores": lambda s: 0.05 + 9e-6 * s["requests_per_second"],
        "redis_main_thread_cores": _main_thread,
        "redis_slow_us": lambda s: 1000.0 * s["redis_latency_ms"] * 6.0,
        "queue_published_per_second": _published,
        "queue_acked_per_second": lambda s: 1.0 * s["queue_published_per_second"],
        "queue_redelivered_per_second": _redelivered,
        "queue_consumers": lambda s: 4.0 * s["replicas_available"],
        "queue_unacked": lambda s: 0.1 * s["queue_messages"],
        "external_requests_per_second": lambda s: (
            s["requests_per_second"] * s.profile("external", "per_request", default=1.0)
        ),
        "external_throttled_ratio": _constant(0.0),
        "external_error_ratio": lambda s: 0.0006 + s["external_throttled_ratio"],
        "external_errors_per_second": _external_errors,
        "external_seconds": lambda s: np.full(
            s.times.shape, s.profile("external", "latency_ms") / 1000.0
        ),
    }
)

STORE_NOISE = {
    "volume_wanted_bytes": 0.0005,
    "pg_active_queries": 0.1,
    "pg_longest_transaction_seconds": 0.2,
    "pg_seq_scans_per_second": 0.08,
    "pg_slot_bytes": 0.2,
    "redis_commands_cpu_cores": 0.02,
    "redis_slow_us": 0.05,
    "queue_published_per_second": 0.03,
    "queue_acked_per_second": 0.03,
    "queue_unacked": 0.1,
    "external_error_ratio": 0.05,
    "external_seconds": 0.03,
}
"""Relative deviation of each noisy signal."""

STORE_WHOLE = frozenset(
    {"pg_active_queries", "pg_waiting_queries", "pg_idle_in_transaction", "queue_unacked"}
)
"""Signals that count things."""
