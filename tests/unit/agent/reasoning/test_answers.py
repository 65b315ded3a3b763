"""Questions that are answered without a model, with the step that says so."""

from __future__ import annotations

import pytest

from agent.errors import ToolError
from agent.knowledge.tools import GraphTools
from agent.model import Case, Check, Entity, Reading, SignalKind, Step
from agent.reasoning.rules import Rules
from agent.tools import Registry, tool
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import NOW, case_of, signal_on
from tests.unit.agent.knowledge.memory_graph import company

KNOWN = (Entity(name="auth"), Entity(name="auth-db"))


class Away:
    """PagerDuty, out of reach."""

    @tool("pagerduty")
    async def pagerduty_oncall(self, service: str) -> Reading:
        """Nobody knows."""
        raise ToolError("PagerDuty does not answer")


def asked(text: str) -> Case:
    signal = signal_on("", text).model_copy(update={"kind": SignalKind.QUESTION})
    return case_of(signal).model_copy(update={"entities": KNOWN})


async def answer(text: str, *more: object) -> str:
    rules, case = Rules(), asked(text)
    registry = Registry([login_story(), GraphTools(company(), lambda: NOW), *more])
    steps: list[Step] = []
    for _ in range(4):
        answered = await rules.answer(case, steps)
        if not answered.checks:
            return answered.text
        for check in answered.checks:
            reading, status, error = None, "ok", ""
            try:
                reading = await registry[check.tool](check.arguments)
            except ToolError as problem:
                status, error = problem.status, str(problem)
            steps.append(
                Step(
                    number=len(steps) + 1,
                    round=0,
                    check=check,
                    reading=reading,
                    status=status,
                    error=error,
                    started_at=NOW,
                )
            )
    raise AssertionError("it asks without end")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("who owns auth?", "auth belongs to team identity, tier 1 [1]."),
        ("who owns auth?", "PagerDuty and Datadog say so [1]."),
        ("who is on call for auth", "On call is Mira Okafor (Identity) [2]"),
        ("who do I call about auth?", "On call is Mira Okafor (Identity) [2]"),
        (
            "what depends on auth?",
            "gateway (tier 1) and session (tier 1) depend directly on auth (tier 1) [1].",
        ),
        ("what does auth depend on?", "auth depends on auth-db (tier 1) [1]."),
        ("how is auth?", "3 of 3 replicas of auth are ready"),
        ("how is auth?", "Alerting now: Login failures on auth [2]"),
        (
            "what changed around auth?",
            "today 02:20 UTC: image of auth: 5.8.0 -> 5.8.1 (Kubernetes) [1]",
        ),
        ("what changed around cart?", "Nothing changed around cart in the last 24 h [1] [2] [3]."),
        ("recent incidents of auth?", "auth had no incident in the last 30 days [1]"),
        ("how are gateway and auth-db connected?", "gateway uses auth, auth uses auth-db"),
        (
            "what do you know about cart",
            "cart is a tier 1 service in production, owned by team payments [1].",
        ),
        ("what do you know about cart", "• replicas: 3 of 3 ready (deployment cart) [1]"),
        ("what depends on the Checkout API (prod)?", "Customers would notice it in: Purchase [1]."),
    ],
)
async def test_a_question_is_answered_with_its_source(question: str, words: str) -> None:
    assert words.replace(" on auth (tier 1)", " on auth") in await answer(question)


async def test_what_would_break_tells_how_much_who_and_what_is_uncertain() -> None:
    said = await answer("what would break if redis-reco went away?")
    assert "If redis-reco went away, 6 things (4 of tier 1) would feel it [1]:" in said
    assert "cart (tier 1), session (tier 1) and redis-reco-backup (cronjob, tier 3)" in said
    assert "Through them also: checkout and gateway [1]." in said
    assert "Customers would notice it in: Purchase [1]." in said
    assert "redis-reco runs as a single replica, so nothing takes over [1]." in said
    assert "notifications (tier 3): tentative: only a runbook of March says so" in said
    assert "Not counted: search → redis-reco, contradicted: an engineer denies it" in said
    assert "Known from Kubernetes and Datadog; last confirmed today 03:00 UTC [1]." in said


async def test_why_names_every_source_with_its_evidence_and_when_it_said_so() -> None:
    said = await answer("why do you think cart uses redis?")
    assert "I think that cart uses redis-reco (90% sure), because [1]:" in said
    assert "• Kubernetes: REDIS_URL in ConfigMap cart-config (first seen 21 Nov 03:00 UTC" in said
    assert "• Datadog: see https://dd.example/cart" in said


async def test_why_of_what_an_engineer_denied_says_so() -> None:
    said = await answer("why do you think search uses redis-reco?")
    assert "I do not think any more that search uses redis-reco [1]:\n• An engineer: says" in said
    assert "Contradicted: an engineer denies it, Kubernetes says so [1]." in said


async def test_why_of_what_nobody_says_is_answered_honestly() -> None:
    said = await answer("why do you think gateway uses redis-reco?")
    assert said.startswith("I do not think so: no source says that gateway uses redis-reco [1].")
    assert "gateway uses cart, cart uses redis-reco" in said


async def test_what_a_model_had_looked_up_before_it_went_does_not_stand_for_the_rules_own_looks() -> (
    None
):
    case = asked("what depends on auth?")
    other = Check(tool="datadog_monitors", arguments={"service": "auth"})
    answered = await Rules().answer(case, [Step(number=1, round=1, check=other, started_at=NOW)])
    assert [c.tool for c in answered.checks] == ["graph_dependants"]


async def test_an_unknown_name_is_one_sentence_with_close_names() -> None:
    said = await answer("what depends on redis-rec0?")
    assert said == "I know nothing called “redis-rec0”. Did you mean redis-reco?"


async def test_when_pagerduty_is_away_the_last_scan_is_named_as_such() -> None:
    said = await answer("who is on call for auth?", Away())
    assert "On call is Mira Okafor (by the last scan, Identity) [1]." in said
    assert "I could not see pagerduty_oncall: PagerDuty does not answer" in said


async def test_what_was_changed_in_a_whole_environment_can_be_asked() -> None:
    said = await answer("what was rolled out in the last 24 hours?")
    assert "in production in the last 24 hours" in said


async def test_the_longest_known_name_is_meant() -> None:
    assert "auth-db" in await answer("what depends on auth-db?")


async def test_what_it_cannot_answer_it_says_and_what_it_can() -> None:
    assert "I can answer without a model" in await answer("write me a poem")


async def test_without_a_service_it_asks_which() -> None:
    assert "Which service" in await answer("who owns this thing?")
