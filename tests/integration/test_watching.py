"""After a change: what is watched and for how long is settled before, and what is said holds against what else moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from agent.investigation.loop import Investigator
from agent.model import ChangeKind, Check, Outcome, Plan, Proposal, Reading, Series, Step
from agent.reasoning.rules import Rules
from agent.resolution.carrying_out import CarryingOut, Result
from agent.resolution.policy import Policy
from agent.resolution.policy.rules import ACKNOWLEDGED
from agent.store.repository import Store
from agent.tools import Registry, tool
from tests.integration.fake_house import (
    ENGINEER,
    LEAD,
    NOW,
    Crash,
    FakeFixer,
    FakeWorkflow,
    Hands,
    Outside,
    change,
    investigated,
    outside,
)

QUERY = "avg:trace.http.request.duration{service:redis,env:production}"
STILL = {"cart": 0.2, "search": 0.3, "a": 1.1, "b": 0.9, "c": 1.0}
SICK, WELL = 3.0, 0.5
Course = Callable[[float], float]


def constant(value: float) -> Course:
    return lambda _: value


def turning(before: float, after: float, at: float = 0.0) -> Course:
    return lambda seconds: after if seconds > at else before


@dataclass
class Telemetry:
    """Latencies by service, as functions of the seconds since the change; on earlier days they are still."""

    clock: Hands
    courses: dict[str, Course] = field(default_factory=dict)
    changed_at: float = float("inf")
    asked: list[str] = field(default_factory=list)

    def at(self, service: str, moment: float) -> float:
        since = moment - self.changed_at
        return self.courses[service](since if since > -80_000 else float("-inf"))

    @tool("datadog")
    async def datadog_metrics(self, query: str, minutes: float = 60) -> Reading:
        """Metrics."""
        self.asked.append(query)
        found = tuple(self._series(query, minutes)) if "duration" in query else ()
        described = [{"metric": s.metric, "last": s.points[-1][1]} for s in found]
        return Reading(
            source="datadog",
            query=query,
            observation="",
            series=found,
            data={"series": described},
        )

    def _series(self, query: str, minutes: float) -> Iterator[Series]:
        now, step = self.clock.now().timestamp(), 600.0 if "rollup" in query else 20.0
        count = int(minutes * 60 / step)
        for name in self.courses:
            if "by {service}" in query or f"service:{name}," in query:
                moments = [now - step * i for i in range(count, -1, -1)]
                points = tuple((at, self.at(name, at)) for at in moments)
                yield Series(metric="duration", tags={"service": name}, unit="s", points=points)

    @tool("datadog")
    async def datadog_monitors(self, service: str = "") -> Reading:
        """The monitor."""
        return monitor("Alert" if self.at("redis", self.clock.now().timestamp()) > 1 else "OK")


def monitor(state: str) -> Reading:
    query = f"avg(last_1m):{QUERY} > 1"
    found = [{"id": 7, "name": "Redis is slow", "state": state, "query": query}]
    return Reading(source="datadog", query="m", observation="", data={"monitors": found})


@dataclass
class Changing(FakeFixer):
    """A cluster whose first change takes effect in the telemetry."""

    telemetry: Telemetry | None = None

    async def apply(self, proposal: Proposal) -> str:
        assert self.telemetry is not None
        self.telemetry.changed_at = min(
            self.telemetry.changed_at, self.telemetry.clock.now().timestamp()
        )
        return await super().apply(proposal)

    async def plan(self, change_: object) -> Plan:
        planned = await super().plan(change_)  # type: ignore[arg-type]
        return planned.model_copy(update={"way_back": change(ChangeKind.RESUME_JOB)})


@dataclass
class Scene:
    world: Outside
    telemetry: Telemetry

    async def carried(self, flow: FakeWorkflow | None = None, user: str = ENGINEER) -> Result:
        approve = partial(self.world.decided, user, approved=True)
        flow = flow or self.world.workflow(approve)
        return await CarryingOut(self.world.house, flow, 1).first_of([change()])

    async def outcome(self) -> Outcome:
        result = await self.carried()
        assert result.outcome is not None
        return result.outcome

    def turn(self, **courses: Course) -> None:
        self.telemetry.courses |= courses


@pytest.fixture
async def scene(store: Store) -> Scene:
    await investigated(store)
    called = {"calls": [], "called_by": ["cart", "search"]}
    jobs = {"jobs": [], "cron_jobs": [{"name": "backup", "targets": ["redis.production"]}]}
    seen = [
        ("datadog_monitors", {}, monitor("Alert").data),
        ("datadog_dependencies", {"service": "redis"}, called),
        ("kubernetes_jobs", {}, jobs),
    ]
    for number, (name, arguments, data) in enumerate(seen, 3):
        reading = Reading(source="x", query="", observation="", data=data)
        check = Check(tool=name, arguments=arguments)
        step = Step(number=number, round=1, check=check, reading=reading, started_at=NOW)
        await store.cases.save_step(1, step)
    world = outside(store, watch_seconds=600, watch_hold_seconds=60, watch_interval_seconds=20)
    telemetry = Telemetry(world.clock)
    telemetry.courses = {"redis": turning(SICK, WELL)}
    telemetry.courses |= {name: constant(level) for name, level in STILL.items()}
    fixer, rules = Changing(telemetry=telemetry), Rules()
    investigator = Investigator(
        Registry([telemetry]), rules, rules, store.cases, store.memory, world.notifier, world.clock
    )
    house = replace(world.house, investigator=investigator, fixer=fixer)
    return Scene(replace(world, house=house, fixer=fixer), telemetry)


async def test_what_would_be_success_is_written_down_before_and_bound(scene: Scene) -> None:
    await scene.carried()
    (proposal,) = await scene.world.store.proposals.of(1)
    written = proposal.expectation
    assert written is not None
    assert written.criterion == (
        "monitor “Redis is slow” is OK and trace.http.request.duration of redis is back below 1 "
        "(now 3) for 60 s, with cart and search no worse."
    )
    assert 300 <= written.horizon_seconds <= 600
    other = written.model_copy(update={"criterion": "nothing at all"})
    assert proposal.model_copy(update={"expectation": other}).digest != proposal.digest


async def test_a_recovery_that_nothing_else_shows_is_said_so_and_drawn(scene: Scene) -> None:
    outcome = await scene.outcome()
    assert outcome.status.value == "recovered"
    assert outcome.statement.endswith(
        "Neither of these shows the like: 3 siblings and 7 earlier days."
    )
    (compared,) = outcome.against
    assert compared.low is not None
    assert compared.low > WELL
    assert compared.alike == ()
    (drawn,) = scene.world.notifier.lines("outcome-charts-")
    assert "change applied at 03:00" in drawn
    assert "expected without it" in drawn
    assert await scene.world.store.outcomes.of(outcome.proposal) == outcome


async def test_a_recovery_that_siblings_share_is_not_the_change_s(scene: Scene) -> None:
    shared = SICK - WELL
    scene.turn(**{n: turning(STILL[n] + shared, STILL[n]) for n in ("a", "b", "c")})
    outcome = await scene.outcome()
    assert outcome.status.value == "recovered"
    assert "But siblings recovered as well" in outcome.statement
    assert not any(word in outcome.statement for word in ("fixed", "caused", "thanks to"))


async def test_siblings_that_recover_in_part_are_named(scene: Scene) -> None:
    scene.turn(**{n: turning(STILL[n] + 1.5, STILL[n]) for n in ("a", "b", "c")})
    outcome = await scene.outcome()
    assert "Siblings recovered too, if less." in outcome.statement


async def test_a_short_lull_is_no_recovery(scene: Scene) -> None:
    scene.turn(redis=lambda s: WELL if 0 < s < 50 else SICK)
    outcome = await scene.outcome()
    assert outcome.status.value == "unchanged"
    (proposal,) = await scene.world.store.proposals.of(1)
    assert proposal.expectation is not None
    assert outcome.watched_seconds >= proposal.expectation.horizon_seconds


async def test_a_recovery_ends_the_watch_once_it_has_lasted(scene: Scene) -> None:
    outcome = await scene.outcome()
    assert 60 <= outcome.watched_seconds < 200


async def test_a_neighbour_that_suffers_makes_it_worse_and_people_are_offered_the_way_back(
    scene: Scene,
) -> None:
    scene.turn(cart=turning(0.2, 2.0))
    outcome = await scene.outcome()
    assert outcome.status.value == "worse"
    assert "latency of cart got worse" in outcome.statement
    assert "takes_back" not in await scene.world.actions()
    assert len(scene.world.fixer.applied) == 1


def taking_back() -> Policy:
    return Policy.model_validate(
        {
            "environments": {
                "production": {
                    "rules": [
                        {
                            "name": "jobs",
                            "kinds": ["suspend_job", "resume_job"],
                            "approvers": ["sre-approvers"],
                            "on_worse": "take_back",
                            "acknowledged": ACKNOWLEDGED,
                        }
                    ],
                }
            }
        }
    )


async def test_where_an_engineer_wrote_it_the_change_is_taken_back_audited(scene: Scene) -> None:
    scene.world = replace(scene.world, house=replace(scene.world.house, policy=taking_back()))
    scene.turn(cart=turning(0.2, 2.0))
    result = await scene.carried()
    assert result.outcome is not None
    assert result.outcome.status.value == "worse"
    kinds = [p.change.kind for p in scene.world.fixer.applied.values()]
    assert kinds == [ChangeKind.SUSPEND_JOB, ChangeKind.RESUME_JOB]
    (said,) = scene.world.notifier.lines("takes-back-")
    assert said.startswith("It got worse, so I take this back as the policy lets me (jobs)")
    actions = await scene.world.actions()
    assert actions.index("seen_worse") < actions.index("takes_back")
    assert "approved_by_policy" in actions


async def test_what_got_worse_everywhere_is_left_to_people(scene: Scene) -> None:
    scene.world = replace(scene.world, house=replace(scene.world.house, policy=taking_back()))
    scene.turn(**{n: turning(v, v + 2.0) for n, v in STILL.items()}, redis=turning(SICK, SICK))
    outcome = await scene.outcome()
    assert outcome.status.value == "worse"
    assert "But siblings got worse as well" in outcome.statement
    assert len(scene.world.fixer.applied) == 1


@pytest.mark.parametrize("dies_at", range(6, 16, 2))
async def test_whenever_the_process_dies_the_outcome_is_told_once(
    scene: Scene, dies_at: int
) -> None:
    approve = partial(scene.world.decided, ENGINEER, approved=True)
    flow = scene.world.workflow(approve, crash_at=dies_at)
    with pytest.raises(Crash):
        await scene.carried(flow)
    result = await scene.carried(flow.again())
    assert result.outcome is not None
    assert result.outcome.status.value == "recovered"
    assert len(scene.world.fixer.applied) == 1
    assert scene.world.notifier.lines("outcome-") != []
    assert LEAD not in str(scene.world.notifier.said)
