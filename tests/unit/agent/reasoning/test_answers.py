"""Questions that are answered without a model, with the step that says so."""

from __future__ import annotations

import pytest

from agent.model import Case, Entity, SignalKind, Step
from agent.reasoning.rules import Rules
from agent.tools import Registry
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import NOW, case_of, signal_on

KNOWN = (Entity(name="auth"), Entity(name="auth-db"))


def asked(text: str) -> Case:
    signal = signal_on("", text).model_copy(update={"kind": SignalKind.QUESTION})
    return case_of(signal).model_copy(update={"entities": KNOWN})


async def answer(text: str) -> str:
    rules, registry, case = Rules(), Registry([login_story()]), asked(text)
    steps: list[Step] = []
    for _ in range(4):
        answered = await rules.answer(case, steps)
        if not answered.checks:
            return answered.text
        for check in answered.checks:
            reading = await registry[check.tool](check.arguments)
            step = Step(
                number=len(steps) + 1, round=0, check=check, reading=reading, started_at=NOW
            )
            steps.append(step)
    raise AssertionError("it asks without end")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("who owns auth?", "auth belongs to team identity, tier 1 [1]"),
        ("who is on call for auth", "On call is Mira Okafor (Identity) [2]"),
        ("what depends on auth?", "gateway, session depend directly on auth [1]"),
        ("what does auth depend on?", "auth depends on auth-db [1]"),
        ("how is auth?", "3 of 3 replicas of auth are ready"),
        ("how is auth?", "Alerting now: Login failures on auth [2]"),
        ("what changed around auth?", "Nothing changed around auth in the last 24 h [1] [2]"),
        ("recent incidents of auth?", "auth had no incident in the last 30 days [1]"),
    ],
)
async def test_a_question_is_answered_with_its_source(question: str, words: str) -> None:
    assert words in await answer(question)


async def test_the_longest_known_name_is_meant() -> None:
    assert "auth-db" in await answer("what depends on auth-db?")


async def test_what_it_cannot_answer_it_says_and_what_it_can() -> None:
    assert "I can answer without a model" in await answer("write me a poem")


async def test_without_a_service_it_asks_which() -> None:
    assert "Which service" in await answer("who owns this thing?")
