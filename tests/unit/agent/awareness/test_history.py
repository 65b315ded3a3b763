"""How experience and people's words weigh: what they can do, and what they never can."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.awareness.history import (
    Happened,
    combination_of,
    is_loud,
    silenced,
    weight_of,
)
from agent.awareness.issues import Weight
from agent.awareness.load import coming_load
from agent.awareness.triage import Known, judged
from agent.model import AlertState, Decision, Entity
from agent.store.decisions import Experience
from tests.unit.agent.investigation.house import NOW, signal_on

ALERT = signal_on("auth", "Login failures on auth", fingerprint="datadog:1003:service:auth")
TIER_1 = Entity(name="auth", properties={"tier": 1}, environment="production")
TIER_3 = Entity(name="auth", properties={"tier": 3}, environment="production")
RANK = {Decision.QUIET: 0, Decision.WATCH: 1, Decision.INVESTIGATE: 2}

KINDS = st.sampled_from([k for k in Happened if k is not Happened.AGREED])
AGES = st.floats(0, 80)


def events(kind: Happened, count: int, days: float = 1.0, people: int = 1) -> list[Experience]:
    at = NOW - timedelta(days=days)
    return [
        Experience(f"{kind}:{n}:{days}", f"U{n % people}", "c", kind.value, at)
        for n in range(count)
    ]


def weighed(*experiences: list[Experience], seen: int = 0) -> Weight:
    return weight_of("c", seen, [e for some in experiences for e in some], NOW)


@st.composite
def histories(draw: st.DrawFn) -> list[Experience]:
    """Anything that can have happened but agreement."""
    drawn = draw(st.lists(st.tuples(KINDS, AGES, st.sampled_from("ABC")), max_size=40))
    return [
        Experience(f"s{n}", user, "c", kind.value, NOW - timedelta(days=days))
        for n, (kind, days, user) in enumerate(drawn)
    ]


def decision(weight: Weight, entity: Entity = TIER_3) -> Decision:
    return judged(ALERT, Known(entities=[entity], weight=weight)).decision


def test_what_recovers_by_itself_again_and_again_is_left_alone_with_the_evidence_in_words() -> None:
    weight = weighed(events(Happened.RECOVERED, 9), events(Happened.AGREED, 4), seen=9)
    triage = judged(ALERT, Known(entities=[TIER_3], weight=weight))
    assert triage.decision is Decision.QUIET
    assert triage.reason == ("Quiet: 9 of 9 like it recovered by themselves, you agreed 4 times.")


@pytest.mark.parametrize("recovered", range(5))
def test_too_little_evidence_changes_nothing(recovered: int) -> None:
    weight = weighed(events(Happened.RECOVERED, recovered), seen=recovered)
    assert decision(weight) is not Decision.QUIET


@given(histories(), AGES)
def test_one_click_never_makes_anything_quiet(history: list[Experience], days: float) -> None:
    click = events(Happened.AGREED, 1, days)
    before, after = weighed(history), weighed(history, click)
    if silenced(before, critical=False, now=NOW) is not Decision.QUIET and not is_loud(before, NOW):
        assert silenced(after, critical=False, now=NOW) is not Decision.QUIET


@given(histories(), st.integers(0, 50), st.integers(1, 6), AGES)
def test_a_critical_combination_is_never_quiet(
    history: list[Experience], clicks: int, people: int, days: float
) -> None:
    weight = weighed(history, events(Happened.AGREED, clicks, days, people))
    assert silenced(weight, critical=True, now=NOW) in (None, Decision.WATCH)


@given(histories(), st.integers(0, 50), AGES)
def test_no_single_person_has_a_critical_one_only_watched(
    history: list[Experience], clicks: int, days: float
) -> None:
    weight = weighed(history, events(Happened.AGREED, clicks, days, people=1))
    assert silenced(weight, critical=True, now=NOW) is None


@given(histories(), st.integers(0, 30), st.integers(1, 5), AGES)
def test_more_agreement_never_raises_attention(
    history: list[Experience], clicks: int, people: int, days: float
) -> None:
    some = events(Happened.AGREED, clicks, days, people)
    more = events(Happened.AGREED, clicks + 1, days, people)
    assert weighed(history, more).attention <= weighed(history, some).attention
    for entity in (TIER_1, TIER_3):
        after, before = (decision(weighed(history, e), entity) for e in (more, some))
        assert RANK[after] <= RANK[before]


@given(histories(), st.integers(0, 2), st.integers(0, 13))
def test_should_have_told_raises_attention_at_once(
    history: list[Experience], clicks: int, days: int
) -> None:
    agreed = events(Happened.AGREED, clicks, days / 2)
    before = weighed(history, agreed)
    told = [Experience("decision:9", "U9", "c", Happened.TOLD.value, NOW)]
    after = weighed(history, agreed, told)
    assert after.attention >= before.attention
    assert decision(after) is Decision.INVESTIGATE


def test_agreement_on_a_critical_one_expires_after_two_weeks() -> None:
    recovered = events(Happened.RECOVERED, 30)
    lately = weighed(recovered, events(Happened.AGREED, 4, days=13, people=2))
    long_ago = weighed(recovered, events(Happened.AGREED, 4, days=15, people=2))
    assert decision(lately, TIER_1) is Decision.WATCH
    assert decision(long_ago, TIER_1) is Decision.INVESTIGATE


def test_what_led_to_fixes_is_not_silenced() -> None:
    weight = weighed(events(Happened.RECOVERED, 6), events(Happened.FIXED, 7), seen=13)
    assert decision(weight) is Decision.INVESTIGATE


def test_old_experience_weighs_little() -> None:
    fresh, old = (weighed(events(Happened.RECOVERED, 8, d)).attention for d in (1, 80))
    assert fresh < 0.15 < old


def test_told_outweighs_little_impact_but_not_that_it_is_a_mere_warning() -> None:
    told = weighed(events(Happened.TOLD, 1))
    small = ALERT.model_copy(update={"environment": "development", "namespace": "development"})
    known = Known(entities=[TIER_3.model_copy(update={"environment": "development"})], weight=told)
    assert judged(small, known).decision is Decision.INVESTIGATE
    warning = small.model_copy(update={"state": AlertState.WARNING})
    assert judged(warning, known).decision is Decision.WATCH


def test_what_was_never_seen_is_said_to_be_new() -> None:
    triage = judged(ALERT, Known(entities=[TIER_1], weight=weighed()))
    assert triage.reason == "Investigated: auth is tier 1 in production, never seen before."


@pytest.mark.parametrize(
    ("fingerprint", "title", "rule"),
    [
        ("datadog:1003:host:web-1", "any", "1003"),
        ("alertmanager:highlatency:auth,production", "any", "highlatency"),
        ("grafana:a: b:auth", "any", "a: b"),
        ("", "Disk 91 % full on web-12", "disk # % full on web-#"),
    ],
)
def test_a_combination_is_of_the_rule_and_not_of_its_group(
    fingerprint: str, title: str, rule: str
) -> None:
    signal = ALERT.model_copy(update={"fingerprint": fingerprint, "title": title})
    assert combination_of(signal) == f"datadog|{rule}|auth|production"


def test_the_load_that_is_coming_raises_the_impact_and_is_said() -> None:
    profile = {str(h): 0.1 for h in range(24)} | {"7": 3.0}
    busy = Entity(
        name="auth", environment="production", properties={"tier": 3, "load_profile": profile}
    )
    load = coming_load([busy], NOW)
    assert load is not None
    triage = judged(ALERT, Known(entities=[busy], load=load))
    assert triage.impact > judged(ALERT, Known(entities=[busy])).impact
    assert "its load is 30 times as high at 07:00 UTC, in 4 h" in triage.reason


@given(st.dictionaries(st.text(max_size=3), st.none() | st.floats() | st.text(max_size=3)))
def test_any_profile_is_read_without_harm(profile: dict[str, object]) -> None:
    coming_load([Entity(name="x", properties={"load_profile": profile})], NOW)
