"""What else people do: they ask, request, interrupt, reject, and wander off; one bot, one company in trouble."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from agent.model import Case, Ending, InvestigationStatus, ProposalStatus, SignalKind
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import (
    ALERTS,
    APPROVERS,
    BOT,
    ENGINEER,
    INCIDENTS,
    PAYMENTS_ENGINEER,
    RANDOM,
    Json,
    spoken,
)
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(180)
CITED = re.compile(r"\[(\d+)\]")


@pytest.fixture(scope="module")
def night(postgres_server: str) -> Iterator[Scene]:
    """Logins fail, and no alert has been posted."""
    settings = {"SREBOT_CHANGE_APPROVERS": APPROVERS}
    with scene(postgres_server, "login-failure", settings, posts_alerts=False) as stage:
        yield stage


def ended(stage: Scene, thread: str, channel: str = ALERTS) -> Case:
    """The investigation of a thread, once it has concluded."""
    return eventually(lambda: (c := stage.case_of(thread, channel)) and c.finding and c, 60)


def test_a_mention_with_a_question_is_answered_in_its_thread_with_citations(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> who owns checkout and who is on call?")
    answer = plain(engineer.waits_for("On call is", ts))
    assert "checkout belongs to team payments" in answer
    assert len([text for text in engineer.said(ts) if text]) == 1
    case = night.case_of(ts, ALERTS)
    assert case is not None
    numbers = {int(n) for n in CITED.findall(answer)}
    assert len(numbers) == 2
    for number in numbers:
        status, page = night.evidence_page(case, number)
        assert status == 200
        assert "checkout" in page


def test_a_question_in_a_direct_message_is_answered_there(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts("what depends on auth-db?", engineer.direct)
    answer = plain(engineer.waits_for("depend", ts, engineer.direct))
    assert "auth" in answer.split("depend")[0]


def test_the_command_investigates_in_a_thread_of_the_channel_it_was_typed_in(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    result = engineer.commands("logins fail in production", INCIDENTS)
    assert "On it" in result.text
    summary = eventually(lambda: list(spoken(engineer.channel(INCIDENTS))), 60)[-1]
    case = ended(night, summary["ts"], INCIDENTS)
    assert case.signal.kind is SignalKind.REQUEST
    assert case.signal.requested_by == ENGINEER
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND
    assert case.finding.entity in ("auth", "auth-report", "auth-db")
    engineer.waits_for("Proposed fix:", summary["ts"], INCIDENTS)
    again = [m for m in spoken(engineer.channel(INCIDENTS)) if m["ts"] != summary["ts"]]
    assert again == []


def test_the_shortcut_investigates_a_colleagues_message_in_its_thread(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = night.person(PAYMENTS_ENGINEER).posts("auth answers with 503s, is that just me?")
    assert engineer.chooses("investigate_this", ts).ok
    assert "On it" in engineer.whispers(ts)[0]
    case = ended(night, ts)
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND


def test_where_it_is_not_invited_it_says_so_to_the_person_alone(night: Scene) -> None:
    lead = night.person("U0TEAMLEAD")
    result = lead.commands("auth is slow", "C0LEADS")
    assert "/invite" in result.text
    assert list(spoken(lead.channel("C0LEADS"))) == []


def waiting(night: Scene) -> tuple[str, Json]:
    """A thread of the alert channel in which a fix waits for a decision, and the message with its buttons."""
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: logins on auth fail in production")
    return ts, engineer.waits_for_button("approve_change", ts)


def test_a_rejection_with_a_reason_changes_nothing_and_brings_the_alternative(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts, button = waiting(night)
    assert engineer.rejects(button, "the security review needs the report today").ok
    said = plain(engineer.waits_for("rejected “suspend CronJob auth-report", ts))
    assert "the security review needs the report today" in said
    engineer.waits_for("Proposed fix: DB_POOL_SIZE", ts)
    case = night.case_of(ts, ALERTS)
    assert case is not None
    first, second = case.proposals
    assert (first.status, second.status) == (ProposalStatus.REJECTED, ProposalStatus.OPEN)
    assert night.changes() == []
    entry = next(e for e in night.audit("rejected") if e.subject.endswith(str(first.id)))
    assert entry.actor == ENGINEER


def test_all_rejected_it_ends_without_a_change(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts, _ = waiting(night)

    def ended() -> bool:
        case = night.case_of(ts, ALERTS)
        return case is not None and case.investigation.ended_at is not None

    for _ in range(5):
        eventually(lambda: ended() or engineer.offered("approve_change", ts))
        button = engineer.offered("approve_change", ts)
        if button is None:
            break
        assert engineer.rejects(button).ok
        eventually(lambda old=button: engineer.offered("approve_change", ts) != old)
    case = eventually(
        lambda: (c := night.case_of(ts, ALERTS)) and c.investigation.ended_at and c, 10
    )
    assert case.investigation.status is InvestigationStatus.CLOSED
    assert {p.status for p in case.proposals} == {ProposalStatus.REJECTED}
    assert night.changes() == []


def test_a_question_in_the_thread_is_answered_there_while_the_fix_goes_on_waiting(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts, button = waiting(night)
    engineer.posts("who owns cart?", thread=ts)
    engineer.waits_for("cart belongs to team payments", ts)
    engineer.posts(f"<@{BOT}> who owns search?", thread=ts)
    engineer.waits_for("search belongs to team discovery", ts)
    assert engineer.rejects(button, "after lunch").ok
    engineer.waits_for("Proposed fix: DB_POOL_SIZE", ts)


def test_people_may_talk_in_the_thread_without_being_answered(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts, _ = waiting(night)
    engineer.posts("let me look at that first", thread=ts)
    engineer.posts("stop", thread=ts)
    engineer.waits_for("Stopped; nothing was changed.", ts)
    eventually(lambda: (c := night.case_of(ts, ALERTS)) and c.investigation.ended_at)
    eventually(lambda: "Stopped  ·" in engineer.said(ts)[0], 60, "the summary never said so")
    said = engineer.said(ts)
    engineer.posts("ok, lunch?", thread=ts)
    asked = engineer.posts(f"<@{BOT}> who owns auth?")
    engineer.waits_for("identity", asked)
    assert engineer.said(ts) == said


def test_the_answer_to_its_question_has_it_go_on_with_all_that_it_knew(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: customers complain in production")
    engineer.waits_for("Which service or workload is affected?", ts)
    first = night.case_of(ts, ALERTS)
    engineer.posts("auth, I think", thread=ts)
    engineer.waits_for("Taking it up again", ts)
    engineer.waits_for("Cause found", ts)
    engineer.waits_for("Proposed fix:", ts)
    again = night.case_of(ts, ALERTS)
    assert first is not None and again is not None
    assert again.investigation.id == first.investigation.id
    assert [s.number for s in again.steps][: len(first.steps)] == [s.number for s in first.steps]
    assert len(again.steps) > len(first.steps)
    assert [n.text for n in again.notes] == ["auth, I think"]


def test_a_reply_of_stop_ends_the_wait_and_the_proposal_with_it(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts, _ = waiting(night)
    engineer.posts("stop", thread=ts)
    engineer.waits_for("Stopped; nothing was changed.", ts)
    case = night.case_of(ts, ALERTS)
    assert case is not None
    eventually(lambda: night.case(case.investigation.id).investigation.ended_at)
    assert engineer.offered("approve_change", ts) is None
    assert night.changes() == []


def test_the_stop_button_ends_an_investigation_under_way(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: search is slow in staging")
    assert engineer.clicks(
        engineer.waits_for_button("stop_investigation", ts), "stop_investigation"
    ).ok
    assert "Stopping" in engineer.whispers(ts)[0]
    case = eventually(
        lambda: (c := night.case_of(ts, ALERTS)) and c.investigation.ended_at and c, 40
    )
    assert case.investigation.status is InvestigationStatus.STOPPED
    assert case.proposals == ()
    engineer.waits_for("Stopped", ts)
    (entry,) = (
        e for e in night.audit("stop") if e.subject == f"investigation:{case.investigation.id}"
    )
    assert entry.actor == ENGINEER


def test_it_does_not_listen_where_it_was_not_spoken_to(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    before = len(night.read(lambda store: store.investigations.list(100)))
    for channel in (RANDOM, ALERTS, INCIDENTS):
        engineer.posts("auth is slow today, who owns it?", channel)
    asked = engineer.posts(f"<@{BOT}> who owns auth?")
    engineer.waits_for("identity", asked)
    assert len(night.read(lambda store: store.investigations.list(100))) == before + 1
