"""Random policies, changes and facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from agent.model import Change, ChangeKind, TrackRecord
from agent.resolution.policy import (
    ACKNOWLEDGED,
    ON_CALL,
    AutoApply,
    Environment,
    Facts,
    OnWorse,
    Place,
    Policy,
    PullRequests,
    Rule,
    Where,
)
from agent.resolution.policy.bounds import (
    Amount,
    Bounds,
    ConfigBounds,
    ImageBounds,
    ResourceBounds,
)
from agent.resolution.policy.windows import ChangeWindow, Closed, PlannedFreeze, Span
from tests.unit.agent.resolution.policy.made import NOW, change, facts, plan_of

ENVIRONMENTS = ("production", "staging", "development")
PLACES = (*ENVIRONMENTS, "elsewhere", "")
PEOPLE = ("U1", "U2", "U3")
GROUPS = ("leads", "approvers", ON_CALL)
KINDS = (ChangeKind.REPLICAS, ChangeKind.RESTART, ChangeKind.IMAGE, ChangeKind.CONFIG_VALUE)
WINDOWS = ("early", "late")

kinds = st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple)
wheres = st.builds(
    Where,
    environment=st.lists(st.sampled_from([*PLACES[:4], "*", "s*", "prod*"]), max_size=2).map(tuple),
    name=st.sampled_from([("auth",), ("a*",), ("cart",)]),
)
amounts = st.builds(
    Amount,
    at_most_times=st.none() | st.sampled_from([1.0, 2.0]),
    at_least_times=st.none() | st.sampled_from([0.5, 1.0]),
    at_most=st.none() | st.sampled_from([4.0, 6.0]),
    at_least=st.none() | st.sampled_from([2.0, 3.0]),
)
bounds = st.builds(
    Bounds,
    resources=st.none() | st.builds(ResourceBounds, memory=st.none() | amounts),
    replicas=st.none() | amounts,
    image=st.none() | st.builds(ImageBounds, same_repository=st.booleans()),
    config_value=st.none()
    | st.builds(
        ConfigBounds,
        allow=st.sampled_from([("*",), ("LOG_*",)]),
        deny=st.sampled_from([(), ("*SECRET*",)]),
    ),
)
auto = st.builds(
    AutoApply,
    min_successes=st.sampled_from([0, 3]),
    min_lower_bound=st.sampled_from([0.0, 0.6]),
    approved_before=st.booleans(),
)
rules = st.builds(
    Rule,
    name=st.sampled_from(["one", "two", "three"]),
    kinds=kinds,
    where=st.none() | wheres,
    propose=st.integers(0, 5).map(bool),
    approvers=st.lists(st.sampled_from([*PEOPLE, *GROUPS]), max_size=3, unique=True).map(tuple),
    approvals=st.sampled_from([1, 1, 2]),
    four_eyes=st.booleans(),
    windows=st.lists(st.sampled_from([*WINDOWS, "unknown"]), max_size=1).map(tuple),
    pull_request=st.sampled_from([*PullRequests, PullRequests.ALLOWED]),
    bounds=st.none() | bounds,
    auto_apply=st.none() | auto,
    on_worse=st.sampled_from(OnWorse),
    acknowledged=st.sampled_from(["", ACKNOWLEDGED, "yes"]),
)
environments = st.builds(
    Environment,
    where=st.lists(wheres, max_size=1).map(tuple),
    production=st.none() | st.booleans(),
    rules=st.lists(rules, max_size=3).map(tuple),
)
spans = st.builds(
    Span,
    days=st.sampled_from([("mon",), ("wed", "thu"), ("sat", "sun")]),
    hours=st.sampled_from(["09:00-17:00", "22:00-04:00", "00:00-24:00"]),
)
windows = st.builds(
    ChangeWindow,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    open=st.lists(spans, min_size=1, max_size=2).map(tuple),
    outside=st.sampled_from(Closed),
)


@st.composite
def freezes(draw: st.DrawFn) -> PlannedFreeze:
    """One around the present."""
    begins = NOW + timedelta(hours=draw(st.integers(-48, 48)))
    return PlannedFreeze(
        begins=begins,
        ends=begins + timedelta(hours=draw(st.integers(1, 72))),
        reason=draw(st.sampled_from(["audit", "nobody: is here", "'quoted' #not a comment"])),
        environments=draw(st.sampled_from([("*",), ("production",), ("s*", "development")])),
        applying=draw(st.sampled_from(Closed)),
    )


policies = st.builds(
    Policy,
    elsewhere=st.sampled_from([*ENVIRONMENTS, "nowhere"]),
    environments=st.permutations(ENVIRONMENTS).flatmap(
        lambda names: st.tuples(*[environments] * len(names)).map(
            lambda made: dict(zip(names, made, strict=True))
        )
    ),
    windows=st.fixed_dictionaries(dict.fromkeys(WINDOWS, windows)),
    freezes=st.lists(freezes(), max_size=1).map(tuple),
    bounds=st.none() | bounds,
)


def _often(usual: object, *seldom: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 4 + list(seldom))


busy_rules = st.builds(
    Rule,
    name=st.sampled_from(["one", "two", "three"]),
    kinds=_often(KINDS, KINDS[:2], KINDS[1:]),
    where=st.one_of(st.none(), st.none(), wheres),
    propose=_often(True, False),
    approvers=_often(GROUPS, ("U1",), ("leads",), ("approvers", ON_CALL)),
    approvals=st.sampled_from([1, 1, 2]),
    four_eyes=st.booleans(),
    windows=_often((), WINDOWS[:1], WINDOWS, ("unknown",)),
    pull_request=_often(PullRequests.ALLOWED, *PullRequests),
    bounds=st.none() | bounds,
    auto_apply=_often(AutoApply(min_successes=3), None, None, AutoApply(approved_before=True))
    | auto,
    on_worse=st.sampled_from(OnWorse),
    acknowledged=_often(ACKNOWLEDGED, ""),
)
last_rules = busy_rules.map(
    lambda r: r.model_copy(update={"name": "last", "kinds": KINDS, "where": None, "propose": True})
)
busy_environments = st.builds(
    Environment,
    where=st.one_of(st.just(()), st.just(()), wheres.map(lambda w: (w,))),
    production=st.none() | st.booleans(),
    rules=st.tuples(st.lists(busy_rules, max_size=1).map(tuple), last_rules).map(
        lambda r: (*r[0], r[1])
    ),
)
busy_policies = st.builds(
    Policy,
    elsewhere=st.sampled_from(ENVIRONMENTS),
    environments=st.fixed_dictionaries(dict.fromkeys(ENVIRONMENTS, busy_environments)),
    windows=st.fixed_dictionaries(dict.fromkeys(WINDOWS, windows)),
    freezes=st.one_of(st.just(()), st.just(()), freezes().map(lambda f: (f,))),
    bounds=st.one_of(st.none(), st.none(), bounds),
)
"""Policies under which much is applied."""


def wanted(kind: ChangeKind, number: int = 4) -> Change:
    """A change of a kind, with a number where it has one."""
    match kind:
        case ChangeKind.REPLICAS:
            return change(kind, replicas=number)
        case ChangeKind.IMAGE:
            return change(kind, image=f"{'registry/auth' if number % 2 else 'evil/auth'}:{number}")
        case ChangeKind.CONFIG_VALUE:
            return change(kind, key=("LOG_LEVEL", "A_SECRET")[number % 2], value="x")
    return change(kind)


sound_changes = st.builds(wanted, st.sampled_from(KINDS), st.sampled_from([1, 3, 3, 4, 9]))
changes = st.builds(wanted, st.sampled_from(KINDS), st.integers(-1, 9))
records = st.builds(
    TrackRecord,
    service=st.just("auth"),
    kind=st.sampled_from([k.value for k in KINDS]),
    environment=st.sampled_from(ENVIRONMENTS),
    successes=st.integers(0, 5),
    lower_bound=st.sampled_from([0.0, 0.5, 0.7]),
    withdrawn=st.sampled_from(["", "", "two failures"]),
)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Facts on a planned or not yet planned change."""
    made = draw(changes)
    now = {"replicas": draw(st.sampled_from([1, 2, 4])), "image": "registry/auth:1"}
    environment = draw(st.sampled_from(PLACES))
    return facts(
        made,
        environment,
        place=Place(environment=environment, namespace=environment, name="auth"),
        plan=draw(st.none() | st.just(plan_of(made, now))),
        now=NOW + timedelta(minutes=draw(st.integers(-10_000, 10_000))),
        record=draw(st.none() | records),
        approved_before=draw(st.frozensets(st.sampled_from(KINDS))),
        frozen=draw(st.sampled_from(["", "", "an outage"])),
        requesters=draw(st.frozensets(st.sampled_from(PEOPLE), max_size=1)),
        undoes=draw(st.none() | st.sampled_from(KINDS)),
        worse=draw(st.booleans()),
    )
