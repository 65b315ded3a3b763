"""Nothing wrong, though something alerted or somebody asked: all is as on other days, or the monitor is at fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from agent.model import Check, SignalKind
from agent.reasoning.modes.earlier import (
    Course,
    connections_query,
    course_checks,
    course_of,
    errors_query,
    hits_query,
    latency_query,
    memory_query,
)
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import failing, pods_of
from agent.reasoning.modes.target import CACHE, DATABASE, DEFAULT_NAMESPACE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, duration, plain, share, size, times

_THRESHOLD = re.compile(r"([<>])=?\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$", re.IGNORECASE)
_TEST_ENVIRONMENTS = frozenset(
    {"development", "dev", "test", "testing", "qa", "uat", "staging", "stage", "preview", "sandbox"}
)
_LOAD_TEST = re.compile(r"load-?test|soak|stress|benchmark|\b(?:k6|locust|gatling|jmeter)\b")
_AS_EVER, _WORSE = 1.3, 1.6
_NEAR_THRESHOLD = 0.3
_MANY_CROSSINGS = 4
_MOST_OF_THE_WEEK = 0.8


class Indicator(NamedTuple):
    """What shows how a service fares."""

    what: str
    query: Callable[[Target], str]
    told: Callable[[float], str]
    is_bad_when_high: bool = True


_SERVICE = (
    Indicator("the share of failing requests", errors_query, share),
    Indicator("the time to answer", latency_query, duration),
    Indicator("traffic", hits_query, lambda v: f"{plain(v)} a second", is_bad_when_high=False),
)
_STORE = Indicator("the time to answer", latency_query, lambda v: f"{plain(v)} ms")
_INDICATORS = {
    SERVICE: _SERVICE,
    DATABASE: (_STORE, Indicator("the share of connections in use", connections_query, share)),
    CACHE: (_STORE, Indicator("memory in use", memory_query, size)),
}


def _indicators(target: Target) -> tuple[Indicator, ...]:
    return _INDICATORS.get(target.flavour, ())


def _course_checks(target: Target, where: str) -> Iterator[Check]:
    for indicator in _indicators(target):
        yield from course_checks(
            indicator.query(target), f"whether {target.name}{where} fares as on earlier days"
        )


def _course_signs(target: Target, view: View, where: str) -> Iterator[Sign]:
    for indicator in _indicators(target):
        course = course_of(indicator.query(target), view)
        if course is not None:
            yield from _course_sign(indicator, course, f"{target.name}{where}")


def _course_sign(indicator: Indicator, course: Course, name: str) -> Iterator[Sign]:
    compared = course.compared
    now, usual = indicator.told(compared.level), indicator.told(compared.usual)
    text = f"{indicator.what} of {name} is {now}; at this time of the {compared.days} days before it was {usual}"
    if indicator.is_bad_when_high and course.ratio >= _WORSE:
        yield Sign(course.now.step, text, -DECISIVE, also=course.steps, onset=course.now.onset)
    elif not indicator.is_bad_when_high and not 1 / _WORSE <= course.ratio <= _WORSE:
        yield Sign(course.now.step, text, -STRONG, also=course.steps, onset=course.now.onset)
    elif course.ratio <= _AS_EVER:
        weight = FAIR if indicator.is_bad_when_high else WEAK
        yield Sign(course.now.step, text, weight, also=course.steps)


def _asked_or_unmeasured(_: Target, view: View) -> bool:
    """Somebody asks, or what alerted is no monitor whose metric could be read."""
    return view.case.signal.kind is not SignalKind.ALERT or not (
        view.symptom_query or _in_test(view)
    )


def _health_checks(target: Target, view: View) -> Iterator[Check]:
    yield from _course_checks(target, "")


def _health_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _course_signs(target, view, "")
    yield from _pod_signs(target, view)
    found = view.answer("datadog_monitors", service=target.name)
    own = [m for m in found.data.get("monitors") or [] if _is_of(m, view)] if found else []
    loud = [m for m in own if m.get("state") in ("Alert", "Warn")]
    if found and loud:
        text = f'monitor "{loud[0]["name"]}" is in state {loud[0]["state"]}'
        yield Sign(found.step, text, -STRONG)
    elif found and own:
        yield Sign(found.step, f"no monitor of {target.name} alerts, of {len(own)}", WEAK)


def _is_of(monitor: dict[str, object], view: View) -> bool:
    return f"env:{view.environment}" in str(monitor.get("query"))


def _pod_signs(target: Target, view: View) -> Iterator[Sign]:
    found, ill = pods_of(target, view), failing(target, view)
    if found is None or not found[1]:
        return
    step, pods = found
    if ill:
        yield Sign(step, f"{len(ill)} of {len(pods)} pods of {target.name} fail", -DECISIVE)
    else:
        yield Sign(step, f"{len(pods)} of {len(pods)} pods of {target.name} are ready", WEAK)


def _measured_alert(_: Target, view: View) -> bool:
    return view.case.signal.kind is SignalKind.ALERT and bool(view.symptom_query)


def _threshold(view: View) -> tuple[bool, float] | None:
    """Whether the monitor alerts above (else below) a value, and that value."""
    matched = _THRESHOLD.search(str((view.monitor or {}).get("query") or ""))
    return (matched[1] == ">", float(matched[2])) if matched else None


def _symptom_checks(_: Target, view: View) -> Iterator[Check]:
    yield from course_checks(view.symptom_query, "whether it is any different on earlier days")


def _beyond(metric: Metric, above: bool, threshold: float) -> list[bool]:
    return [(value > threshold) is above and value != threshold for _, value in metric.points]


def _flapping_signs(_: Target, view: View) -> Iterator[Sign]:
    symptom, known = view.symptom, _threshold(view)
    if symptom is None or known is None or not symptom.points:
        return
    above, threshold = known
    beyond = _beyond(symptom, above, threshold)
    crossings = sum(1 for before, after in pairwise(beyond) if after > before)
    if symptom.onset is not None or crossings < _MANY_CROSSINGS:
        yield Sign(symptom.step, "what alerted does not swing about its threshold", -STRONG)
        return
    hours = f"{symptom.minutes / 60:g} h"
    text = f"what alerted went beyond its threshold of {plain(threshold)} and back again and again in {hours}"
    yield Sign(symptom.step, text, DECISIVE)
    if abs(symptom.baseline / threshold - 1.0) <= _NEAR_THRESHOLD:
        text = (
            f"its usual level of {plain(symptom.baseline)} lies close to that threshold; it swings"
            f" between {plain(symptom.minimum)} and {plain(symptom.maximum)}"
        )
        yield Sign(symptom.step, text, STRONG)


def _unfit_signs(_: Target, view: View) -> Iterator[Sign]:
    course, known = course_of(view.symptom_query, view), _threshold(view)
    if course is None or known is None or not course.week.points:
        return
    above, threshold = known
    beyond = _beyond(course.week, above, threshold)
    part = sum(beyond) / len(beyond)
    if part < _MOST_OF_THE_WEEK:
        text = f"what alerted was within its threshold of {plain(threshold)} on earlier days"
        yield Sign(course.week.step, text, -DECISIVE)
        return
    steady = 1 / _AS_EVER <= course.ratio <= _AS_EVER
    level = f"{plain(course.compared.level)} against a threshold of {plain(threshold)}"
    if not steady:
        text = f"what alerted is at {level}, and was at {plain(course.compared.usual)} at this time of earlier days"
        yield Sign(course.now.step, text, -STRONG, also=course.steps)
        return
    text = f"what alerted stands at {level}, as at this time of the {course.compared.days} days before: {plain(course.compared.usual)}"
    yield Sign(course.now.step, text, STRONG, also=course.steps)
    side = "above" if above else "below"
    text = f"it was {side} its threshold nearly all of the last 7 days, between {plain(course.week.minimum)} and {plain(course.week.maximum)}"
    yield Sign(course.week.step, text, DECISIVE)


def _threshold_advice(_: Target, view: View) -> Iterator[str]:
    known, monitor = _threshold(view), view.monitor
    if known is None or monitor is None:
        return
    yield (
        f'Look at the threshold of monitor "{monitor["name"]}": {plain(known[1])} does not tell trouble from'
        " an ordinary day (perhaps it is meant in another unit)"
    )


def _flapping_advice(_: Target, view: View) -> Iterator[str]:
    if (monitor := view.monitor) is not None:
        yield (
            f'Give monitor "{monitor["name"]}" a recovery threshold or a longer window, so that it does not swing'
        )


def _in_test(view: View) -> bool:
    return view.environment.lower() in _TEST_ENVIRONMENTS


def _alert_in_test(_: Target, view: View) -> bool:
    return view.case.signal.kind is SignalKind.ALERT and _in_test(view)


def _in_production(target: Target) -> Target:
    return target._replace(namespace=DEFAULT_NAMESPACE, environment=DEFAULT_NAMESPACE)


def _test_checks(target: Target, view: View) -> Iterator[Check]:
    yield from _course_checks(_in_production(target), f" in {DEFAULT_NAMESPACE}")


def _test_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _course_signs(_in_production(target), view, f" in {DEFAULT_NAMESPACE}")
    found = view.answer("kubernetes_jobs")
    for job in found.data.get("jobs") or [] if found else []:
        if found and not job.get("finished_at") and _LOAD_TEST.search(str(job["name"])):
            text = f"a load test runs in {view.environment}: Job {job['name']}"
            yield Sign(found.step, text, STRONG)
            break
    symptom = view.symptom
    if symptom is not None and symptom.onset is not None and symptom.rise >= _WORSE:
        text = (
            f"what alerted is of {view.environment} alone: {plain(symptom.last)}, {times(symptom.rise)} its baseline,"
            f" since {clock(symptom.onset)}"
        )
        yield Sign(symptom.step, text, WEAK)


HEALTHY = Mode(
    id="healthy",
    short="an ordinary day",
    statement="{name} fares as on other days",
    prior=-1.4,
    flavours=frozenset({SERVICE, CACHE, DATABASE}),
    checks=_health_checks,
    signs=_health_signs,
    arises=_asked_or_unmeasured,
)
FLAPPING = Mode(
    id="flapping_monitor",
    short="a monitor that flaps",
    statement="the monitor of {name} swings about its threshold, and the service is as ever",
    prior=-1.6,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_symptom_checks,
    signs=_flapping_signs,
    arises=_measured_alert,
    advice=_flapping_advice,
)
UNFIT_THRESHOLD = Mode(
    id="unfit_threshold",
    short="a threshold that does not fit",
    statement="the threshold of the monitor does not fit {name}, which is as on other days",
    prior=-1.8,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    checks=_symptom_checks,
    signs=_unfit_signs,
    arises=_measured_alert,
    advice=_threshold_advice,
)
TEST_ENVIRONMENT = Mode(
    id="test_environment",
    short="work in a test environment",
    statement="what alerts on {name} stays within a test environment, production is as on other days",
    prior=-0.2,
    flavours=frozenset({SERVICE, CACHE, DATABASE}),
    checks=_test_checks,
    signs=_test_signs,
    arises=_alert_in_test,
)
MODES = (HEALTHY, FLAPPING, UNFIT_THRESHOLD, TEST_ENVIRONMENT)
