"""Engineers steer an investigation: budgets, context while it runs, digging deeper, going on, and questions that wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.model import Ending, InvestigationStatus
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, APPROVERS, BOT, ENGINEER, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def night(postgres_server: str) -> Iterator[Scene]:
    """Logins fail, and no alert has been posted; questions are reminded of soon."""
    settings = {
        "SREBOT_CHANGE_APPROVERS": APPROVERS,
        "SREBOT_REMIND_SECONDS": "4",
        "SREBOT_QUESTION_WAIT_SECONDS": "8",
    }
    with scene(postgres_server, "login-failure", settings, posts_alerts=False) as stage:
        yield stage


def test_a_budget_bounds_the_investigation_and_ends_it_honestly(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    result = engineer.commands("--budget 6calls auth is slow in production")
    assert "On it: “auth is slow in production”" in result.text and "6calls" in result.text
    ts = eventually(lambda: list(spoken(engineer.channel())), 20)[-1]["ts"]
    case = eventually(lambda: (c := night.case_of(ts, ALERTS)) and c.finding and c, 60)
    assert case.investigation.budget.tool_calls == 6
    assert case.investigation.spent.tool_calls <= 6
    assert case.finding is not None
    assert case.finding.ending is Ending.BUDGET_USED
    assert case.finding.next_steps
    assert case.signal.title == "auth is slow in production"


@pytest.mark.parametrize("budget", ["lots", "-5m", "0calls", ""])
def test_a_budget_that_makes_no_sense_starts_nothing_and_says_what_would(
    night: Scene, budget: str
) -> None:
    engineer = night.person(ENGINEER)
    before = len(night.read(lambda store: store.investigations.list(100)))
    result = engineer.commands(f"auth is slow --budget {budget}")
    assert "Nothing was started" in result.text and "--budget 5m" in result.text
    assert len(night.read(lambda store: store.investigations.list(100))) == before


def test_dig_deeper_goes_on_with_a_larger_budget(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    engineer.commands("--budget 6calls logins of auth fail in production")
    ts = eventually(lambda: list(spoken(engineer.channel())), 20)[-1]["ts"]
    report = engineer.waits_for_button("dig_deeper", ts)
    first = night.case_of(ts, ALERTS)
    assert engineer.clicks(report, "dig_deeper").ok
    assert "Digging deeper" in engineer.whispers(ts)[-1]
    case = eventually(
        lambda: (
            (c := night.case_of(ts, ALERTS))
            and c.finding
            and c.finding.ending is Ending.CAUSE_FOUND
            and c
        ),
        90,
    )
    assert first is not None
    assert case.investigation.id == first.investigation.id
    assert case.investigation.budget.tool_calls > 6
    assert len(case.steps) > len(first.steps)
    entries = [e for e in night.audit("steer") if e.actor == ENGINEER]
    assert entries and entries[-1].subject == f"investigation:{case.investigation.id}"


def test_charts_of_the_decisive_signals_are_shown_in_the_thread(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: logins on auth fail in production")
    engineer.waits_for("Cause found", ts)

    def pictures() -> list[str]:
        found = [f for m in spoken(engineer.thread(ts)) for f in m.get("files", ())]
        return [f["title"] for f in found]

    shown = eventually(pictures, 30)
    assert 1 <= len(shown) <= 3
    assert any("auth" in title for title in shown)


def test_what_is_said_in_the_thread_of_an_ended_investigation_can_take_it_up_again(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: logins on auth fail in production")
    button = engineer.waits_for_button("approve_change", ts)
    while button:
        engineer.rejects(button)
        last = button
        eventually(lambda old=last: engineer.offered("approve_change", ts) != old)
        button = engineer.offered("approve_change", ts) or {}
        case = night.case_of(ts, ALERTS)
        if case and case.investigation.ended_at:
            break
    eventually(lambda: (c := night.case_of(ts, ALERTS)) and c.investigation.ended_at and c, 30)
    before = night.case_of(ts, ALERTS)
    engineer.posts("thanks", thread=ts)
    engineer.posts("not the report, look at session", thread=ts)
    engineer.waits_for("Taking it up again", ts)
    case = eventually(
        lambda: (
            (c := night.case_of(ts, ALERTS))
            and before
            and len(c.steps) > len(before.steps)
            and c.investigation.status is not InvestigationStatus.RUNNING
            and c
        ),
        60,
    )
    assert "thanks" not in [n.text for n in case.notes]
    assert any("session" in str(s.check.arguments) for s in case.steps)


def test_a_question_that_nobody_answers_is_asked_once_more_and_then_given_up(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: customers complain in production")
    engineer.waits_for("Which service or workload is affected?", ts)
    reminder = plain(engineer.waits_for("I still wait for an answer", ts))
    assert "Which service" in reminder
    engineer.waits_for("Nobody answered", ts)
    case = night.case_of(ts, ALERTS)
    assert case is not None
    assert case.investigation.status is InvestigationStatus.CLOSED
    said = [t for t in engineer.said(ts) if "still wait" in t]
    assert len(said) == 1
