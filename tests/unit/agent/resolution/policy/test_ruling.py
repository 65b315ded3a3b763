"""What a ruling says: who, how many, when, and what goes without asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.model import ChangeKind, Json, Via
from agent.resolution.policy import ACKNOWLEDGED, ON_CALL, Place, Policy, PullRequests
from tests.unit.agent.resolution.policy.made import NOW, change, facts, plan_of, policy, record

NIGHT: Json = {"windows": {"night": {"open": [{"days": "wed", "hours": "22:00-23:00"}]}}}
PROVEN = {"min_successes": 3, "min_lower_bound": 0.5}


class TestWhere:
    """Which environment's rules hold."""

    POLICY = Policy.model_validate(
        {
            "environments": {
                "production": {
                    "where": [{"namespace": "prod-*", "cluster": "eu"}, {"labels": {"tier": "1"}}],
                    "rules": [{"name": "ask", "kinds": "all", "approvers": ["sre"]}],
                },
                "development": {
                    "where": [{"namespace": "dev-*"}],
                    "rules": [{"name": "dev", "kinds": ["restart"], "approvers": ["dev"]}],
                },
            }
        }
    )

    @pytest.mark.parametrize(
        ("place", "environment", "rule"),
        [
            (Place(namespace="prod-a", cluster="eu"), "production", "ask"),
            (Place(namespace="dev-a"), "development", "dev"),
            (Place(namespace="dev-a", labels={"tier": "1"}), "production", "ask"),
            (Place(namespace="prod-a", cluster="us"), "prod-a", "ask"),
            (Place(environment="qa", namespace="qa-1"), "qa", "ask"),
            (Place(environment="development", namespace="x"), "production", "ask"),
            (Place(), "production", "ask"),
        ],
    )
    def test_the_first_environment_whose_places_fit_holds(
        self, place: Place, environment: str, rule: str
    ) -> None:
        said = self.POLICY.decide(facts(place=place))
        assert (said.environment, said.rule) == (environment, rule)

    def test_what_no_rule_names_may_not_be_done(self) -> None:
        said = self.POLICY.decide(facts(change(ChangeKind.CORDON), place=Place(namespace="dev-a")))
        assert not said.may_propose
        assert "no rule names it there" in said.reason

    def test_where_the_strictest_is_missing_nothing_may_be_done(self) -> None:
        lax = policy({}, elsewhere="nowhere")
        assert lax.decide(facts(change(), "staging")).may_propose
        assert not lax.decide(facts(change(), "qa")).may_propose


class TestWho:
    """Who may approve."""

    def test_whoever_is_on_call_may_where_the_rule_says_so(self) -> None:
        said = policy({"approvers": [ON_CALL]}).decide(facts(change(), "staging"))
        assert said.objection_to("U1", {ON_CALL}) == ""
        assert "whoever is on call may" in said.objection_to("U1", set())

    def test_under_four_eyes_who_asked_may_reject_and_not_approve(self) -> None:
        eyes = policy({"approvers": ["U1", "U2"], "four_eyes": True})
        said = eyes.decide(facts(change(), "staging", requesters=frozenset({"U1"})))
        assert "four eyes" in said.objection_to("U1", ())
        assert said.objection_to("U1", (), approving=False) == ""
        assert said.objection_to("U2", ()) == ""

    def test_each_person_counts_once_and_who_asked_not_at_all(self) -> None:
        eyes = policy({"approvals": 2, "four_eyes": True})
        said = eyes.decide(facts(change(), "staging", requesters=frozenset({"U1"})))
        assert said.still_needed([]) == 2
        assert said.still_needed(["U2", "U2", "", "U1"]) == 1
        assert said.still_needed(["U2", "U3", "U4"]) == 0


