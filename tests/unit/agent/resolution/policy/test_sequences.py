"""No sequence of inputs applies a change that the policy does not allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agent.model import Change, ChangeKind, Freeze, OutcomeStatus, ProposalStatus, TrackRecord
from agent.resolution.policy import ON_CALL, OnWorse, Policy, default_policy
from tests.unit.agent.resolution.policy import oracle
from tests.unit.agent.resolution.policy.made import change, policy
from tests.unit.agent.resolution.policy.stages import Company, Write
from tests.unit.agent.resolution.policy.strategies import (
    ENVIRONMENTS,
    GROUPS,
    KINDS,
    PEOPLE,
    busy_policies,
    changes,
    records,
    sound_changes,
)

_STRANGER = "U0STRANGER"
_PLACES = (*ENVIRONMENTS, "elsewhere")


def at(made: Change, environment: str) -> Change:
    """The change, somewhere."""
    target = made.target.model_copy(update={"namespace": environment})
    return made.model_copy(update={"target": target})


@dataclass(frozen=True)
class Turn:
    """Something else that happens; what is None does not."""

    policy: int | None = None
    """Which of the company's policies holds from now on."""
    minutes: int = 0
    frozen: bool | None = None
    record: TrackRecord | None = None
    groups: tuple[str, frozenset[str]] | None = None
    on_call: frozenset[str] | None = None
    written: tuple[str, int] | None = None
    """Somebody else sets an environment's replicas."""

    def happens(self, company: Company, policies: Sequence[Policy] = ()) -> None:
        """Let it happen."""
        if self.policy is not None:
            company.policy = policies[self.policy % len(policies)]
        company.now += timedelta(minutes=self.minutes)
        if self.frozen is not None:
            freeze = Freeze(by="U2", reason="an outage", since=company.now)
            company.freeze = freeze if self.frozen else None
        if self.record is not None:
            company.records[self.record.kind, self.record.environment] = self.record
        if self.groups is not None:
            company.groups[self.groups[0]] = self.groups[1]
        company.on_call = company.on_call if self.on_call is None else self.on_call
        if self.written is not None:
            there = company.there(self.written[0])
            there["replicas"], there["version"] = self.written[1], there["version"] + 1


_people = st.sampled_from(PEOPLE)
_askers = st.sampled_from(["", "", *PEOPLE])
_events = st.one_of(
    st.builds(Turn, minutes=st.integers(1, 300)),
    st.builds(Turn, minutes=st.integers(300, 3000)),
    st.builds(Turn, record=records),
    st.builds(Turn, frozen=st.booleans()),
    st.builds(Turn, groups=st.tuples(_people, st.frozensets(st.sampled_from(GROUPS[:2])))),
    st.builds(Turn, on_call=st.frozensets(_people)),
    st.builds(Turn, written=st.tuples(st.sampled_from(_PLACES), st.integers(1, 5))),
    st.builds(Turn, policy=st.integers(0, 2)),
)
_nothing = st.just(Turn())
turns = st.one_of(_nothing, _nothing, _nothing, _events)
_everybody = [(user, True) for user in PEOPLE]
_somebody = st.lists(
    st.tuples(st.sampled_from([*PEOPLE, _STRANGER, ""]), st.sampled_from([True, True, False])),
    max_size=4,
)
_clicks: st.SearchStrategy[list[tuple[str, bool]]] = st.one_of(
    st.just(_everybody), st.just(_everybody), st.just([]), _somebody
)
_withdrawn = st.sampled_from(["", *ENVIRONMENTS])
_places = st.sampled_from(_PLACES)


