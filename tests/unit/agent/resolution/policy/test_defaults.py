"""The rules of the three environments, where no engineer wrote others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import ChangeKind
from agent.resolution.policy import Ruling, check, default_policy
from agent.resolution.policy.reading import default_text
from tests.unit.agent.resolution.policy.made import ALL, change, facts, plan_of, record

POLICY = default_policy()
RESTART = change(ChangeKind.RESTART)


def ruling(kind: ChangeKind, environment: str) -> Ruling:
    return POLICY.decide(facts(change(kind), environment, plan=None))


def test_the_packaged_file_has_nothing_wrong() -> None:
    assert check(default_text()) == ()


def test_development_applies_kinds_that_were_approved_there_before() -> None:
    assert not POLICY.decide(facts(RESTART, "development")).automatic
    before = POLICY.decide(facts(RESTART, "development", approved_before=frozenset({"restart"})))
    assert before.automatic
    assert "approved there before" in before.reason


def test_development_asks_again_once_automation_is_withdrawn() -> None:
    withdrawn = record(withdrawn="two failures in a row")
    asked = POLICY.decide(facts(RESTART, "development", approved_before=ALL, record=withdrawn))
    assert not asked.automatic
    assert "two failures in a row" in asked.why_asked


@pytest.mark.parametrize("kind", [ChangeKind.ROLLBACK, ChangeKind.RESTART, ChangeKind.IMAGE])
def test_staging_gets_only_limits_and_common_configuration_proposed(kind: ChangeKind) -> None:
    said = ruling(kind, "staging")
    assert not said.may_propose
    assert "does not let srebot propose" in said.reason


def test_staging_needs_a_team_lead() -> None:
    said = ruling(ChangeKind.RESOURCES, "staging")
    assert said.may_propose
    assert said.objection_to("U1", {"team-leads"}) == ""
    assert "team-leads may" in said.objection_to("U1", {"sre-approvers"})


def test_production_needs_an_authorised_engineer() -> None:
    said = ruling(ChangeKind.ROLLBACK, "production")
    assert said.objection_to("U1", {"sre-approvers"}) == ""
    assert said.objection_to("U0OUTSIDER", {"marketing"}) != ""


def test_the_settings_may_name_people_and_other_groups() -> None:
    policy = POLICY.with_approvers(production=["U0ENGINEER"])
    said = policy.decide(facts())
    assert said.objection_to("U0ENGINEER", frozenset()) == ""
    assert said.objection_to("U0OTHER", {"sre-approvers"}) != ""


def test_an_unknown_environment_is_as_strict_as_production() -> None:
    said = POLICY.decide(facts(RESTART, "prod-eu", approved_before=ALL, record=record()))
    assert not said.automatic
    assert said.environment == "prod-eu"
    assert said.approvers == {"sre-approvers"}


def test_the_version_changes_with_the_rules_and_only_with_them() -> None:
    assert default_policy().version == POLICY.version
    assert POLICY.with_approvers(production=["U1"]).version != POLICY.version


def test_memory_may_be_doubled_and_no_more() -> None:
    def said(gibibytes: int) -> Ruling:
        wanted = change(ChangeKind.RESOURCES, container="auth", memory_bytes=gibibytes * 2**30)
        now = plan_of(wanted, {"container": "auth", "memory_bytes": 16 * 2**30})
        return POLICY.decide(facts(wanted, plan=now))

    assert said(32).may_propose
    assert "33Gi is more than 2 times 16Gi" in said(33).reason


@given(
    kind=st.sampled_from(list(ChangeKind)),
    environment=st.sampled_from(["production", "", "prod", "eu-1", "Development", "staging"]),
    lower_bound=st.floats(0, 1),
    undoes=st.none() | st.sampled_from(list(ChangeKind)),
    worse=st.booleans(),
)
def test_nothing_but_development_ever_applies_without_asking(
    kind: ChangeKind, environment: str, lower_bound: float, undoes: ChangeKind | None, worse: bool
) -> None:
    best = record(kind=kind.value, successes=1000, lower_bound=lower_bound)
    given_ = facts(
        change(kind), environment, approved_before=ALL, record=best, undoes=undoes, worse=worse
    )
    assert not POLICY.decide(given_).automatic


@given(groups=st.frozensets(st.text(max_size=8)), kind=st.sampled_from(list(ChangeKind)))
def test_nobody_may_approve_by_an_empty_name_or_a_foreign_group(
    groups: frozenset[str], kind: ChangeKind
) -> None:
    said = ruling(kind, "production")
    assert said.objection_to("U0OUTSIDER", groups - {"sre-approvers", "team-leads"}) != ""
    assert said.objection_to("", {"sre-approvers"}) != ""
