"""What people see: short, complete, and accepted by Slack whatever it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.awareness.issues import Precision
from agent.model import (
    Conversation,
    Ending,
    Expectation,
    InvestigationStatus,
    OutcomeStatus,
    ProposalStatus,
    SignalKind,
)
from agent.ports import Asked
from bot.slack.limits import Message
from bot.slack.views import quiet
from bot.slack.views.approval import modal, shown_in
from bot.slack.views.outcome import outcome_message
from bot.slack.views.render import Views, summary_line
from sandbox.slack.blocks import validate_message_blocks, validate_view
from tests.unit.bot.slack import cases

VIEWS = Views("https://srebot.example/")
HOSTILE = (
    '<!channel> <@U0LEAD> <https://evil.example|click> *bold* ``` & {{ 7*7 }} "quoted" \\ \x00'
)

PRECISION = [
    Precision(
        channel="C0ALERTS",
        used=7,
        ignored=2,
        contradicted=1,
        pending=3,
        posted_today=4,
        budget=40,
    ),
    Precision(
        channel="C0NEW",
        used=0,
        ignored=0,
        contradicted=0,
        pending=1,
        posted_today=1,
        budget=0,
    ),
]


def asked(text: str = "") -> Asked:
    return Asked(proposal=cases.proposal(text), people=text or "sre-approvers", moment=text)


words = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.builds(lambda part, n: part * n, st.text(min_size=1, max_size=30), st.integers(1, 600)),
    st.sampled_from(
        [HOSTILE, "", " ", "`" * 4000, "<" * 3001, "\n" * 3000, "🧨" * 2000, "&" * 3000]
    ),
)


def texts(node: Any) -> Iterator[str]:
    """Every text that is parsed for markup."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn" and isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from texts(each)


def all_messages(text: str) -> Sequence[Message]:
    """Each kind of message, saying ``text`` wherever something may be said."""
    about = cases.signal(title=text)
    open_case = cases.case(about, hypotheses=cases.hypotheses(text))
    done = cases.case(
        about,
        finding=cases.finding(text, question=text),
        proposals=(cases.proposal(text),),
        status=InvestigationStatus.WAITING_FOR_APPROVAL,
    )
    asking = cases.case(
        about,
        finding=cases.finding(text, question=text, ending=Ending.INPUT_NEEDED),
        status=InvestigationStatus.WAITING_FOR_INPUT,
    )
    return (
        VIEWS.summary(open_case),
        VIEWS.summary(done),
        VIEWS.summary(asking),
        VIEWS.update(open_case, text),
        VIEWS.report(done),
        *(VIEWS.proposal(done, cases.proposal(text, status=s), text) for s in ProposalStatus),
        VIEWS.decision(done, cases.proposal(text), cases.approval(reason=text)),
        *(
            outcome_message(VIEWS, done, cases.proposal(), cases.outcome(text, status=s))
            for s in OutcomeStatus
        ),
        VIEWS.text(text, done),
        *quiet_messages(text),
    )


def quiet_messages(text: str) -> Sequence[Message]:
    """What was kept quiet, of many kinds, saying ``text``."""
    kept = [
        cases.decided(n, title=text, reason=text, service=text, combination=f"c{n}")
        for n in range(30)
    ]
    told = quiet.digest(VIEWS, kept, [cases.emerging(title=text)] * 3, PRECISION)
    marked = quiet.marked(told.payload(), "29", "U0ERIN", told=True)
    return (
        told,
        marked or told,
        quiet.on_demand(VIEWS, kept, whole=True, days=7),
        quiet.on_demand(VIEWS, kept, whole=False, days=1),
    )


@settings(max_examples=60, deadline=None)
@given(words)
def test_slack_accepts_every_message_whatever_it_says(text: str) -> None:
    for message in all_messages(text):
        assert message.text.strip()
        assert validate_message_blocks(list(message.blocks)) == []
        assert json.dumps(message.payload())


@settings(max_examples=60, deadline=None)
@given(words)
def test_slack_accepts_every_view_whatever_it_says(text: str) -> None:
    case = cases.case(cases.signal(title=text))
    for view in (
        modal(VIEWS, asked(text), approve=True),
        modal(VIEWS, asked(text), approve=False, dry_run=True),
        VIEWS.cause_modal(7),
        VIEWS.home([case] * 60, [(case, cases.proposal(text))] * 60, PRECISION * 30),
    ):
        assert validate_view(view) == []


def test_outside_text_calls_nobody_and_links_nowhere() -> None:
    for message in all_messages(HOSTILE):
        shown = "\n".join(texts(list(message.blocks)))
        for markup in ("<!channel>", "<@U0LEAD>", "<https://evil"):
            assert markup not in shown
        assert "<!" not in message.text
        assert "<@" not in message.text


def test_outside_text_does_not_leave_its_code_block() -> None:
    shown = list(texts(list(VIEWS.proposal(cases.case(), cases.proposal(HOSTILE)).blocks)))
    (diff,) = [t for t in shown if t.startswith("```")]
    assert diff.count("```") == 2


