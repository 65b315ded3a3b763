"""Failure modes of load: more traffic than there is room for, dependencies that are slow."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check
from agent.reasoning.modes.changes import replicas_fix
from agent.reasoning.modes.earlier import course_checks, course_of, hits_query
from agent.reasoning.modes.mode import FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.traces import traced
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, duration, plain, share, times

_SURGE, _ORDINARY = 1.7, 1.3
_SLOW = 1.5
_MOST_OF_THE_TIME = 0.5


def _traffic_checks(target: Target, view: View) -> Iterator[Check]:
    if target.flavour == SERVICE:
        yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")
        load = view.load_of(target)
        if load is not None and load.rise >= _ORDINARY:
            yield from course_checks(hits_query(target), "whether it is so every day")
    elif target.flavour == CACHE:
        yield target.metric("redis.net.commands", "whether more is asked of it", minutes=1440)


def _traffic_signs(target: Target, view: View) -> Iterator[Sign]:
    load = view.load_of(target)
    if load is None:
        return
    course = course_of(hits_query(target), view)
    if course is not None and load.rise >= _ORDINARY:
        level = f"{plain(course.compared.level)} a second against {plain(course.compared.usual)}"
        text = f"traffic of {target.name} is {times(course.ratio)} that of this time on other days, {level}"
        surges = course.ratio >= _SURGE
        weight = FAIR if surges else -STRONG if course.ratio < _ORDINARY else 0.0
        yield Sign(course.week.step, text, weight, also=(course.now.step,))
    if load.onset is not None and load.rise >= _SURGE:
        text = (
            f"traffic of {target.name} is {times(load.rise)} its baseline since {clock(load.onset)}"
        )
        early = load.onset <= view.symptom_onset
        yield Sign(load.step, text, STRONG if early else WEAK, onset=load.onset)
    elif load.rise < _ORDINARY:
        yield Sign(load.step, f"traffic of {target.name} has not risen", -STRONG)


def _dependency_checks(target: Target, view: View) -> Iterator[Check]:
    if target.flavour == SERVICE:
        yield target.metric("trace.http.request.duration", f"whether {target.name} is slow")
        yield target.metric("trace.http.request.errors", f"whether {target.name} fails", by="sum")
    elif target.flavour == DATABASE:
        yield target.metric("postgresql.queries.time", f"whether {target.name} is slow")
    elif target.flavour == CACHE:
        yield target.metric("redis.info.latency_ms", f"whether {target.name} is slow")
    elif target.flavour == QUEUE:
        yield target.metric("kubernetes.cpu.usage.total", f"whether {target.name} works harder")
    subject = view.subject
    yield Check(
        tool="datadog_spans",
        arguments={"service": subject.name, "environment": subject.environment, "minutes": 60},
        reason="where requests spend their time",
    )


def _dependency_signs(target: Target, view: View) -> Iterator[Sign]:
    latencies = (
        ("trace.http.request.duration", 1.0),
        ("postgresql.queries.time", 0.001),
        ("redis.info.latency_ms", 0.001),
    )
    for name, scale in latencies:
        metric = view.metric(name, target)
        if metric is None:
            continue
        if metric.onset is not None and metric.rise >= _SLOW:
            text = (
                f"{target.name} answers in {duration(metric.last * scale)}, {times(metric.rise)} its baseline,"
                f" since {clock(metric.onset)}"
            )
            yield Sign(metric.step, text, STRONG, onset=metric.onset)
            yield from _traced_signs(target, view, metric.step)
        elif metric.rise < _ORDINARY:
            yield Sign(metric.step, f"{target.name} answers as fast as ever", -STRONG)
    errors = view.metric("trace.http.request.errors", target)
    if errors is not None and errors.risen and errors.onset is not None:
        text = f"errors of {target.name} are {times(errors.rise)} their baseline since {clock(errors.onset)}"
        yield Sign(errors.step, text, FAIR)
    elif errors is not None and errors.rise < _ORDINARY:
        yield Sign(errors.step, f"{target.name} does not fail more than before", -FAIR)


def _traced_signs(target: Target, view: View, also: int) -> Iterator[Sign]:
    """Whether the subject's requests spend their time at it and below it."""
    found = traced(view)
    part = found.time_through(target.name) if found else 0.0
    if found and part >= _MOST_OF_THE_TIME:
        text = f"{share(part)} of the time of sampled requests through {view.subject.name} goes by in {target.name} and below it"
        yield Sign(found.step, text, FAIR, also=(also,))


def _scale(target: Target, view: View) -> Iterator[Change]:
    yield from replicas_fix(target, view)


TRAFFIC_SURGE = Mode(
    id="traffic_surge",
    short="a surge of traffic",
    words=frozenset({"surge", "campaign"}),
    statement="more traffic than {name} has room for",
    prior=-2.2,
    flavours=frozenset({SERVICE, CACHE}),
    checks=_traffic_checks,
    signs=_traffic_signs,
    fixes=_scale,
)
DEPENDENCY = Mode(
    id="dependency_latency_or_errors",
    short="a slow dependency",
    statement="{name}, which it depends on, is slow or fails",
    prior=-2.2,
    flavours=frozenset({SERVICE, DATABASE, CACHE, QUEUE}),
    checks=_dependency_checks,
    signs=_dependency_signs,
)
MODES = (TRAFFIC_SURGE,)
