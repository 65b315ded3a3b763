"""What sampled traces through the subject show of what lies below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.model import Check, Json
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

SPANS_MINUTES = 60


@dataclass(frozen=True)
class Traced:
    """One reading of the traces through a service."""

    step: int
    service: str
    data: Json

    def below(self, service: str = "") -> tuple[str, ...]:
        """What it, or another service on the way, calls, directly or through others, the nearest first."""
        top = service or self.service
        found: dict[str, None] = {}
        level = [top]
        while level:
            called = [str(c["callee"]) for c in self.calls if c["caller"] in level]
            level = [s for s in dict.fromkeys(called) if s not in found and s != top]
            found |= dict.fromkeys(level)
        return tuple(found)

    @property
    def calls(self) -> list[Json]:
        """Who calls whom."""
        return self.data.get("calls") or []

    def calls_of(self, callee: str) -> list[Json]:
        """The calls of one service."""
        return [c for c in self.calls if c["callee"] == callee]

    def own_time(self) -> dict[str, float]:
        """Which share of the time of it and all below it each spends itself."""
        return self._shares(lambda o: float(o.get("self_total_seconds") or 0.0))

    def time_through(self, service: str) -> float:
        """Which share of that time is spent in a service and all below it."""
        each = self.own_time()
        return sum(each.get(s, 0.0) for s in {service, *self.below(service)})

    def own_errors(self) -> dict[str, float]:
        """Which share of the failures at it and below it begins in each."""
        return self._shares(failures_begun)

    def failures(self) -> float:
        """How many failures begin at it or below it."""
        return sum(failures_begun(o) for o in self._operations())

    def peers_of(self, caller: str) -> list[Json]:
        """Its calls of outside APIs."""
        return [p for p in self.data.get("peers") or [] if p["caller"] == caller]

    def _operations(self) -> list[Json]:
        near = {self.service, *self.below()}
        return [o for o in self.data.get("operations") or [] if o["service"] in near]

    def _shares(self, amount: Callable[[Json], float]) -> dict[str, float]:
        totals: dict[str, float] = {}
        for operation in self._operations():
            service = str(operation["service"])
            totals[service] = totals.get(service, 0.0) + amount(operation)
        whole = sum(totals.values())
        return {s: t / whole for s, t in totals.items()} if whole > 0 else {}


def traced(view: View) -> Traced | None:
    """The traces through the subject; None when they were not read or there are none."""
    return traces_of(view.subject.name, view)


def traces_of(service: str, view: View) -> Traced | None:
    """The traces through a service."""
    found = view.answer("datadog_spans", service=service)
    if found is None or not found.data.get("spans_read"):
        return None
    return Traced(found.step, service, found.data)


def traces_check(view: View) -> Iterator[Check]:
    """The check that reads the traces through the subject."""
    subject = view.subject
    yield spans_check(subject)


def spans_check(target: Target) -> Check:
    """The check that reads the traces through a service."""
    return Check(
        tool="datadog_spans",
        arguments={
            "service": target.name,
            "environment": target.environment,
            "minutes": SPANS_MINUTES,
        },
        reason="where requests spend their time",
    )


def failures_begun(operation: Json) -> float:
    """How many spans of an operation fail with nothing failing below them."""
    return float(operation.get("error_origin_ratio") or 0.0) * float(operation.get("count") or 0)
