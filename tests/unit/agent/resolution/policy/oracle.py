"""What a policy allows, worked out by hand from what is written in it; shares no code with what decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from agent.model import Change, ChangeKind, Json, TrackRecord
from agent.resolution.policy import ACKNOWLEDGED, Policy, Rule
from agent.resolution.policy.bounds import Amount, Bounds
from agent.resolution.policy.windows import DAYS, ChangeWindow


def rule_for(policy: Policy, place: str, kind: ChangeKind) -> tuple[str, Rule | None]:
    """The environment whose rules hold at a place called so, and the rule."""
    name = policy.elsewhere
    for candidate, environment in policy.environments.items():
        wheres = [(w.environment, w.name) for w in environment.where] or [((candidate,), ())]
        if any(_fits(place, envs) and _fits("auth", names) for envs, names in wheres):
            name = candidate
            break
    if name not in policy.environments:
        return name, None
    for rule in policy.environments[name].rules:
        there = rule.where is None or (
            _fits(place, rule.where.environment) and _fits("auth", rule.where.name)
        )
        if kind in rule.kinds and there:
            return name, rule
    return name, None


def is_open(policy: Policy, name: str, rule: Rule, now: datetime, *, way_back: bool) -> bool:
    """Whether windows and freezes of the file let something be applied."""
    for freeze in policy.freezes:
        if freeze.begins <= now < freeze.ends and _fits(name, freeze.environments):
            return False
    if not rule.windows or way_back:
        return not rule.windows or any(w in policy.windows for w in rule.windows)
    return any(w in policy.windows and _open(policy.windows[w], now) for w in rule.windows)


def within(bounds: Bounds | None, change: Change, live: Json) -> bool:
    """Whether bounds hold against what is there."""
    if bounds is None:
        return True
    match change.kind:
        case ChangeKind.REPLICAS:
            return _within(bounds.replicas, change.arguments["replicas"], live["replicas"])
        case ChangeKind.IMAGE if bounds.image is not None and bounds.image.same_repository:
            wanted: str = change.arguments["image"]
            return wanted.split(":")[0] == str(live["image"]).split(":")[0]
        case ChangeKind.CONFIG_VALUE if bounds.config_value is not None:
            key = change.arguments["key"].lower()
            allowed = any(fnmatchcase(key, g.lower()) for g in bounds.config_value.allow)
            return allowed and not any(
                fnmatchcase(key, g.lower()) for g in bounds.config_value.deny
            )
    return True


def proven(
    rule: Rule, kind: ChangeKind, record: TrackRecord | None, before: frozenset[ChangeKind]
) -> bool:
    """Whether a change may go without asking, by its record."""
    auto = rule.auto_apply
    if auto is None or not (auto.approved_before or auto.min_successes or auto.min_lower_bound):
        return False
    if record is not None and record.withdrawn:
        return False
    successes = record.successes if record is not None else 0
    bound = record.lower_bound if record is not None else 0.0
    return (
        (not auto.approved_before or kind in before)
        and successes >= auto.min_successes
        and bound >= auto.min_lower_bound
    )


def may_act_unasked(policy: Policy, name: str, rule: Rule) -> bool:
    """Whether it is no production, or the rule has the words."""
    production = name in ("production", policy.elsewhere) or policy.environments[name].production
    return not production or rule.acknowledged == ACKNOWLEDGED


def _fits(name: str, globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatchcase(name, g) for g in globs)


def _within(amount: Amount | None, wanted: int, now: int) -> bool:
    if wanted < 1:
        return False
    if amount is None:
        return True
    return (
        (amount.at_most is None or wanted <= amount.at_most)
        and (amount.at_least is None or wanted >= amount.at_least)
        and (amount.at_most_times is None or wanted <= now * amount.at_most_times)
        and (amount.at_least_times is None or wanted >= now * amount.at_least_times)
    )


def _open(window: ChangeWindow, now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(window.time_zone))
    today, yesterday = DAYS[here.weekday()], DAYS[(here - timedelta(days=1)).weekday()]
    clock = f"{here:%H:%M}"
    for span in window.open:
        begin, end = span.hours.split("-")
        if begin < end:
            if today in span.days and begin <= clock < end:
                return True
        elif (today in span.days and clock >= begin) or (yesterday in span.days and clock < end):
            return True
    return False
