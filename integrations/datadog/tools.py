"""What a reasoner may ask Datadog."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from agent.analysis.logs import LogLine, mine
from agent.analysis.traces import attribute
from agent.model import Json, Reading
from agent.tools import tool
from integrations.datadog import metrics, tracing
from integrations.datadog.catalogue import DatadogCatalogue
from integrations.masking import evidence, mask_text
from integrations.text import (
    RARE_READ,
    iso,
    lines,
    mined_lines,
    parse_time,
    raw,
    template_json,
    utc_now,
    window_of,
)

Minutes = Annotated[float, Field(gt=0, le=43_200, description="how far back to look")]
Environment = Annotated[str, Field(description="value of the env tag, such as production")]
_SERIES_SHOWN = 12
_SPANS_READ = 1_000
_TRACES_COMPLETED = 40


class DatadogTools(DatadogCatalogue):
    """Read tools on metrics, logs and traces, and (inherited) on monitors, events and the service catalogue."""

    @tool("datadog", cost_seconds=0.8)
    async def datadog_metrics(
        self,
        query: Annotated[
            str,
            Field(
                description="in Datadog's language, such as"
                " avg:redis.mem.used{service:redis-reco,env:production} by {pod_name}"
            ),
        ],
        minutes: Minutes = 720,
    ) -> Reading:
        """One metrics query, each series described: last, baseline, extremes, change point with onset, trend per hour."""
        window = window_of(minutes)
        answer = await self._client.query(query, window)
        series = metrics.series_of(answer)
        described = await asyncio.to_thread(lambda: [metrics.series_data(s) for s in series])
        text = [metrics.series_line(d) for d in described[:_SERIES_SHOWN]]
        if len(described) > _SERIES_SHOWN:
            text.append(f"... {len(described) - _SERIES_SHOWN} more series")
        return Reading(
            source="datadog",
            query=query,
            observation=lines(text) or f"no data for {query} within the last {minutes:g} min",
            data={"series": described},
            series=tuple(series),
            raw=raw(answer),
            link=self._client.link("/metric/explorer", window, exp_query=query),
            window=window,
        )

    @tool("datadog", cost_seconds=0.4)
    async def datadog_metric_names(
        self, service: str, environment: Environment = "production"
    ) -> Reading:
        """Names of the metrics that exist for a service."""
        window = window_of(60)
        tags = f"service:{service},env:{environment}"
        names = sorted(await self._client.metric_names(tags, window.start))
        return Reading(
            source="datadog",
            query=tags,
            observation=lines([f"{len(names)} metrics with {tags}: {', '.join(names)}"]),
            data={"metrics": names},
            raw=raw(names),
            link=self._client.link("/metric/summary", tags=tags),
            window=window,
        )

    @tool("datadog", cost_seconds=1.0)
    async def datadog_logs(
        self,
        query: Annotated[
            str, Field(description="such as service:cart env:production status:(error OR warn)")
        ],
        minutes: Minutes = 60,
        limit: Annotated[int, Field(gt=0, le=5_000)] = 1_000,
    ) -> Reading:
        """Logs as templates with counts, serious ones first, and the rare lines whole."""
        window = window_of(minutes)
        events, total = await asyncio.gather(
            self._client.logs(query, window, limit), self._client.log_count(query, window)
        )
        read = [_log_line(e) for e in events]
        mined = await asyncio.to_thread(mine, read, rare_lines=RARE_READ)
        data = {
            "total": max(total, len(read)),
            "templates": [template_json(t) for t in mined.templates],
            "rare": [
                {"at": iso(r.at), "service": r.service, "status": r.level, "line": r.text}
                for r in mined.rare
            ],
        }
        head = f"{data['total']} log lines match, the latest {len(read)} read"
        return Reading(
            source="datadog",
            query=query,
            observation=lines([head, *mined_lines(mined)]),
            data=data,
            raw=await evidence(events),
            link=self._client.link("/logs", window, query=query),
            window=window,
        )

    @tool("datadog", cost_seconds=1.5)
    async def datadog_spans(
        self,
        service: str,
        environment: Environment = "production",
        minutes: Annotated[float, Field(gt=0, le=1_440)] = 60,
    ) -> Reading:
        """Traces through a service: where they spend their time (own time by operation), where errors begin, who calls
        whom and how often again, the service by version and host, and calls of outside APIs by HTTP status."""
        window = window_of(minutes)
        query = f"service:{service} env:{environment}"
        events = await self._client.spans(query, window, _SPANS_READ)
        sampled = dict.fromkeys(str(e.get("attributes", {}).get("trace_id", "")) for e in events)
        traces = [t for t in sampled if t][:_TRACES_COMPLETED]
        if traces:
            wider = window.model_copy(update={"start": window.start - timedelta(minutes=1)})
            whole = f"trace_id:({' OR '.join(traces)})"
            events = events + await self._client.spans(whole, wider, _SPANS_READ)
        spans = [s for s in map(tracing.span_of, events) if s is not None]
        completed = set(traces)
        data: Json = {
            "spans_read": len({(s.trace_id, s.span_id) for s in spans}),
            **tracing.attribution_data(
                attribute(s for s in spans if s.trace_id in completed), service
            ),
            **tracing.breakdown_data(spans, service),
            "change": tracing.latency_change(spans, service),
        }
        return Reading(
            source="datadog",
            query=query,
            observation=lines(tracing.tracing_lines(data))
            or f"no spans of {service} in {environment} within the last {minutes:g} min",
            data=data,
            raw=await evidence(events),
            link=self._client.link("/apm/traces", window, query=query),
            window=window,
        )


def _log_line(event: Json) -> LogLine:
    found = event.get("attributes", {})
    return LogLine(
        at=parse_time(found.get("timestamp")) or utc_now(),
        text=mask_text(str(found.get("message", ""))),
        level=str(found.get("status", "")),
        service=str(found.get("service", "")),
    )
