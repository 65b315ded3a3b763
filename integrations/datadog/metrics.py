"""Metric series described: level, change, trend."""

from __future__ import annotations

from agent.analysis.series import Description, describe
from agent.model import Json, Series
from integrations.text import iso_of_unix, number, quantity


def series_of(answer: Json) -> list[Series]:
    """The series of a v1 query's answer, times in seconds."""
    return [
        Series(
            metric=str(s.get("metric") or s.get("expression") or ""),
            tags=dict(_tag(t) for t in s.get("tag_set") or []),
            unit=_unit(s.get("unit")),
            points=tuple(
                (at / 1000.0, float(value))
                for at, value in s.get("pointlist", [])
                if value is not None
            ),
        )
        for s in answer.get("series", [])
    ]


def series_data(series: Series) -> Json:
    """A series as data, without its points."""
    return description_data(describe(series.points)) | {
        "metric": series.metric,
        "tags": series.tags,
        "unit": series.unit,
    }


def description_data(found: Description) -> Json:
    """A description with times as text."""
    change, pulse = found.change, found.pulse
    return {
        "points_count": found.points_count,
        "last": found.last,
        "baseline": found.baseline,
        "minimum": found.minimum,
        "maximum": found.maximum,
        "mean": found.mean,
        "change": change
        and {
            "at": iso_of_unix(change.at),
            "before": change.before,
            "after": change.after,
            "ratio": change.ratio,
            "gradual": change.gradual,
        },
        "pulse": pulse
        and {
            "start": iso_of_unix(pulse.start),
            "end": iso_of_unix(pulse.end),
            "level": pulse.level,
        },
        "slope_per_hour": found.slope_per_hour,
        "slope_r2": found.slope_r2,
        "per_hour_ratio": found.per_hour_ratio,
    }


def series_line(data: Json) -> str:
    """A described series on one line."""

    def said(name: str, of: Json = data) -> str:
        return quantity(of[name], data["unit"])

    tags = ",".join(f"{k}:{v}" for k, v in data["tags"].items())
    text = (
        f"{data['metric']}{{{tags}}} [{data['unit'] or 'no unit'}] last {said('last')},"
        f" baseline {said('baseline')}, min {said('minimum')}, max {said('maximum')}, mean {said('mean')}"
    )
    if change := data["change"]:
        verb = "moving since" if change["gradual"] else "jumped at"
        ratio = f" (x{number(change['ratio'])})" if change["ratio"] is not None else ""
        levels = f"{said('before', change)} -> {said('after', change)}{ratio}"
        text += f"; {verb} {change['at'][11:16]}: {levels}"
    elif pulse := data["pulse"]:
        span = f"from {pulse['start'][11:16]} to {pulse['end'][11:16]}"
        text += f"; was at {said('level', pulse)} {span}, over now"
    else:
        text += "; no change point"
    if data["slope_per_hour"] and (data["slope_r2"] or 0) > 0.3:
        growth = data["per_hour_ratio"]
        text += f"; trend {said('slope_per_hour')} per hour (r2 {data['slope_r2']:.2f}"
        text += f", {growth:+.1%} per hour)" if growth is not None else ")"
    return text


def _tag(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key, value


def _unit(units: list[Json | None] | None) -> str:
    if not units or not units[0]:
        return ""
    per = units[1] if len(units) > 1 else None
    name = str(units[0].get("plural") or units[0].get("name") or "")
    return f"{name}/{per.get('name')}" if per else name
