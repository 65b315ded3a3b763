"""Engineers steer an investigation: budgets, digging deeper, going on, and questions that wait for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from agent.model import Case, Ending, Finding, InvestigationStatus
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, APPROVERS, BOT, ENGINEER, Person, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def night(postgres_server: str) -> Iterator[Scene]:
    """Logins fail, and no alert has been posted; open questions are reminded of soon."""
    settings = {
        "SREBOT_CHANGE_APPROVERS": APPROVERS,
        "SREBOT_REMIND_SECONDS": "4",
        "SREBOT_QUESTION_WAIT_SECONDS": "8",
    }
    with scene(postgres_server, "login-failure", settings, posts_alerts=False) as stage:
        yield stage


def case_once(
    stage: Scene, ts: str, holds: Callable[[Case], object], seconds: float = 60.0
) -> Case:
    """The investigation of a thread, once something holds of it."""

    def look() -> Case | None:
        case = stage.case_of(ts, ALERTS)
        return case if case is not None and holds(case) else None

    found: Case | None = eventually(look, seconds, "it never came to that")
    assert found is not None
    return found


def finding_of(case: Case) -> Finding:
    assert case.finding is not None
    return case.finding


def is_over(case: Case) -> bool:
    return case.investigation.ended_at is not None


def commanded(engineer: Person, text: str) -> str:
    """The thread in which the investigation of a command is talked about."""
    before = {m["ts"] for m in spoken(engineer.channel())}
    result = engineer.commands(text)
    assert "On it" in result.text

    def look() -> str | None:
        return next((m["ts"] for m in spoken(engineer.channel()) if m["ts"] not in before), None)

    return str(eventually(look, 60, "no summary came"))


def rejects_all(stage: Scene, engineer: Person, ts: str) -> Case:
    """Reject what is proposed until the investigation is over."""
    button = engineer.waits_for_button("approve_change", ts)
    for _ in range(6):
        engineer.rejects(button)
        last = button

        def moved(old: object = last) -> bool:
            case = stage.case_of(ts, ALERTS)
            over = case is not None and is_over(case)
            return over or engineer.offered("approve_change", ts) not in (None, old)

        eventually(moved, 60)
        button = engineer.offered("approve_change", ts) or {}
        if not button:
            break
    return case_once(stage, ts, is_over)


def test_a_budget_bounds_the_investigation_and_ends_it_honestly(night: Scene) -> None:
    ts = commanded(night.person(ENGINEER), "--budget 6calls auth is slow in production")
    case = case_once(night, ts, lambda c: c.finding)
    assert case.signal.title == "auth is slow in production"
    assert case.investigation.budget.tool_calls == 6
    assert case.investigation.spent.tool_calls <= 6
    assert finding_of(case).ending is Ending.BUDGET_USED
    assert finding_of(case).next_steps


def test_dig_deeper_goes_on_with_a_larger_budget(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = commanded(engineer, "--budget 6calls logins of auth fail in production")
    report = engineer.waits_for_button("dig_deeper", ts)
    first = case_once(night, ts, lambda c: c.finding)
    assert engineer.clicks(report, "dig_deeper").ok
    assert "Digging deeper" in engineer.whispers(ts)[-1]
    case = case_once(
        night, ts, lambda c: c.finding and c.finding.ending is Ending.CAUSE_FOUND, seconds=90
    )
    assert case.investigation.id == first.investigation.id
    assert case.investigation.budget.tool_calls >= case.investigation.spent.tool_calls > 6
    assert len(case.steps) > len(first.steps)
    (entry,) = (
        e for e in night.audit("steer") if e.subject == f"investigation:{case.investigation.id}"
    )
    assert entry.actor == ENGINEER


def test_charts_of_the_decisive_signals_are_shown_in_the_thread(night: Scene) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: logins on auth fail in production")
    engineer.waits_for("Cause found", ts)

    def pictures() -> list[str]:
        found = [f for m in spoken(engineer.thread(ts)) for f in m.get("files", ())]
        return [str(f["title"]) for f in found]

    shown = eventually(pictures, 60, "no picture came")
    assert 1 <= len(shown) <= 3
    carrying = [m for m in spoken(engineer.thread(ts)) if m.get("files")]
    assert len(carrying) == 1, "a look at them is one message"
    assert any("auth" in title for title in shown)


def test_what_steers_takes_an_ended_investigation_up_again_and_thanks_do_not(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: logins on auth fail in production")
    before = rejects_all(night, engineer, ts)
    engineer.posts("thanks", thread=ts)
    engineer.posts("not the report, look at session", thread=ts)
    engineer.waits_for("Taking it up again", ts)
    case = case_once(
        night,
        ts,
        lambda c: (
            len(c.steps) > len(before.steps)
            and c.investigation.status is not InvestigationStatus.RUNNING
        ),
    )
    assert [n.text for n in case.notes] == ["not the report, look at session"]
    assert any("session" in str(s.check.arguments) for s in case.steps[len(before.steps) :])


def test_a_question_that_nobody_answers_is_asked_once_more_and_then_given_up(
    night: Scene,
) -> None:
    engineer = night.person(ENGINEER)
    ts = engineer.posts(f"<@{BOT}> investigate: customers complain in production")
    engineer.waits_for("Which service or workload is affected?", ts)
    reminder = plain(engineer.waits_for("I still wait for an answer", ts))
    assert "Which service" in reminder
    engineer.waits_for("Nobody answered", ts)
    case = case_once(night, ts, is_over)
    assert case.investigation.status is InvestigationStatus.CLOSED
    assert len([text for text in engineer.said(ts) if "still wait" in text]) == 1