class Sequences(RuleBasedStateMachine):
    """People, clocks, clusters and policies do what they like; each write is judged by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.company = Company(default_policy())
        self.kind_of: dict[UUID, ChangeKind] = {}
        self.policies: list[Policy] = []

    @initialize(made=st.lists(busy_policies, min_size=1, max_size=3), withdrawn=_withdrawn)
    def begin(self, made: list[Policy], withdrawn: str) -> None:
        self.policies = made
        self.company.policy = made[0]
        self.company.groups = {
            "U1": frozenset({"leads"}),
            "U2": frozenset({"approvers"}),
            "U3": frozenset({"leads", "approvers"}),
        }
        self.company.on_call = frozenset({"U2"})
        for kind, place in product(KINDS, (*ENVIRONMENTS, "elsewhere")):
            self.company.records[kind.value, place] = TrackRecord(
                service="auth",
                kind=kind.value,
                environment=place,
                successes=5,
                lower_bound=0.7,
                withdrawn="two failures" if place == withdrawn else "",
            )

    @rule(turn=_events)
    def something_happens(self, turn: Turn) -> None:
        turn.happens(self.company, self.policies)

    @rule(
        made=sound_changes | changes,
        place=_places,
        asked_by=_askers,
        early=turns,
        clicks=_clicks,
        late=turns,
    )
    def a_change_on_its_way(
        self,
        made: Change,
        place: str,
        asked_by: str,
        early: Turn,
        clicks: list[tuple[str, bool]],
        late: Turn,
    ) -> None:
        self.carry(at(made, place), None, asked_by, early, clicks, late)

    @precondition(lambda self: self.applied())
    @rule(
        data=st.data(),
        seen=st.sampled_from([OutcomeStatus.WORSE, OutcomeStatus.UNCHANGED]),
        asked_by=_askers,
        early=turns,
        clicks=_clicks,
        late=turns,
    )
    def a_way_back(
        self,
        data: st.DataObject,
        seen: OutcomeStatus,
        asked_by: str,
        early: Turn,
        clicks: list[tuple[str, bool]],
        late: Turn,
    ) -> None:
        proposal = data.draw(st.sampled_from(self.applied()))
        back = self.company.proposals[proposal].plan.way_back
        assert back is not None
        self.company.see(proposal, seen)
        self.carry(back, proposal, asked_by, early, clicks, late)

    @precondition(lambda self: self.company.proposals)
    @rule(data=st.data(), clicks=_clicks)
    def an_old_proposal_is_decided_and_tried_again(
        self, data: st.DataObject, clicks: list[tuple[str, bool]]
    ) -> None:
        proposal = data.draw(st.sampled_from(list(self.company.proposals)))
        for user, approved in clicks:
            self.company.click(proposal, user, approved=approved)
        self.judge(self.company.apply(proposal))

    def carry(
        self,
        made: Change,
        reverts: UUID | None,
        asked_by: str,
        early: Turn,
        clicks: list[tuple[str, bool]],
        late: Turn,
    ) -> None:
        """Through the stages, with something else happening between them."""
        self.company.freeze = None
        proposal = self.company.propose(made, reverts, asked_by)
        if proposal is None:
            return
        early.happens(self.company, self.policies)
        for user, approved in clicks:
            self.company.click(proposal, user, approved=approved)
        late.happens(self.company, self.policies)
        self.judge(self.company.apply(proposal))
        self.judge(self.company.apply(proposal))

    def applied(self) -> list[UUID]:
        """What was applied."""
        known = self.company.proposals.values()
        return [p.id for p in known if p.status is ProposalStatus.APPLIED]

    def judge(self, write: Write | None) -> None:
        """A write is what the policy of this very moment allows, by a hand that knows nothing of the code."""
        if write is None:
            return
        company, proposal = self.company, write.proposal
        kind = proposal.change.kind if proposal.reverts is None else self.kind_of[proposal.reverts]
        self.kind_of[proposal.id] = kind
        policy_, place = company.policy, proposal.change.target.namespace
        name, found = oracle.rule_for(policy_, place, kind)
        assert found is not None
        assert found.propose
        assert company.freeze is None
        way_back = proposal.reverts is not None
        assert oracle.is_open(policy_, name, found, company.now, way_back=way_back)
        assert proposal.policy_version == policy_.version
        if not way_back:
            for bounds in (policy_.bounds, found.bounds):
                assert oracle.within(bounds, proposal.change, write.live)
        assert found.pull_request.value != "required"
        assert not any(not c.approved for c in write.clicks)
        if not write.clicks:
            self.judge_unasked(write, name, found.name)
            return
        approvers = {c.user for c in write.clicks if c.names & set(found.approvers)}
        if found.four_eyes:
            approvers -= {proposal.requested_by}
        assert len(approvers) >= found.approvals

    def judge_unasked(self, write: Write, name: str, rule_name: str) -> None:
        """Nobody was asked, and nobody had to be."""
        company, proposal = self.company, write.proposal
        found = next(
            r
            for r in company.policy.environments[name].rules
            if r.name == rule_name and self.kind_of[proposal.id] in r.kinds
        )
        assert oracle.may_act_unasked(company.policy, name, found)
        if proposal.reverts is not None:
            assert found.on_worse is OnWorse.TAKE_BACK
            assert company.was_worse(proposal.reverts)
            return
        record = company.records.get((proposal.change.kind.value, proposal.environment))
        before = frozenset(
            p.change.kind
            for p in company.proposals.values()
            if p.environment == proposal.environment and company.clicks.get(p.id)
        )
        assert oracle.proven(found, proposal.change.kind, record, before)


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_what_is_allowed_is_applied() -> None:
    """The machine above is not quiet because nothing ever happens."""
    company = Company(policy({"approvers": ["leads"], "approvals": 2, "four_eyes": True}))
    company.groups = dict.fromkeys(PEOPLE, frozenset({"leads"}))
    company.propose(at(change(), "staging"), asked_by="U1")
    (proposal,) = company.proposals
    for user, still in (("U1", True), ("U2", True), ("U2", True), ("U3", False)):
        company.click(proposal, user, approved=True)
        assert (company.apply(proposal) is None) is still
    assert company.apply(proposal) is None, "once"


def test_what_went_worse_is_taken_back_unasked_where_the_rule_says_so() -> None:
    company = Company(policy({"on_worse": "take_back", "approvers": [ON_CALL]}))
    company.on_call = frozenset({"U1"})
    company.propose(at(change(KINDS[1]), "staging"))
    (proposal,) = company.proposals
    company.click(proposal, "U1", approved=True)
    write = company.apply(proposal)
    assert write is not None
    back = write.proposal.plan.way_back
    assert back is not None
    for status, unasked in ((OutcomeStatus.UNCHANGED, False), (OutcomeStatus.WORSE, True)):
        company.see(proposal, status)
        company.propose(back, proposal)
        assert (company.apply(list(company.proposals)[-1]) is not None) is unasked
