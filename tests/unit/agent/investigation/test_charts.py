"""Which signals are drawn, and what is marked in them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from agent.investigation.chart_picture import caption, readable, render
from agent.investigation.charts import decisive
from agent.model import (
    Budget,
    Case,
    Chart,
    Check,
    Claim,
    Decision,
    Ending,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    Json,
    Mark,
    Reading,
    Series,
    Signal,
    SignalKind,
    Step,
    Triage,
    Window,
)

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
ONSET = NOW - timedelta(hours=2)


def series(metric: str, service: str, unit: str = "byte") -> Series:
    start = NOW - timedelta(hours=12)
    points = tuple(
        ((start + timedelta(minutes=10 * i)).timestamp(), 100.0 + (50.0 if i > 60 else 0.0))
        for i in range(72)
    )
    return Series(metric=metric, tags={"service": service}, unit=unit, points=points)


def step(number: int, *found: Series, changed: bool = True, **data: object) -> Step:
    change = {"at": ONSET.isoformat(), "before": 100.0, "after": 150.0, "ratio": 1.5}
    described = [{"metric": s.metric, "change": change if changed else None} for s in found]
    reading = Reading(
        source="datadog",
        query="q",
        observation="o",
        series=found,
        data={"series": described, **data},
    )
    return Step(number=number, round=0, check=Check(tool="t"), reading=reading, started_at=NOW)


def case(*steps: Step, cited: tuple[int, ...]) -> tuple[Case, Finding]:
    evidence = tuple(
        Evidence(number=n, step=n, statement=f"s{n}", weights={"H1": 5.0 - n}, read_at=NOW)
        for n in cited
    )
    finding = Finding(
        ending=Ending.CAUSE_FOUND,
        headline="h",
        entity="redis-reco",
        chain=tuple(Claim(text=f"s{n}", citations=(n,)) for n in cited),
    )
    signal = Signal(
        key="k", kind=SignalKind.ALERT, source="datadog", title="t", service="reco", occurred_at=NOW
    )
    investigation = Investigation(
        id=1,
        signal=signal,
        triage=Triage(decision=Decision.INVESTIGATE, reason=""),
        budget=Budget(),
        started_at=NOW,
    )
    cause = Hypothesis(id="H1", mode="cache_memory_pressure", statement="s", entity="redis-reco")
    whole = Case(
        investigation=investigation, now=NOW, steps=steps, evidence=evidence, hypotheses=(cause,)
    )
    return whole, finding


def test_what_the_chain_cites_and_what_changed_is_drawn_the_weightiest_first() -> None:
    whole, finding = case(
        step(1, series("latency", "reco")),
        step(2, series("cpu", "reco"), changed=False),
        step(3, series("redis.mem.used", "redis-reco")),
        step(4, series("not.cited", "reco")),
        cited=(3, 2, 1),
    )
    assert [c.step for c in decisive(whole, finding)] == [1, 3, 2]


def test_three_at_most_and_none_twice() -> None:
    steps = [step(i, series(f"m{i % 4}", "reco")) for i in range(1, 9)]
    whole, finding = case(*steps, cited=tuple(range(1, 9)))
    drawn = decisive(whole, finding)
    assert len(drawn) == 3
    assert len({c.title for c in drawn}) == 3


def test_no_time_series_no_chart() -> None:
    whole, finding = case(step(1), cited=(1,))
    assert decisive(whole, finding) == ()


def test_baseline_onset_and_limit_are_marked() -> None:
    used, limit = (
        series("redis.mem.used", "redis-reco"),
        series("redis.mem.maxmemory", "redis-reco"),
    )
    whole, finding = case(step(1, used), step(2, limit, changed=False), cited=(1,))
    (chart,) = decisive(whole, finding)
    assert chart.onset == ONSET
    assert chart.baseline == Window(start=NOW - timedelta(hours=12), end=ONSET)
    assert chart.limit == 150.0


def test_changes_of_what_is_at_fault_near_the_onset_are_marked() -> None:
    near, far = ONSET - timedelta(minutes=5), ONSET - timedelta(hours=6)
    rollouts: list[Json] = [
        {"workload": "redis-reco", "at": near.isoformat()},
        {"workload": "redis-reco", "at": far.isoformat()},
        {"workload": "checkout", "at": near.isoformat()},
    ]
    whole, finding = case(
        step(1, series("redis.mem.used", "redis-reco")), step(2, rollouts=rollouts), cited=(1,)
    )
    (chart,) = decisive(whole, finding)
    assert chart.changes == (Mark(at=near, label="rollout of redis-reco"),)


def test_the_picture_is_a_png_of_a_phones_width_and_always_the_same() -> None:
    from PIL import Image

    chart = Chart(
        step=1,
        title="redis.mem.used of redis-reco with $dollars_ and a very long name that does not fit",
        onset=ONSET,
        baseline=Window(start=NOW - timedelta(hours=12), end=ONSET),
        limit=200.0,
        changes=(Mark(at=ONSET, label="rollout $x_1"), Mark(at=NOW, label="\x00odd")),
    )
    first = render(chart, series("redis.mem.used", "redis-reco"))
    assert Image.open(io.BytesIO(first)).size == (1080, 560)
    assert render(chart, series("redis.mem.used", "redis-reco")) == first


def test_the_caption_says_what_is_seen() -> None:
    chart = Chart(
        step=1, title="m of reco", onset=ONSET, changes=(Mark(at=ONSET, label="rollout"),)
    )
    said = caption(chart, series("m", "reco"))
    assert said == "m of reco: last 150 B, before 100 B, changed at 01:00 UTC, rollout at 01:00"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (13_743_895_347, "byte", "12.8 GiB"),
        (0.24, "second", "240 ms"),
        (2.5, "seconds", "2.5 s"),
        (3100, "", "3.1k"),
        (95, "percent", "95 %"),
        (0, "byte", "0 B"),
    ],
)
def test_values_are_shown_as_people_read_them(value: float, unit: str, shown: str) -> None:
    assert readable(value, unit) == shown
