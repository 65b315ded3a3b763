"""How far srebot can be trusted, as Slack shows it: with numbers, within limits, and never more than is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.learning.calibration import Judged, fit, quality
from agent.learning.levels import Level, level_of
from agent.learning.overview import ModeRecord, Overview
from agent.learning.trust import Trial, record
from agent.model import ChangeKind, Verdict
from agent.resolution.policy import AutoApply, Environment, Policy, Rule
from bot.slack.limits import Message
from bot.slack.trust import TrustView
from bot.slack.views import trust
from bot.slack.views.render import Views
from sandbox.slack.blocks import validate_message_blocks, validate_view

VIEWS = Views("https://srebot.example")
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOSTILE = "<!channel> <@U0LEAD> *bold* <https://evil.example|here> & \x00"
POLICY = Policy(
    environments={
        "staging": Environment(
            rules=(
                Rule(
                    name="limits",
                    kinds=(ChangeKind.RESOURCES,),
                    auto_apply=AutoApply(min_successes=5, min_lower_bound=0.8),
                ),
            )
        )
    }
)


def level(signs: str, service: str = "checkout") -> Level:
    trials = [Trial(NOW + timedelta(hours=n), sign == "+") for n, sign in enumerate(signs)]
    return level_of(POLICY, record(service, "resources", "staging", trials), approved_before=False)


def known(text: str = "checkout", levels: int = 1) -> Overview:
    judged = [Judged("bad_rollout", 0.9, n < 9) for n in range(11)]
    verdict = Verdict(
        investigation=7,
        mode=text,
        entity=text,
        environment=text,
        confidence=0.9,
        probability=0.4,
        disputed=True,
        method=text,
        graded_at=NOW,
    )
    return Overview(
        whole=quality(judged),
        curve=fit(judged).whole,
        modes=[ModeRecord("bad_rollout", quality(judged), fit(judged).of("bad_rollout"), text)],
        levels=[level("+++", text)] * levels,
        disputed=[verdict] * 5,
        withdrawn={text: text},
    )


def shown(message: Message) -> str:
    return str(list(message.blocks))


class Known:
    """Knows one overview, and takes whose word comes."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        self.asked_for = ""
        self.restored: list[tuple[str, str]] = []

    async def overview(self, service: str = "") -> Overview:
        self.asked_for = service
        return self._overview

    async def restore(self, subject: str, user: str) -> str:
        self.restored.append((subject, user))
        return "Done."


def test_it_says_how_often_it_was_right_and_how_well_it_knew() -> None:
    said = shown(trust.on_demand(VIEWS, known()))
    assert "9 of 11 graded findings were right; Brier score 0.16, calibration error 8%" in said
    assert "*bad rollout*  9 of 11 right, said 90% on average" in said
    assert "https://srebot.example/trust" in said


def test_at_a_service_it_says_why_it_is_at_its_level_and_what_is_missing() -> None:
    said = shown(trust.on_demand(VIEWS, known(), "checkout"))
    assert "How far you can trust me at checkout" in said
    assert "asks, and can earn more" in said
    assert "3 of 3 went well, which proves a rate of at least 44% (Wilson, 95 %)" in said
    assert "To the next level: 13 more in a row have to go well." in said
    assert "graded findings" not in said


def test_without_any_record_it_claims_none() -> None:
    assert "I have no record yet" in shown(trust.on_demand(VIEWS, Overview()))
    assert "proven nothing there" in shown(trust.on_demand(VIEWS, Overview(), "checkout"))
    assert trust.home_lines(Overview()) == ()


def test_home_has_a_few_lines() -> None:
    lines = trust.home_lines(known())
    assert len(lines) == 4
    assert lines[1].startswith("3 of 3 changes went well; 0 kinds of change")
    view = VIEWS.home([], [], [], lines)
    assert validate_view(view) == []
    assert "9 of 11 graded findings were right" in str(view)
    assert "Nothing is graded yet" in str(VIEWS.home([], []))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=4000))
def test_slack_accepts_it_whatever_it_says(text: str) -> None:
    for message in (
        trust.on_demand(VIEWS, known(text, levels=60)),
        trust.on_demand(VIEWS, known(text, levels=60), text or "x"),
        trust.on_demand(VIEWS, Overview(), text or "x"),
    ):
        assert message.text.strip()
        assert validate_message_blocks(list(message.blocks)) == []
    assert validate_view(VIEWS.home([], [], [], trust.home_lines(known(text)))) == []


def test_outside_text_calls_nobody_and_links_nowhere() -> None:
    for message in (
        trust.on_demand(VIEWS, known(HOSTILE)),
        trust.on_demand(VIEWS, known(HOSTILE), HOSTILE),
        trust.on_demand(VIEWS, Overview(), HOSTILE),
    ):
        for markup in ("<!channel>", "<@U0LEAD>", "<https://evil"):
            assert markup not in shown(message) + message.text


@pytest.mark.parametrize(
    ("text", "service"),
    [("trust", ""), ("Trust checkout", "checkout"), ("trust redis-reco", "redis-reco")],
)
async def test_the_subcommand_answers_its_own_words(text: str, service: str) -> None:
    trusts = Known(known())
    assert await TrustView(VIEWS, trusts).asked(text, "U1") is not None
    assert trusts.asked_for == service


@pytest.mark.parametrize(
    "text", ["", "checkout is slow", "trust me, checkout is slow", "trust is broken", "quiet"]
)
async def test_other_words_are_not_meant_for_it(text: str) -> None:
    assert await TrustView(VIEWS, Known(known())).asked(text, "U1") is None


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("trust restore bad_rollout", "mode:bad_rollout"),
        ("trust restore checkout resources staging", "record:checkout/resources/staging"),
    ],
)
async def test_an_engineers_word_gives_it_back(text: str, subject: str) -> None:
    trusts = Known(known())
    answer = await TrustView(VIEWS, trusts).asked(text, "U1")
    assert answer is not None
    assert answer.text == "Done."
    assert trusts.restored == [(subject, "U1")]