class TestSummary:
    """One message that says where things stand."""

    def test_it_begins_with_what_was_noticed_and_can_be_stopped(self) -> None:
        message = VIEWS.summary(cases.case(hypotheses=()))
        assert message.text == "Investigating: Redis command latency is high on redis-reco"
        assert "redis-reco has three dependants" in str(message.blocks)
        assert "stop_investigation" in str(message.blocks)

    def test_it_shows_the_live_hypotheses_with_their_confidence(self) -> None:
        shown = str(VIEWS.summary(cases.case()).blocks)
        assert "77 %" in shown
        assert "The nightly backup competes" in shown

    def test_it_ends_with_the_cause_and_what_comes_next(self) -> None:
        case = cases.case(finding=cases.finding(), status=InvestigationStatus.CLOSED)
        message = VIEWS.summary(case)
        assert message.text.startswith("Cause found: The backup")
        assert "91 %" in str(message.blocks)
        assert "Suspend the backup" in str(message.blocks)
        assert "stop_investigation" not in str(message.blocks)

    def test_it_is_short_enough_for_a_phone(self) -> None:
        for message in all_messages("a cause in one sentence of usual length, such as this")[:3]:
            assert len(message.blocks) <= 5

    @pytest.mark.parametrize("status", list(InvestigationStatus))
    def test_every_state_has_words(self, status: InvestigationStatus) -> None:
        assert summary_line(cases.case(status=status))

    def test_it_says_that_an_ai_wrote_it(self) -> None:
        assert "AI" in str(VIEWS.summary(cases.case()).blocks)


class TestReport:
    """The finding with its evidence."""

    def test_each_citation_opens_its_evidence(self) -> None:
        shown = str(VIEWS.report(cases.case(finding=cases.finding())).blocks)
        assert "<https://srebot.example/investigations/7/evidence/1|[1]>" in shown

    def test_it_names_what_was_ruled_out_and_what_was_not_seen(self) -> None:
        shown = str(VIEWS.report(cases.case(finding=cases.finding())).blocks)
        assert "Ruled out" in shown
        assert "logs of redis-reco (403)" in shown

    def test_a_question_is_asked_plainly(self) -> None:
        finding = cases.finding(ending=Ending.INPUT_NEEDED, question="Did anyone resize it?")
        shown = str(VIEWS.report(cases.case(finding=finding)).blocks)
        assert "Did anyone resize it?" in shown
        assert "Reply in this thread" in shown

    def test_without_a_finding_there_is_none(self) -> None:
        with pytest.raises(ValueError, match="no report"):
            VIEWS.report(cases.case())


class TestProposal:
    """A change before people."""

    def test_an_open_one_has_its_diff_its_risk_its_way_back_and_buttons(self) -> None:
        shown = str(VIEWS.proposal(cases.case(), cases.proposal()).blocks)
        for part in ("suspend: true", "No snapshots", "resume redis-reco-backup", "approve_change"):
            assert part in shown

    @pytest.mark.parametrize("status", [s for s in ProposalStatus if s != "open"])
    def test_a_decided_one_has_no_buttons(self, status: ProposalStatus) -> None:
        message = VIEWS.proposal(cases.case(), cases.proposal(status=status))
        assert "approve_change" not in str(message.blocks)
        assert status.value in str(message.blocks)

    def test_a_button_carries_an_id_and_no_state(self) -> None:
        message = VIEWS.proposal(cases.case(), cases.proposal())
        (actions,) = [b for b in message.blocks if b["type"] == "actions"]
        values = [e.get("value") for e in actions["elements"]]
        assert values[:2] == [str(cases.PROPOSAL)] * 2

    def test_the_modal_shows_what_will_change(self) -> None:
        wanted = cases.proposal(
            expectation=Expectation(criterion="Latency is below 5 ms.", horizon_seconds=900)
        )
        needs_one_more = Asked(
            proposal=wanted, people="sre-approvers", approved_by=("U0LEAD",), missing=1
        )
        view = modal(VIEWS, needs_one_more, approve=True)
        shown = str(view["blocks"])
        for said in (
            "suspend: true",
            "No snapshots until it is resumed.",
            "Latency is below 5 ms. Watched for at most 15 min",
            "resume redis-reco-backup",
            "Approved by <@U0LEAD>, *one more approval* is missing",
        ):
            assert said in shown
        assert shown_in(view["private_metadata"]) == (cases.PROPOSAL, True, wanted.digest)

    @pytest.mark.parametrize(
        "forged",
        [
            "",
            "approve",
            f"approve:{cases.PROPOSAL}",
            "[]",
            "null",
            "{}",
            f'{{"verb": "approve", "proposal": "{cases.PROPOSAL}"}}',
            f'{{"verb": "sudo", "proposal": "{cases.PROPOSAL}", "digest": "d"}}',
            f'{{"verb": "approve", "proposal": "{cases.PROPOSAL}", "digest": ""}}',
            f'{{"verb": ["approve"], "proposal": "{cases.PROPOSAL}", "digest": "d"}}',
            '{"verb": "approve", "proposal": 7, "digest": "d"}',
        ],
    )
    def test_a_modal_that_is_none_of_ours_is_about_nothing(self, forged: str) -> None:
        assert shown_in(forged) is None

    def test_in_dry_run_mode_summary_proposal_and_modal_say_so(self) -> None:
        views = Views("https://srebot.example", dry_run=True)
        case, wanted = cases.case(), cases.proposal()
        for shown in (
            views.summary(case).blocks,
            views.proposal(case, wanted).blocks,
            views.home([], [])["blocks"],
            modal(views, asked(), approve=True, dry_run=True)["blocks"],
        ):
            assert "dry-run mode" in str(shown).lower()


def test_an_outcome_claims_no_cause_and_offers_the_way_back() -> None:
    shown = str(outcome_message(VIEWS, cases.case(), cases.proposal(), cases.outcome()).blocks)
    assert "not proof" in shown
    assert "revert_change" in shown
    back = cases.proposal(reverts=cases.PROPOSAL)
    again = str(outcome_message(VIEWS, cases.case(), back, cases.outcome()).blocks)
    assert "revert_change" not in again


def test_an_answers_citations_open_the_evidence() -> None:
    case = cases.case(
        cases.signal(kind=SignalKind.QUESTION, conversation=Conversation(channel="C"))
    )
    assert "[1]" in VIEWS.text("Platform owns it [1].", case).text