class TestWhen:
    """When an approved change may be applied."""

    def test_outside_its_window_it_is_proposed_and_waits(self) -> None:
        said = policy({"windows": ["night"]}, **NIGHT).decide(facts(change(), "staging"))
        assert said.may_propose
        assert not said.may_apply_now
        assert said.waits
        assert said.next_at == NOW + timedelta(hours=10)
        assert "from 2026-11-25 22:00 UTC" in said.reason

    def test_a_way_back_does_not_wait_for_a_window(self) -> None:
        back = facts(change(), "staging", undoes=ChangeKind.RESTART)
        assert policy({"windows": ["night"]}, **NIGHT).decide(back).may_apply_now

    def test_an_unknown_window_never_opens(self) -> None:
        said = policy({"windows": ["night"]}).decide(facts(change(), "staging"))
        assert (said.may_apply_now, said.next_at, said.waits) == (False, None, False)

    @pytest.mark.parametrize("undoes", [None, ChangeKind.RESTART])
    def test_a_stop_by_people_forbids_all_applying_and_no_proposing(
        self, undoes: ChangeKind | None
    ) -> None:
        stopped = facts(change(), "staging", frozen="an outage", undoes=undoes)
        said = policy({"auto_apply": {"approved_before": True}}).decide(stopped)
        assert said.may_propose
        assert not said.may_apply_now
        assert not said.automatic
        assert "an outage" in said.reason


class TestWithoutAsking:
    """Only where an engineer wrote it, and with a record."""

    def automatic(self, rule: Json, environment: str = "staging", **changes: object) -> bool:
        made = policy(rule, environment)
        if environment == "production":
            made = Policy.model_validate(
                {"environments": {"production": {"rules": [{"name": "a", "kinds": "all", **rule}]}}}
            )
        return made.decide(facts(change(), environment, **changes)).automatic

    def test_a_record_that_is_good_enough_lets_it_go(self) -> None:
        assert self.automatic({"auto_apply": PROVEN}, record=record())

    @pytest.mark.parametrize(
        "changes",
        [
            {"record": None},
            {"record": record(successes=2)},
            {"record": record(lower_bound=0.4)},
            {"record": record(lower_bound=float("nan"))},
            {"record": record(withdrawn="two failures in a row")},
            {"record": record(kind="rollback")},
            {"record": record(), "plan": plan_of(change(), via=Via.PULL_REQUEST)},
        ],
    )
    def test_any_other_asks(self, changes: Json) -> None:
        rule = {"auto_apply": PROVEN, "pull_request": "never"}
        assert not self.automatic(rule, **changes)

    def test_without_the_rule_the_best_record_asks(self) -> None:
        assert not self.automatic({}, record=record())

    def test_a_rule_that_asks_for_nothing_lets_nothing_go(self) -> None:
        assert not self.automatic({"auto_apply": {}}, record=record())

    def test_production_goes_unasked_only_by_these_very_words(self) -> None:
        rule = {"auto_apply": PROVEN}
        for words, automatic in (("", False), ("yes", False), (ACKNOWLEDGED, True)):
            acknowledged = {**rule, "acknowledged": words}
            assert self.automatic(acknowledged, "production", record=record()) is automatic

    def test_a_way_back_goes_unasked_only_when_things_got_worse_and_the_rule_says_so(self) -> None:
        for on_worse, worse in (("ask", True), ("take_back", False), ("take_back", True)):
            rule = {"on_worse": on_worse, "auto_apply": {"approved_before": True}}
            gone = self.automatic(
                rule,
                undoes=ChangeKind.RESTART,
                worse=worse,
                approved_before=frozenset(ChangeKind),
            )
            assert gone is (on_worse == "take_back" and worse)

    def test_a_way_back_stands_under_the_rule_of_what_it_takes_back(self) -> None:
        only = policy({"kinds": ["restart"], "on_worse": "take_back"})
        rollback = facts(change(ChangeKind.ROLLBACK), "staging")
        assert not only.decide(rollback).may_propose
        back = facts(change(ChangeKind.ROLLBACK), "staging", undoes=ChangeKind.RESTART)
        assert only.decide(back).may_propose
        assert only.decide(facts(change(), "staging")).takes_back


@pytest.mark.parametrize(
    ("written", "via", "allowed"),
    [
        ("allowed", Via.CLUSTER, True),
        ("allowed", Via.PULL_REQUEST, True),
        ("required", Via.CLUSTER, False),
        ("required", Via.PULL_REQUEST, True),
        ("never", Via.CLUSTER, True),
        ("never", Via.PULL_REQUEST, False),
    ],
)
def test_the_way_that_a_change_takes_is_the_rules(written: str, via: Via, allowed: bool) -> None:
    said = policy({"pull_request": written}).decide(
        facts(change(), "staging", plan=plan_of(change(), via=via))
    )
    assert said.may_propose is allowed
    assert said.via_pull_request is PullRequests(written)
