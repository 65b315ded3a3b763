"""The rules of the three environments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Change, ChangeKind, Entity
from agent.resolution.policy import EnvironmentRules, Policy

POLICY = Policy()
ALL = frozenset(ChangeKind)


def change(kind: ChangeKind) -> Change:
    return Change(kind=kind, target=Entity(name="auth", kind="deployment", namespace="production"))


def test_development_applies_kinds_that_were_approved_there_before() -> None:
    restart = change(ChangeKind.RESTART)
    assert not POLICY.decide(restart, "development").automatic
    assert POLICY.decide(restart, "development", frozenset({ChangeKind.RESTART})).automatic


@pytest.mark.parametrize("kind", [ChangeKind.ROLLBACK, ChangeKind.RESTART])
def test_staging_does_not_get_rollbacks_and_restarts_proposed(kind: ChangeKind) -> None:
    verdict = POLICY.decide(change(kind), "staging")
    assert not verdict.may_propose
    assert "does not let srebot propose" in verdict.reason


def test_staging_needs_a_team_lead() -> None:
    resources = change(ChangeKind.RESOURCES)
    assert POLICY.decide(resources, "staging").may_propose
    assert POLICY.entitled("U1", frozenset({"team-leads"}), resources, "staging")
    assert not POLICY.entitled("U1", frozenset({"sre-approvers"}), resources, "staging")


def test_production_needs_an_authorised_engineer() -> None:
    rollback = change(ChangeKind.ROLLBACK)
    assert POLICY.entitled("U1", frozenset({"sre-approvers"}), rollback, "production")
    assert not POLICY.entitled("U0OUTSIDER", frozenset({"marketing"}), rollback, "production")


def test_a_person_can_be_named_instead_of_a_group() -> None:
    policy = POLICY.with_approvers(production=["U0ENGINEER"])
    assert policy.entitled("U0ENGINEER", frozenset(), change(ChangeKind.RESTART), "production")
    assert not policy.entitled("U0OTHER", frozenset(), change(ChangeKind.RESTART), "production")


def test_an_unknown_environment_is_as_strict_as_production() -> None:
    assert not POLICY.decide(change(ChangeKind.RESTART), "prod-eu", ALL).automatic
    assert POLICY.decide(change(ChangeKind.RESTART), "prod-eu").approvers == frozenset(
        {"sre-approvers"}
    )


def test_the_version_changes_with_the_rules_and_only_with_them() -> None:
    assert Policy().version == POLICY.version
    assert POLICY.with_approvers(production=["U1"]).version != POLICY.version


@given(
    kind=st.sampled_from(list(ChangeKind)),
    environment=st.sampled_from(["production", "", "prod", "eu-1"]),
    reckless=st.booleans(),
)
def test_production_never_applies_without_asking(
    kind: ChangeKind, environment: str, reckless: bool
) -> None:
    policy = Policy()
    if reckless:
        rules = EnvironmentRules(applies_approved_kinds=True)
        policy = Policy(environments={"production": rules})
    assert not policy.decide(change(kind), environment, ALL).automatic


@given(groups=st.frozensets(st.text(max_size=8)), kind=st.sampled_from(list(ChangeKind)))
def test_nobody_is_entitled_by_an_empty_name_or_a_foreign_group(
    groups: frozenset[str], kind: ChangeKind
) -> None:
    foreign = groups - {"sre-approvers", "team-leads"}
    assert not POLICY.entitled("U0OUTSIDER", foreign, change(kind), "production")
    assert not POLICY.entitled("", groups, change(kind), "production")
