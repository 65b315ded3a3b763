"""``/metrics`` for Prometheus.

The numbers come from the database, so they outlive restarts and are the same whichever process is asked: sum them over
one process only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector
from prometheus_client import generate_latest as rendered
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from agent.store.repository import Store
from bot.web.figures import INVESTIGATION_SECONDS, TOOL_SECONDS, Counts, Distribution, Figures
from bot.web.figures import count as count_figures

FRESH_SECONDS = 10.0
"""The database is counted at most this often, however often it is scraped."""


class Metrics:
    """Handler of ``/metrics``."""

    def __init__(self, store: Store, ready: Callable[[], Mapping[str, bool]]) -> None:
        self._store = store
        self._ready = ready
        self._counting = asyncio.Lock()
        self._figures: Figures | None = None
        self._counted_at = 0.0

    async def scrape(self, _: Request) -> Response:
        """Everything in the text format of Prometheus."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(await self._counted(), self._ready()))
        ProcessCollector(registry=registry)
        return Response(rendered(registry), media_type=CONTENT_TYPE_LATEST)

    async def _counted(self) -> Figures:
        async with self._counting:
            if self._figures is None or time.monotonic() - self._counted_at > FRESH_SECONDS:
                self._figures = await count_figures(self._store)
                self._counted_at = time.monotonic()
            return self._figures


class _Families(Collector):
    """One scrape's metrics."""

    def __init__(self, figures: Figures, ready: Mapping[str, bool]) -> None:
        self._figures = figures
        self._ready = ready

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._of_investigations()
        yield from self._of_tools()
        yield from self._of_people()
        parts = [((part,), float(ok)) for part, ok in self._ready.items()]
        yield _gauge("srebot_ready", "Whether a part can do its work.", ("part",), parts)

    def _of_investigations(self) -> Iterator[Metric]:
        figures = self._figures
        yield _counter(
            "srebot_investigations",
            "Investigations that ended.",
            ("ending", "reasoner"),
            figures.investigations,
        )
        yield _gauge(
            "srebot_investigations_open",
            "Investigations that have not ended.",
            ("status",),
            figures.open_investigations,
        )
        yield _histogram(
            "srebot_investigation_seconds",
            "Seconds that ended investigations spent.",
            (),
            INVESTIGATION_SECONDS,
            figures.investigation_seconds,
        )
        tokens = [((kind,), number) for kind, number in figures.tokens.items()]
        yield _counter("srebot_tokens", "Tokens of the model.", ("kind",), tokens)
        yield _counter("srebot_model_usd", "What the model cost.", (), [((), figures.usd)])

    def _of_tools(self) -> Iterator[Metric]:
        yield _counter(
            "srebot_tool_calls",
            "Calls of tools.",
            ("vendor", "status"),
            self._figures.tool_calls,
        )
        yield _histogram(
            "srebot_tool_call_seconds",
            "How long calls of tools took.",
            ("vendor",),
            TOOL_SECONDS,
            self._figures.tool_seconds,
        )

    def _of_people(self) -> Iterator[Metric]:
        yield _gauge("srebot_proposals", "Proposed changes.", ("status",), self._figures.proposals)
        yield _gauge(
            "srebot_messages", "Messages to people.", ("kind", "state"), self._figures.messages
        )
        yield _gauge(
            "srebot_attention",
            "Messages that nobody asked for, by what became of them.",
            ("channel", "kind", "score"),
            self._figures.attention,
        )


def _counter(name: str, about: str, labels: Sequence[str], counts: Counts) -> Metric:
    family = CounterMetricFamily(name, about, labels=labels)
    for values, number in counts:
        family.add_metric(values, number)
    return family


def _gauge(name: str, about: str, labels: Sequence[str], counts: Counts) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for values, number in counts:
        family.add_metric(values, number)
    return family


def _histogram(
    name: str,
    about: str,
    labels: Sequence[str],
    bounds: Sequence[float],
    distributions: Iterable[Distribution],
) -> Metric:
    family = HistogramMetricFamily(name, about, labels=labels)
    for d in distributions:
        buckets = [(str(b), float(n)) for b, n in zip(bounds, d.buckets, strict=True)]
        family.add_metric(d.labels, [*buckets, ("+Inf", float(d.count))], d.seconds)
    return family
