"""Statistics over a service and its neighbours: what is the likeliest cause, who moved first, what is usual at this hour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from agent.analysis.earlier_days import Compared, compare
from agent.analysis.onsets import Onset, Order, order_of
from agent.analysis.rca.ranking import Ranked, rank
from agent.model import Json, Reading, Series, Window
from agent.tools import tool
from integrations.datadog.client import DatadogClient
from integrations.datadog.metrics import series_of
from integrations.datadog.recording import record, traces
from integrations.text import iso_of_unix, lines, number, raw, window_of

Environment = Annotated[str, Field(description="value of the env tag, such as production")]
Minutes = Annotated[float, Field(ge=30, le=2_880, description="how far back to look")]
_CAUSES = 6
_REASONS = 4
_ONSETS = 16
_SERIES = 12
_WORTH_NAMING = 0.3
"""Nats; less is noise."""
_SURE = 0.01
_DAY = timedelta(days=1)


class DatadogRanking:
    """Read tools that compute: each stands for a dozen queries."""

    def __init__(self, client: DatadogClient) -> None:
        self._client = client

    @tool("datadog", cost_seconds=2.0)
    async def datadog_rank_causes(
        self, service: str, environment: Environment = "production", minutes: Minutes = 360
    ) -> Reading:
        """Rank the service and all that it depends on as cause of its trouble, from metrics, traces and call graph; score in
        nats (above 2 is strong), with what departed and since when."""
        window = window_of(minutes)
        recording = await record(self._client, service, environment, window)
        start, symptom = await asyncio.to_thread(recording.begins)
        spans = await traces(self._client, recording, start)
        ranked = await asyncio.to_thread(rank, recording.case(start, symptom, spans))
        data: Json = {
            "service": service,
            "symptom": symptom or None,
            "since": iso_of_unix(start),
            "traces_compared": spans is not None,
            "causes": [_cause(r) for r in ranked[:_CAUSES] if r.score >= _WORTH_NAMING],
        }
        return Reading(
            source="datadog",
            query=f"ranking of causes around {service} env:{environment}, {minutes:g} min",
            observation=lines(_cause_lines(data)),
            data=data,
            raw=raw(data),
            link=self._client.link(f"/services/{service}", env=environment),
            window=window,
        )

    @tool("datadog", cost_seconds=1.5)
    async def datadog_onsets(
        self, service: str, environment: Environment = "production", minutes: Minutes = 360
    ) -> Reading:
        """Who moved first: when each golden signal and resource of the service and its neighbours began to depart, in
        order, with 95 % intervals."""
        window = window_of(minutes)
        recording = await record(self._client, service, environment, window)
        named = {f"{name} {metric}": points for (name, metric), points in recording.series.items()}
        order = await asyncio.to_thread(order_of, named)
        data: Json = {
            "onsets": [_onset(o) for o in order.onsets[:_ONSETS]],
            "first": [o.name for o in order.first],
            "steady": list(order.steady),
        }
        return Reading(
            source="datadog",
            query=f"onsets around {service} env:{environment}, {minutes:g} min",
            observation=lines(_onset_lines(data, order)),
            data=data,
            raw=raw(data),
            link=self._client.link(f"/services/{service}", env=environment),
            window=window,
        )

    @tool("datadog", cost_seconds=1.2)
    async def datadog_same_hour(
        self,
        query: Annotated[str, Field(description="a metrics query in Datadog's language")],
        days: Annotated[int, Field(ge=3, le=14)] = 7,
    ) -> Reading:
        """The last hour of a metric against the same hour of earlier days: whether it is unusual for this time of day."""
        today = window_of(60)
        windows = [
            Window(start=today.start - d * _DAY, end=today.end - d * _DAY) for d in range(days + 1)
        ]
        answers = await asyncio.gather(*(self._client.query(query, w) for w in windows))
        by_day = [{_key(s): s for s in series_of(a)} for a in answers]
        found = [
            _same_hour(series, compared)
            for key, series in by_day[0].items()
            if (compared := compare(_values(series), [_values(d.get(key)) for d in by_day[1:]]))
        ]
        found.sort(key=lambda f: f["p_value"])
        data: Json = {"series": found}
        return Reading(
            source="datadog",
            query=query,
            observation=lines(map(_same_hour_line, found[:_SERIES]))
            or f"no data for {query} in this hour today and on earlier days",
            data=data,
            raw=raw(data),
            link=self._client.link("/metric/explorer", windows[0], exp_query=query),
            window=windows[0],
        )


def _cause(ranked: Ranked) -> Json:
    return {
        "entity": ranked.entity,
        "score": round(ranked.score, 2),
        "onset": iso_of_unix(ranked.onset) if ranked.onset is not None else None,
        "indicators": [
            {"family": i.family, "name": i.name, "strength": round(i.strength, 2), "text": i.text}
            for i in ranked.indicators[:_REASONS]
        ],
    }


def _cause_lines(data: Json) -> list[str]:
    symptom = data["symptom"] or "no golden signal of its own"
    text = [f"{data['service']}: {symptom} departed, taken to begin at {data['since'][11:16]}"]
    for place, cause in enumerate(data["causes"], 1):
        onset = f" since {cause['onset'][11:16]}" if cause["onset"] else ""
        why = "; ".join(f"{i['family']} {i['text']}" for i in cause["indicators"])
        text.append(f"{place}. {cause['entity']} ({cause['score']:.1f}){onset}: {why}")
    if not data["causes"]:
        text.append("nothing departed from what is usual among it and its neighbours")
    if not data["traces_compared"]:
        text.append("no traces of both times: ranked on metrics alone")
    return text


def _onset(onset: Onset) -> Json:
    return {
        "name": onset.name,
        "at": iso_of_unix(onset.at),
        "earliest": iso_of_unix(onset.earliest),
        "latest": iso_of_unix(onset.latest),
        "before": onset.change.before,
        "after": onset.change.after,
        "gradual": onset.change.gradual,
    }


def _onset_lines(data: Json, order: Order) -> list[str]:
    text = [
        f"{o['at'][11:16]} ({o['earliest'][11:16]}-{o['latest'][11:16]}) {o['name']}:"
        f" {number(o['before'])} -> {number(o['after'])}{', gradually' if o['gradual'] else ''}"
        for o in data["onsets"]
    ]
    if len(order.onsets) > _ONSETS:
        text.append(f"... {len(order.onsets) - _ONSETS} later ones")
    if not text:
        return ["no series changed"]
    first = data["first"]
    text.append(
        f"first: {first[0]}"
        if len(first) == 1
        else f"cannot be told apart as first: {', '.join(first[:4])}"
    )
    text.append(f"{len(order.steady)} series did not change")
    return text


def _key(series: Series) -> tuple[str, ...]:
    return (series.metric, *sorted(f"{k}:{v}" for k, v in series.tags.items()))


def _values(series: Series | None) -> Sequence[float]:
    return [value for _, value in series.points] if series else []


def _same_hour(series: Series, compared: Compared) -> Json:
    return {
        "metric": series.metric,
        "tags": series.tags,
        "level": compared.level,
        "usual": compared.usual,
        "lowest": compared.lowest,
        "highest": compared.highest,
        "days": compared.days,
        "p_value": compared.p_value,
        "unusual": compared.p_value <= _SURE,
    }


def _same_hour_line(found: Json) -> str:
    tags = ",".join(f"{k}:{v}" for k, v in found["tags"].items())
    verdict = "unusual for this hour" if found["unusual"] else "usual for this hour"
    return (
        f"{found['metric']}{{{tags}}} {number(found['level'])}, {verdict}: {number(found['usual'])} on"
        f" {found['days']} earlier days ({number(found['lowest'])} to {number(found['highest'])}),"
        f" p {found['p_value']:.2g}"
    )
