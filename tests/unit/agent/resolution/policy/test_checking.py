"""What is wrong in a policy is said in a sentence, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.resolution.policy import ACKNOWLEDGED, check

RIGHT = """\
environments:
  production:
    rules:
      - name: all
        kinds: all
        approvers: [approvers]
  staging:
    rules:
      - name: limits
        kinds: [resources]
        approvers: [leads]
"""


def said(text: str) -> list[str]:
    return [str(p) for p in check(text)]


def test_the_example_has_nothing_wrong() -> None:
    assert said(Path("deploy/policy.example.yaml").read_text(encoding="utf-8")) == []


def test_what_is_right_has_nothing_wrong() -> None:
    assert said(RIGHT) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kinds: [resources]", "kinds: [resource]", "line 10: Unknown kind 'resource'; the kinds"),
        ("approvers: [leads]", "approver: [leads]", "line 11: Unknown field"),
        ("approvers: [leads]", "approvers: []", "line 9: Nobody may approve what rule 'limits'"),
        ("approvers: [leads]", "approvers: ['@leads']", "line 11: '@leads' is no approver"),
        (
            "approvers: [leads]",
            "approvers: [U0123456]\n        approvals: 2",
            "line 12: Rule 'limits' needs 2 approvals and names 1 who may",
        ),
        (
            "kinds: [resources]",
            "kinds: [resources]\n        windows: [night]",
            "line 11: Unknown change window 'night'",
        ),
        (
            "kinds: [resources]",
            "kinds: [resources]\n        auto_apply: {}",
            "line 11: Rule 'limits' would apply anything without asking",
        ),
        (
            "kinds: [resources]",
            "kinds: [resources]\n        bounds: {replicas: {at_most: 3}}",
            "line 11: Rule 'limits' bounds replicas, which is none of its kinds",
        ),
        (
            "kinds: all\n",
            "kinds: all\n        auto_apply: {min_successes: 3}\n",
            "line 6: Rule 'all' acts without asking in production; write `acknowledged: I know",
        ),
        (
            "kinds: all\n",
            "kinds: all\n        on_worse: take_back\n        acknowledged: true\n",
            "acknowledged cannot be True",
        ),
        ("environments:", "elsewhere: qa\nenvironments:", "line 1: Unknown environment 'qa'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, says: str) -> None:
    assert old in RIGHT
    found = said(RIGHT.replace(old, new, 1))
    assert any(says in f for f in found), found


def test_production_may_act_unasked_where_the_rule_says_so_in_words() -> None:
    words = f"kinds: all\n        auto_apply: {{min_successes: 3}}\n        acknowledged: {ACKNOWLEDGED}\n"
    assert said(RIGHT.replace("kinds: all\n", words, 1)) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("", []),
        (
            "      - {name: last, kinds: [resources], approvers: [a]}\n",
            ["line 12: Rule 'last' is never reached: 'limits' above it decides on all its kinds."],
        ),
        ("      - {name: last, kinds: [resources, image], approvers: [a]}\n", []),
        (
            "      - {name: last, kinds: [resources], where: {name: x}, approvers: [a]}\n",
            ["line 12: Rule 'last' is never reached: 'limits' above it decides on all its kinds."],
        ),
        (
            "      - {name: limits, kinds: [image], approvers: [a]}\n",
            ["line 12: Two rules are called 'limits'."],
        ),
    ],
)
def test_a_rule_that_decides_on_nothing_is_said(more: str, says: list[str]) -> None:
    assert said(RIGHT + more) == says


def test_a_rule_for_some_places_does_not_hide_the_one_for_all() -> None:
    some = RIGHT.replace("kinds: [resources]", "kinds: [resources]\n        where: {name: 'a*'}")
    rest = "      - {name: rest, kinds: [resources], approvers: [a]}\n"
    within = "      - {name: within, kinds: [resources], where: {name: 'ab*'}, approvers: [a]}\n"
    assert said(some + rest) == []
    assert "'within' is never reached" in said(some + within)[0]


def test_an_environment_that_another_one_hides_is_said() -> None:
    hidden = RIGHT.replace("  production:\n", "  production:\n    where: [{environment: '*'}]\n")
    assert said(hidden) == [
        "line 8: Environment 'staging' is never reached: 'production' above it takes its places."
    ]


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ("{days: mon-wed, hours: '09:00-12:00'}, {days: wed, hours: '11:00-13:00'}", "wed 11:00"),
        ("{days: mon, hours: '22:00-04:00'}, {days: tue, hours: '03:00-05:00'}", "tue 03:00"),
        ("{days: sun, hours: '22:00-04:00'}, {days: mon, hours: '03:00-05:00'}", "mon 03:00"),
        ("{days: mon, hours: '09:00-12:00'}, {days: mon, hours: '12:00-13:00'}", ""),
        ("{days: someday}", "'someday' is no day"),
        ("{hours: '9-17'}", "no hours"),
        ("{hours: '09:00-09:00'}", "no time at all"),
        ("{hours: '25:00-26:00'}", "no hours"),
    ],
)
def test_windows_that_overlap_or_never_open_are_said(window: str, says: str) -> None:
    found = said(f"{RIGHT}windows:\n  day:\n    open: [{window}]\n")
    assert bool(found) is bool(says)
    assert says in "".join(found)


@pytest.mark.parametrize(
    ("freeze", "says"),
    [
        ("begins: 2026-01-01T00:00:00Z, ends: 2026-01-02T00:00:00Z, reason: x", ""),
        ("begins: 2026-01-01T00:00:00Z, ends: 2025-01-02T00:00:00Z, reason: x", "before it begins"),
        ("begins: 2026-01-01, ends: 2026-01-02, reason: x", "a time needs a time zone"),
        ("begins: 2026-01-01T00:00:00Z, ends: 2026-01-02T00:00:00Z", "reason is missing"),
        (
            "begins: 2026-01-01T00:00:00Z, ends: 2026-01-02T00:00:00Z, reason: x, environments: [qa]",
            "line 12: Unknown environment 'qa'; the file has production, staging.",
        ),
    ],
)
def test_a_freeze_that_never_holds_is_said(freeze: str, says: str) -> None:
    found = said(f"{RIGHT}freezes: [{{{freeze}}}]\n")
    assert bool(found) is bool(says)
    assert says in "".join(found)


def test_bounds_that_leave_no_room_and_zones_that_do_not_exist_are_said() -> None:
    assert "at_most is below at_least" in "".join(
        said(f"{RIGHT}bounds: {{replicas: {{at_most: 2, at_least: 3}}}}\n")
    )
    assert "no amount" in "".join(said(f"{RIGHT}bounds: {{replicas: {{at_most: many}}}}\n"))
    zone = f"{RIGHT}windows: {{day: {{time_zone: Europe/Nowhere, open: [{{days: mon}}]}}}}\n"
    assert "'Europe/Nowhere' is no time zone" in "".join(said(zone))
