"""What watched signals were and are, in few characters."""

from __future__ import annotations

import pytest

from agent.model import Expectation, Outcome, OutcomeStatus, SignalAfter
from agent.model.changes import Comparison
from bot.slack.views.outcome import outcome_message, shown
from bot.slack.views.render import Views
from tests.unit.bot.slack import cases

VIEWS = Views("https://srebot.example")
METRIC = SignalAfter(name="m", query="avg:m{*}", before=None, after=None, good=None)
MONITOR = SignalAfter(name="monitor", query="1001", before=None, after=None, good=None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12_790_000_000.0, "12.8G"),
        (2_500_000.0, "2.5M"),
        (40_000.0, "40k"),
        (95.0, "95"),
        (0.8912, "0.891"),
        (None, "?"),
    ],
)
def test_a_metric(value: float | None, text: str) -> None:
    assert shown(METRIC, value) == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "alerting"), (0.0, "OK"), (None, "?")])
def test_a_monitor_is_told_by_its_state(value: float | None, text: str) -> None:
    assert shown(MONITOR, value) == text


def test_neighbours_that_are_well_take_one_line_and_those_that_suffer_come_first() -> None:
    well = SignalAfter(name="latency of a", query="q", before=1, after=1, good=True, neighbour=True)
    ill = well.model_copy(update={"name": "latency of b", "after": 3.0, "good": False})
    signals = (cases.outcome().signals[0], well, well, ill)
    shown_ = str(outcome_message(VIEWS, cases.case(), cases.proposal(), worse(signals)).blocks)
    assert "2 signals of neighbours are no worse" in shown_
    assert shown_.index("latency of b: 1 → *3*") < shown_.index("latency of redis-reco")
    assert "latency of a" not in shown_


def test_what_was_expected_without_the_change_is_shown_where_it_is_known() -> None:
    known = Comparison(
        signal="p95 <!channel>", unit="second", before=1.2, after=0.29, low=1.1, high=1.3, days=7
    )
    nothing = known.model_copy(update={"low": None, "high": None, "signal": "unknown"})
    told = cases.outcome().model_copy(update={"against": (known, nothing)})
    shown_ = str(outcome_message(VIEWS, cases.case(), cases.proposal(), told).blocks)
    assert "1.1 s to 1.3 s expected without the change (7 earlier days), seen 290 ms" in shown_
    assert "<!channel>" not in shown_
    assert "unknown" not in shown_


def test_what_has_no_way_back_offers_none() -> None:
    planned = cases.proposal()
    without = planned.model_copy(
        update={"plan": planned.plan.model_copy(update={"way_back": None})}
    )
    shown_ = str(outcome_message(VIEWS, cases.case(), without, cases.outcome()).blocks)
    assert "revert_change" not in shown_


def test_a_proposal_says_what_would_be_success() -> None:
    said = "monitor “slow <!here>” is OK for 2 minutes."
    expects = Expectation(criterion=said, horizon_seconds=720)
    proposal = cases.proposal().model_copy(update={"expectation": expects})
    message = str(VIEWS.proposal(cases.case(), proposal).blocks)
    assert "*Success:* monitor “slow &lt;!here&gt;” is OK for 2 minutes." in message
    assert "Watched for up to 12 min." in message


def worse(signals: tuple[SignalAfter, ...]) -> Outcome:
    changes = {"signals": signals, "status": OutcomeStatus.WORSE}
    return cases.outcome().model_copy(update=changes)
