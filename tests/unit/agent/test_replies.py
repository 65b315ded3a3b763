"""What a reply in a thread means to the investigation that is talked about there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.model import (
    Budget,
    Conversation,
    Decision,
    Investigation,
    InvestigationStatus,
    Note,
    Signal,
    SignalKind,
    Triage,
)
from agent.replies import Meaning, meaning_of, question_in

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
HOUR = 3600.0


def investigation(
    status: InvestigationStatus, kind: SignalKind = SignalKind.ALERT, ended: float = 60.0
) -> Investigation:
    return Investigation(
        id=7,
        signal=Signal(
            key="alert:1",
            kind=kind,
            source="datadog",
            title="auth is slow",
            service="auth",
            fingerprint="m1",
            occurred_at=NOW - timedelta(hours=1),
        ),
        triage=Triage(decision=Decision.INVESTIGATE, reason=""),
        budget=Budget(),
        conversation=Conversation(channel="C1", thread="1.0"),
        status=status,
        started_at=NOW - timedelta(hours=1),
        ended_at=NOW - timedelta(seconds=ended),
    )


def meaning(found: Investigation, text: str, *, addressed: bool = False) -> Meaning:
    return meaning_of(found, Note(user="U1", text=text, at=NOW), NOW, HOUR, addressed=addressed)


@pytest.mark.parametrize("status", ["running", "waiting_for_approval", "applying", "watching"])
def test_under_way_all_that_is_said_is_context_and_questions_are_answered(status: str) -> None:
    found = investigation(InvestigationStatus(status))
    assert meaning(found, "we moved sessions to redis-reco last month") is Meaning.CONTEXT
    assert meaning(found, "what about checkout?") is Meaning.CONTEXT
    assert meaning(found, "who owns auth?") is Meaning.QUESTION


def test_while_it_waits_for_input_any_reply_takes_it_up_again() -> None:
    found = investigation(InvestigationStatus.WAITING_FOR_INPUT)
    assert meaning(found, "yes, since the release of 02:00") is Meaning.REOPENS
    assert meaning(found, "who owns auth?") is Meaning.QUESTION


@pytest.mark.parametrize("status", ["closed", "stopped", "failed"])
def test_after_the_end_people_talk_among_themselves(status: str) -> None:
    found = investigation(InvestigationStatus(status))
    assert meaning(found, "thanks, that was it") is Meaning.NOTHING
    assert meaning(found, "who takes over?") is Meaning.NOTHING
    assert meaning(found, "look at session-db") is Meaning.REOPENS
    assert meaning(found, "it happens again", addressed=True) is Meaning.REOPENS
    assert meaning(found, "who owns auth?", addressed=True) is Meaning.QUESTION


def test_long_after_the_end_it_has_to_be_mentioned() -> None:
    found = investigation(InvestigationStatus.CLOSED, ended=2 * HOUR)
    assert meaning(found, "look at session-db") is Meaning.NOTHING
    assert meaning(found, "look at session-db", addressed=True) is Meaning.REOPENS


def test_the_thread_of_an_answer_goes_on_with_questions() -> None:
    found = investigation(InvestigationStatus.CLOSED, SignalKind.QUESTION)
    assert meaning(found, "and of cart", addressed=True) is Meaning.QUESTION


def test_a_question_in_a_thread_is_not_about_the_alert_itself() -> None:
    note = Note(user="U1", text="who owns cart?", at=NOW)
    asked = question_in(investigation(InvestigationStatus.RUNNING), note, "C1:2.0")
    assert (asked.kind, asked.title, asked.service, asked.fingerprint) == (
        SignalKind.QUESTION,
        "who owns cart?",
        "",
        "",
    )
    assert asked.conversation == Conversation(channel="C1", thread="1.0")
