"""Finds what is wrong in a policy that can be read: what nobody may approve, what is never reached, what is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from agent.errors import SrebotError
from agent.resolution.policy.policy import Policy
from agent.resolution.policy.reading import Lines, Problem, read, text_of
from agent.resolution.policy.rules import ACKNOWLEDGED, ON_CALL, Environment, Rule
from agent.resolution.policy.windows import DAYS, ChangeWindow

_USER = re.compile(r"[UW][A-Z0-9]{6,}")
_HANDLE = re.compile(r"[a-z0-9._-]{1,80}|[UW][A-Za-z0-9_-]+")
_WEEK_MINUTES = 7 * 1440


def check(text: str) -> tuple[Problem, ...]:
    """Everything that is wrong in a policy file, by line; never raises, whatever the text is."""
    policy, problems, lines = read(text)
    if policy is None:
        return tuple(sorted(problems))
    return tuple(sorted(dict.fromkeys(_wrong(policy, lines))))


def loaded(path: Path) -> Policy:
    """The policy of a file.

    Raises:
        SrebotError: it cannot be read, or something in it is wrong; nothing is guessed.
    """
    text = text_of(path)
    problems = check(text)
    policy = read(text).policy
    if problems or policy is None:
        raise SrebotError(
            f"The policy file {path} is wrong: {'; '.join(map(str, problems))} "
            f"(`srebot policy check {path}` says so line by line)"
        )
    return policy


def _wrong(policy: Policy, lines: Lines) -> Iterator[Problem]:
    known = ", ".join(policy.environments)
    if policy.elsewhere not in policy.environments:
        text = f"Unknown environment {policy.elsewhere!r}; the file has {known}."
        yield Problem(lines.of("elsewhere"), text)
    for name, window in policy.windows.items():
        yield from _overlaps(name, window, lines)
    for place, freeze in enumerate(policy.freezes):
        for glob in freeze.environments:
            one = freeze.model_copy(update={"environments": (glob,)})
            if not any(one.concerns(e) for e in policy.environments):
                line = lines.of("freezes", place, "environments")
                yield Problem(line, f"Unknown environment {glob!r}; the file has {known}.")
    yield from _hidden_environments(policy, lines)
    for name, environment in policy.environments.items():
        at = ("environments", name, "rules")
        yield from _hidden_rules(environment, at, lines)
        for place, rule in enumerate(environment.rules):
            acts = rule.acts_unasked and policy.needs_words(name)
            yield from _of_rule(rule, policy, (*at, place), lines, needs_words=acts)


def _of_rule(
    rule: Rule, policy: Policy, at: tuple[str | int, ...], lines: Lines, *, needs_words: bool
) -> Iterator[Problem]:
    for window in rule.windows:
        if window not in policy.windows:
            known = ", ".join(policy.windows) or "none"
            text = f"Unknown change window {window!r}; the file has {known}."
            yield Problem(lines.of(*at, "windows"), text)
    if needs_words and rule.acknowledged != ACKNOWLEDGED:
        field = "auto_apply" if rule.auto_apply is not None else "on_worse"
        yield Problem(
            lines.of(*at, field),
            f"Rule {rule.name!r} acts without asking in production; "
            f"write `acknowledged: {ACKNOWLEDGED}` under it, or take {field} away.",
        )
    if rule.auto_apply is not None and rule.auto_apply.asks_nothing:
        text = (
            f"Rule {rule.name!r} would apply anything without asking; "
            "auto_apply needs min_successes, min_lower_bound or approved_before."
        )
        yield Problem(lines.of(*at, "auto_apply"), text)
    if rule.propose:
        yield from _of_approvers(rule, at, lines)
    yield from _idle_bounds(rule, at, lines)


def _of_approvers(rule: Rule, at: tuple[str | int, ...], lines: Lines) -> Iterator[Problem]:
    if not rule.approvers:
        text = f"Nobody may approve what rule {rule.name!r} lets be proposed; name approvers."
        yield Problem(lines.of(*at), text)
        return
    for approver in rule.approvers:
        if approver != ON_CALL and not _HANDLE.fullmatch(approver):
            text = (
                f"{approver!r} is no approver; write a user group's handle without @, "
                f"a user's id, or {ON_CALL}."
            )
            yield Problem(lines.of(*at, "approvers"), text)
    people = set(rule.approvers)
    if all(_USER.fullmatch(p) for p in people) and len(people) < rule.approvals:
        text = (
            f"Rule {rule.name!r} needs {rule.approvals} approvals and names {len(people)} who may."
        )
        yield Problem(lines.of(*at, "approvals"), text)


def _idle_bounds(rule: Rule, at: tuple[str | int, ...], lines: Lines) -> Iterator[Problem]:
    if rule.bounds is None:
        return
    idle = rule.bounds.model_fields_set - {k.value for k in rule.kinds}
    for kind in sorted(idle):
        text = f"Rule {rule.name!r} bounds {kind}, which is none of its kinds."
        yield Problem(lines.of(*at, "bounds", kind), text)


def _hidden_rules(
    environment: Environment, at: tuple[str | int, ...], lines: Lines
) -> Iterator[Problem]:
    """Rules that decide on nothing, since those above take all their kinds; and names that two have."""
    names: set[str] = set()
    for place, rule in enumerate(environment.rules):
        above = [r for r in environment.rules[:place] if _takes_place_of(r, rule)]
        takers = {k: r.name for r in reversed(above) for k in r.kinds}
        if all(k in takers for k in rule.kinds):
            who = " and ".join(repr(n) for n in dict.fromkeys(takers[k] for k in rule.kinds))
            text = f"Rule {rule.name!r} is never reached: {who} above it decides on all its kinds."
            yield Problem(lines.of(*at, place), text)
        if rule.name in names:
            yield Problem(lines.of(*at, place, "name"), f"Two rules are called {rule.name!r}.")
        names.add(rule.name)


def _takes_place_of(above: Rule, rule: Rule) -> bool:
    if above.where is None:
        return True
    return rule.where is not None and above.where.covers(rule.where)


def _hidden_environments(policy: Policy, lines: Lines) -> Iterator[Problem]:
    seen: list[tuple[str, Environment]] = []
    for name, environment in policy.environments.items():
        hiding = [
            other
            for other, above in seen
            if all(any(a.covers(w) for a in above.places(other)) for w in environment.places(name))
        ]
        if hiding and name != policy.elsewhere:
            text = (
                f"Environment {name!r} is never reached: {hiding[0]!r} above it takes its places."
            )
            yield Problem(lines.of("environments", name), text)
        seen.append((name, environment))


def _overlaps(name: str, window: ChangeWindow, lines: Lines) -> Iterator[Problem]:
    """Spans of one window that are open at the same time: of one of them the hours are wrong."""
    at = lines.of("windows", name, "open")
    spans = sorted(
        (begin, end, place) for place, s in enumerate(window.open) for begin, end in s.minutes()
    )
    if not spans:
        return
    first = spans[0]
    around: Sequence[tuple[int, int, int]] = [
        *spans,
        (first[0] + _WEEK_MINUTES, first[1] + _WEEK_MINUTES, first[2]),
    ]
    for (_, end, _), (begin, _, _) in pairwise(around):
        if begin < end:
            day, minute = DAYS[begin // 1440 % 7], begin % 1440
            when = f"{day} {minute // 60:02d}:{minute % 60:02d}"
            yield Problem(at, f"Two spans of window {name!r} overlap from {when}; merge them.")
            return
