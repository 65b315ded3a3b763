"""A proposal's identity and terms."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.errors import Refused
from agent.model import Change, ChangeKind, Entity
from agent.resolution.facts import environment_of, place_of
from agent.resolution.policy import Facts, default_policy
from agent.resolution.proposing import (
    proposal_id,
    proposal_of,
    refuse_unallowed,
)
from tests.unit.bot.slack import cases

JOB = Entity(name="backup", kind="cronjob", namespace="staging")


def test_a_workflow_that_runs_again_gives_its_proposals_the_same_ids() -> None:
    case = cases.case()
    assert proposal_id(case, "investigation-7", 1) == proposal_id(case, "investigation-7", 1)
    ids = {proposal_id(case, flow, n) for flow in ("investigation-7", "revert-1") for n in (1, 2)}
    assert len(ids) == 4


def test_the_environment_is_what_the_graph_knows_and_else_the_namespace() -> None:
    known = JOB.model_copy(update={"environment": "production"})
    assert environment_of(JOB, cases.case().model_copy(update={"entities": (known,)})) == (
        "production"
    )
    assert environment_of(JOB, cases.case().model_copy(update={"entities": ()})) == "staging"


def test_a_proposal_carries_the_policy_and_its_end() -> None:
    case, policy, plan = cases.case(), default_policy(), cases.proposal().plan
    change = Change(kind=ChangeKind.SUSPEND_JOB, target=JOB)
    facts = Facts(change=change, place=place_of(JOB, case), now=cases.NOW, plan=plan)
    ruling = policy.decide(facts)
    made = proposal_of(proposal_id(case, "w", 1), case, change, plan, ruling, cases.NOW, 60.0)
    assert made.policy_version == policy.version
    assert made.expires_at - made.created_at == timedelta(seconds=60)


def test_a_target_that_no_trusted_answer_shows_is_refused() -> None:
    change = Change(kind=ChangeKind.SUSPEND_JOB, target=JOB, provenance={"target": "step:99"})
    with pytest.raises(Refused, match="backup"):
        refuse_unallowed(change, cases.case(), default_policy())
