"""What is explained is what is decided."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings

from agent.model import ChangeKind
from agent.resolution.policy import Facts, Policy
from agent.resolution.policy.explaining import explain
from agent.resolution.policy.reading import read
from tests.unit.agent.resolution.policy.made import change, facts, plan_of, record
from tests.unit.agent.resolution.policy.strategies import any_facts, policies

EXAMPLE = read(Path("deploy/policy.example.yaml").read_text(encoding="utf-8"))


def told(policy: Policy, given_: Facts, user: str = "") -> dict[str, str]:
    return dict(explain(policy, given_, EXAMPLE.lines, user=user)[1])


@settings(max_examples=40)
@given(policies, any_facts())
def test_an_explanation_agrees_with_the_decision(policy: Policy, given_: Facts) -> None:
    ruling, lines = explain(policy, given_, user="U1")
    said = dict(lines)
    assert ruling == policy.decide(given_)
    assert said["proposed"].startswith("yes" if ruling.may_propose else "no")
    assert ruling.reason in said["proposed"]
    assert ("none fits" in said["rule"]) is (ruling.rule == "")
    if not ruling.may_propose:
        return
    assert said["without asking"].startswith("yes" if ruling.automatic else "no")
    assert bool(ruling.why_asked) is not ruling.automatic
    assert said["applied"].startswith("now") is ruling.may_apply_now or "not now" in said["applied"]
    assert said["by U1"].startswith("yes") is (ruling.objection_to("U1", ()) == "")
    if given_.undoes is None:
        assert ("without asking" in said["if it gets worse"]) is ruling.takes_back


def test_it_names_the_rule_its_line_and_those_that_do_not_fit() -> None:
    assert EXAMPLE.policy is not None
    made = facts(change(ChangeKind.RESOURCES), "production")
    said = explain(EXAMPLE.policy, made, EXAMPLE.lines)[1]
    assert [t for label, t in said if label == "passed over"] == [
        "'payments are changed by hand' is for other places",
        "'more pods' is for other kinds",
        "'two pairs of eyes' is for other kinds",
    ]
    (rule,) = (t for label, t in said if label == "rule")
    name, _, line = rule.partition(" of production (line ")
    text = Path("deploy/policy.example.yaml").read_text(encoding="utf-8").splitlines()
    assert name.strip("'") in text[int(line.rstrip(")")) - 1]


def test_it_says_what_is_missing_for_going_without_asking() -> None:
    assert EXAMPLE.policy is not None
    scale = change(ChangeKind.REPLICAS, replicas=3)
    now = plan_of(scale, {"replicas": 2})
    little = record(kind="replicas", successes=7, lower_bound=0.6)
    said = told(EXAMPLE.policy, facts(scale, "production", record=little, plan=now))
    assert said["without asking"] == (
        "no. It went well 7 of the 20 times needed. "
        "Its record proves 60% of successes, 80% are needed."
    )
    assert said["record"].startswith("7 went well, 0 did not")


def test_it_says_who_may_and_why_somebody_may_not() -> None:
    assert EXAMPLE.policy is not None
    said = told(EXAMPLE.policy, facts(change(), "staging"), user="U9")
    assert "bounds" not in said
    said = told(EXAMPLE.policy, facts(change(ChangeKind.SUSPEND_JOB), "staging"), user="U9")
    assert said["approved by"] == "team-leads; one approval."
    assert said["by U9"].startswith("You may not decide on changes in staging; team-leads may.")
