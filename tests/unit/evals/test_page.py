"""The totals and the page of an evaluation."""

from __future__ import annotations

from evals import page
from evals.__main__ import as_json
from evals.result import Result, totals
from evals.scoring import Score
from evals.told import Sentence, Told
from sandbox.world.scenario import load_scenario

LOGIN, BLIP = load_scenario("login-failure"), load_scenario("blip")
TOLD = Told(
    ending="cause_found",
    headline="<b>auth</b> & its pool",
    mode="connection-pool-exhaustion",
    entity="auth",
    sentences=(Sentence("chain", "the pool is full", (1, 2)),),
    tool_calls=30,
)
RESULTS = [
    Result(LOGIN, "rules", told=TOLD, score=Score(True, True, True, 100), seconds=2.0),
    Result(BLIP, "rules", problem="the bot did not get ready"),
    Result(LOGIN, "bare", told=TOLD, score=Score(False, True, False, 35), seconds=9.0),
]


def test_totals_are_by_reasoner_and_count_what_was_not_played_as_wrong() -> None:
    rules, bare = totals(RESULTS)
    assert (rules.reasoner, rules.played, rules.failed, rules.cause) == ("rules", 2, 1, 0.5)
    assert rules.fix == 50
    assert (bare.reasoner, bare.entity, bare.cause) == ("bare", 1.0, 0.0)


def test_what_has_no_truth_is_in_no_total() -> None:
    assert totals([Result(LOGIN, "rules", judged=False)]) == []


def test_the_page_stands_by_itself_and_escapes_what_was_told() -> None:
    html = page.render(as_json(RESULTS))
    assert "&lt;b&gt;auth&lt;/b&gt; &amp; its pool" in html
    assert "<b>auth</b> &" not in html
    assert "the pool is full" in html
    assert "[1][2]" in html
    assert "the bot did not get ready" in html
    assert "<script" not in html
    assert "src=" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_every_play_can_be_opened() -> None:
    html = page.render(as_json(RESULTS))
    assert html.count('<details class="good">') == 1
    assert html.count('<details class="bad">') == 1
    assert html.count('<details class="fair">') == 1
