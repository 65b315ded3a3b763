"""Something below the subject is slow or fails by itself: the deepest one that traces show, not those that wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.model import Check
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import CACHE, DATABASE, ERROR_RATIO, QUEUE, SERVICE, Target
from agent.reasoning.modes.traces import Traced, traced, traces_check
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, duration, plain, share, times

_NOTABLE, _MOST = 0.2, 0.4
"""Shares of the time or of the failures from which a service is looked at, and from which it stands out."""
_MOST_CANDIDATES = 3
_SLOW, _AS_EVER = 1.5, 1.3
_PASSED = 1.25
"""What alerted against its baseline, up to which it has passed."""
_FEW_FAILURES = 3.0
_LATENCIES = {
    SERVICE: (("trace.http.request.duration", 1.0),),
    DATABASE: (("postgresql.queries.time", 0.001), ("trace.opensearch.query.duration", 1.0)),
    CACHE: (("redis.info.latency_ms", 0.001),),
    QUEUE: (("trace.amqp.command.duration", 1.0),),
}
"""What tells how long each sort of thing takes to answer, with its unit in seconds."""


def _standing_out(view: View, shares: Callable[[Traced], dict[str, float]]) -> Iterator[Target]:
    """What lies below the subject and has a notable share, the largest first."""
    found = traced(view)
    if found is None:
        return
    below, each = set(found.below()), shares(found)
    notable = sorted((s for s in below if each.get(s, 0.0) >= _NOTABLE), key=lambda s: -each[s])
    yield from (view.target(s) for s in notable[:_MOST_CANDIDATES])


def _slow_places(view: View) -> Iterator[Target]:
    yield from _standing_out(view, Traced.own_time)


def _failing_places(view: View) -> Iterator[Target]:
    found = traced(view)
    if found is not None and found.failures() >= _FEW_FAILURES:
        yield from _standing_out(view, Traced.own_errors)


def _latency_checks(target: Target, view: View) -> Iterator[Check]:
    yield from traces_check(view)
    for name, _ in _LATENCIES.get(target.flavour, ()):
        yield target.metric(name, f"whether {target.name} is slow")
    if any(m.risen for m, _ in _latencies(target, view)):
        query = f"service:{target.name} env:{target.environment} status:(error OR warn)"
        yield Check(
            tool="datadog_logs",
            arguments={"query": query, "minutes": 60},
            reason=f"what {target.name} complains of",
        )


def _latencies(target: Target, view: View) -> Iterator[tuple[Metric, float]]:
    for name, scale in _LATENCIES.get(target.flavour, ()):
        if (metric := view.metric(name, target)) is not None:
            yield metric, scale


def _over(view: View) -> Iterator[Sign]:
    """Whether what alerted has passed meanwhile: what was slow then explains nothing that stands."""
    before, now = view.symptom, view.symptom_now
    if before is None or now is None or now.minutes >= before.minutes or before.baseline <= 0:
        return
    if now.last <= _PASSED * before.baseline:
        levels = f"{plain(now.last)} against {plain(before.baseline)}"
        text = f"nothing that is slow below {view.subject.name} is felt any more: what alerted is at {levels}"
        yield Sign(now.step, text, -DECISIVE - 1.0, also=(before.step,))


def _latency_signs(target: Target, view: View) -> Iterator[Sign]:
    found, over = traced(view), tuple(_over(view))
    yield from over
    if found is None or over:
        return
    part = found.own_time().get(target.name, 0.0)
    text = f"{share(part)} of the time of sampled requests through {view.subject.name} goes by in {target.name} itself"
    yield Sign(found.step, text, _weight_of(part))
    for metric, scale in _latencies(target, view):
        if metric.onset is not None and metric.rise >= _SLOW:
            slow = (
                f"{target.name} takes {duration(metric.last * scale)} to answer, {times(metric.rise)} its baseline,"
                f" since {clock(metric.onset)}"
            )
            yield Sign(metric.step, slow, STRONG, onset=metric.onset)
            yield from _logged(target, view, metric.step)
        elif metric.rise < _AS_EVER:
            yield Sign(metric.step, f"{target.name} answers as fast as ever", -DECISIVE)


def _weight_of(part: float) -> float:
    if part < _NOTABLE:
        return -STRONG
    return STRONG if part >= _MOST else WEAK


def _error_checks(target: Target, view: View) -> Iterator[Check]:
    yield from traces_check(view)
    for service in _felt_by(target, view):
        yield service.error_ratio(f"whether {service.name} fails")
    query = f"service:{target.name} env:{target.environment} status:error"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason=f"with what {target.name} fails",
    )


def _felt_by(target: Target, view: View) -> Iterator[Target]:
    """Whose errors show it: its own, and those of what calls it, the subject aside."""
    found = traced(view)
    callers = [str(c["caller"]) for c in found.calls_of(target.name)] if found else []
    near = {*(found.below() if found else ())} - {view.subject.name}
    named = (target, *(view.target(c) for c in callers if c in near))
    yield from (t for t in named if t.flavour == SERVICE)


def _error_signs(target: Target, view: View) -> Iterator[Sign]:
    found = traced(view)
    if found is None:
        return
    part, failures = found.own_errors().get(target.name, 0.0), found.failures()
    if failures < _FEW_FAILURES:
        yield Sign(found.step, f"hardly a sampled request through {view.subject.name} fails", -FAIR)
        return
    text = f"{share(part)} of the failures in sampled requests through {view.subject.name} begin in {target.name}"
    yield Sign(found.step, text, DECISIVE if part >= 0.6 else STRONG if part >= _MOST else -FAIR)


def _logged(target: Target, view: View, also: int) -> Iterator[Sign]:
    """The commonest complaint that it logs."""
    for found in view.answers("datadog_logs"):
        own = [
            t
            for t in found.data.get("templates") or []
            if t.get("service") == target.name and t.get("level") in ("error", "warn")
        ]
        if own:
            most = max(own, key=lambda t: int(t["count"]))
            quoted = " ".join(str(most["example"]).replace('"', "'").split())[:160]
            text = f'{target.name} logs {count(float(most["count"]))} times: "{quoted}"'
            yield Sign(found.step, text, FAIR, also=(also,))
            return


def _failure_signs(target: Target, view: View) -> Iterator[Sign]:
    signs = tuple(_error_signs(target, view))
    yield from signs
    if any(s.weight > 0 for s in signs):
        yield from _logged(target, view, signs[0].step)
        yield from _risen(target, view, signs[0].step)


def _risen(target: Target, view: View, also: int) -> Iterator[Sign]:
    """The errors of whoever fails most of those that show it."""
    metrics = [(t, view.metric(ERROR_RATIO, t)) for t in _felt_by(target, view)]
    risen = [(t, m) for t, m in metrics if m is not None and m.risen and m.onset]
    if not risen:
        return
    service, metric = max(risen, key=lambda each: each[1].last)
    who = service.name if service == target else f"{service.name}, which calls {target.name},"
    since = clock(metric.onset) if metric.onset else ""
    text = f"{who} fails {share(metric.last)} of its requests since {since}, before {share(metric.baseline)}"
    yield Sign(metric.step, text, FAIR, also=(also,), onset=metric.onset)


def _advice(target: Target, view: View) -> Iterator[str]:
    yield (
        f"Look at {target.name}: {view.subject.name} only waits for it, and so does whatever lies between them"
    )


_ANY = frozenset({SERVICE, DATABASE, CACHE, QUEUE})
LATENCY = Mode(
    id="dependency_latency",
    short="a slow dependency",
    words=frozenset({"slow", "latency"}),
    statement="{name}, which it depends on, is slow by itself",
    prior=-1.8,
    flavours=_ANY,
    checks=_latency_checks,
    signs=_latency_signs,
    advice=_advice,
    elsewhere=_slow_places,
    refines=frozenset({"dependency_latency_or_errors"}),
)
ERRORS = Mode(
    id="dependency_errors",
    short="a failing dependency",
    words=frozenset({"errors"}),
    statement="{name}, which it depends on, fails by itself",
    prior=-1.4,
    flavours=_ANY,
    checks=_error_checks,
    signs=_failure_signs,
    advice=_advice,
    elsewhere=_failing_places,
    refines=frozenset({"dependency_latency_or_errors"}),
)
MODES = (LATENCY, ERRORS)
