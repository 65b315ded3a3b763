"""A made-up company on which nothing goes wrong, though much moves: the null on which false alarms are counted.

More restless than the sandbox: days differ in load, weekends are calm, neighbouring points hang together, batches run at
odd hours, releases shift memory, a leak is cut short by restarts every few days, queues fill and drain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
STEP = 600.0
DAY = 86_400.0
PER_DAY = 144
_EPOCH = 20_000 * DAY


@dataclass(frozen=True)
class Metric:
    """One indicator's whole history."""

    entity: str
    name: str
    values: Floats
    limit: float | None = None
    unit: str = ""


class QuietCompany:
    """Some weeks of a company of services in three layers, each depending on some of the next.

    Args:
        seed: of everything random.
        days: how long.
        services: how many.
    """

    def __init__(self, seed: int, days: int, services: int = 24) -> None:
        self._random = np.random.default_rng(seed)
        self.times: Floats = _EPOCH + np.arange(days * PER_DAY, dtype=np.float64) * STEP
        self._days = days
        self.keys = [f"production/service/s{n}" for n in range(services)]
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.graph.add_nodes_from(self.keys)
        layers = np.array_split(np.arange(services), 3)
        for upper, lower in pairwise(layers):
            for n in upper:
                for below in self._random.choice(lower, 2, replace=False):
                    self.graph.add_edge(self.keys[n], self.keys[below])
        self._load = self._daily_load()
        self.metrics = [m for key in self.keys for m in self._metrics(key)]

    def _daily_load(self) -> Floats:
        """The customers' load: a rhythm, days of their own height, calm weekends; shared by all services."""
        hours = self.times / 3600.0 % 24
        rhythm = 0.05 + 0.95 * np.clip(np.sin((hours - 4) / 20 * np.pi), 0.0, None) ** 1.5
        height = np.exp(0.08 * self._random.standard_normal(self._days))
        weekday = np.arange(self._days) % 7
        height *= np.where(weekday >= 5, 0.7, 1.0)
        smooth = np.interp(
            np.arange(self._days * PER_DAY), (np.arange(self._days) + 0.5) * PER_DAY, height
        )
        return np.asarray(rhythm * smooth)

    def _metrics(self, key: str) -> Iterator[Metric]:
        load: Floats = self._load * np.exp(0.03 * self._noise(0.8))
        yield Metric(key, "requests", 200 * load)
        memory = 0.5 + 0.1 * load + 0.01 * self._noise(0.9) + self._releases(0.06) + self._leak()
        yield Metric(key, "memory", 8e9 * memory, 8e9, "bytes")
        cpu = 0.05 + 0.55 * load + self._batches(0.25, 3.0) + 0.02 * self._noise(0.6)
        yield Metric(key, "cpu", 2e9 * np.clip(cpu, 0, None), 2e9)
        pool = 20 * load + 6 + 0.8 * self._noise(0.8) + self._batches(8, 1.5)
        yield Metric(key, "connections", np.clip(np.rint(pool), 0.0, 48.0), 50.0)
        latency = 0.05 * (1 + 0.3 * load) * np.exp(0.05 * self._noise(0.7))
        yield Metric(key, "latency", latency * (1 + self._batches(0.5, 1.5)), unit="seconds")
        hits: Floats = 200.0 * load * STEP / 20.0
        failed = np.asarray(self._random.poisson(0.001 * hits), dtype=np.float64)
        yield Metric(key, "errors", failed / hits)
        queue = np.clip(50 + 30 * load + 5 * self._noise(0.9) + self._batches(200, 1.0), 0, None)
        yield Metric(key, "queue", queue)

    def _noise(self, lag: float) -> Floats:
        raw = self._random.standard_normal(self.times.size + 500)
        return np.asarray(lfilter([np.sqrt(1 - lag**2)], [1, -lag], raw)[500:])

    def _batches(self, height: float, per_week: float) -> Floats:
        """Work at odd hours: it climbs, stays for a while and goes."""
        found = np.zeros(self.times.size)
        for _ in range(self._random.poisson(per_week * self._days / 7)):
            start = int(self._random.integers(0, self.times.size))
            up, stay, down = self._random.integers(1, 13, 3)
            shape = np.concatenate(
                [np.linspace(0, 1, up + 1)[1:], np.ones(stay), np.linspace(1, 0, down + 1)[1:]]
            )
            end = min(start + shape.size, found.size)
            found[start:end] += height * self._random.uniform(0.3, 1.0) * shape[: end - start]
        return found

    def _releases(self, height: float) -> Floats:
        """Levels that shift with a release, two a week."""
        found = np.zeros(self.times.size)
        for _ in range(self._random.poisson(2 * self._days / 7)):
            at = int(self._random.integers(0, found.size))
            found[at:] += height * self._random.standard_normal()
        return np.clip(found, -0.15, 0.15)

    def _leak(self) -> Floats:
        """Memory that grows by a few percent a day until the service is restarted."""
        per_day = self._random.uniform(0.0, 0.03)
        period = int(self._random.uniform(2, 6) * PER_DAY)
        age = (np.arange(self.times.size) + self._random.integers(0, period)) % period
        return np.asarray(per_day * age / PER_DAY)
